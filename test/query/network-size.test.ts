import test from 'brittle'
import fc from 'fast-check'
import { betaTail, distanceShare, FALSE_ALARMS, NetworkSize } from '../../lib/query/network-size.js'
import { seededRandom } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

const K = 20
const MINUTE = 60_000

type Random = ReturnType<typeof seededRandom>

/** Evenly in [0, 1), never 0. */
function uniform(random: Random): number {
  return (random.below(65536) * 65536 + random.below(65536) + 0.5) / 2 ** 32
}

/** Distances of the k nearest of `nodes` to a target, exactly distributed: the smallest of so many uniform numbers. */
function nearest(random: Random, nodes: number, k = K): number[] {
  const distances: number[] = []
  let rest = 1
  for (let i = 0; i < Math.min(k, nodes); i++) {
    rest *= (1 - uniform(random)) ** (1 / (nodes - i))
    distances.push(1 - rest)
  }
  return distances
}

/** What a node of such a network has learnt from lookups of random targets. */
function learn(random: Random, nodes: number, lookups: number, size = new NetworkSize(), at = 0): NetworkSize {
  for (let i = 0; i < lookups; i++) size.add(at + i, random.bytes(32), nearest(random, nodes), false)
  return size
}

test('network size: distance as a share of the keyspace', (t) => {
  const zero = new Uint8Array(32)
  const at = (byte: number, value: number): Uint8Array => {
    const id = new Uint8Array(32)
    id[byte] = value
    return id
  }
  t.is(distanceShare(zero, zero), 0)
  t.is(distanceShare(zero, at(0, 0x80)), 0.5)
  t.is(distanceShare(at(0, 0x80), at(0, 0xc0)), 0.25)
  t.is(distanceShare(zero, at(3, 1)), 2 ** -32)
  t.is(distanceShare(zero, at(4, 0x80)), 2 ** -33)
  t.is(distanceShare(zero, at(6, 0x08)), 2 ** -53)
  t.ok(distanceShare(zero, new Uint8Array(32).fill(255)) < 1)
  t.is(distanceShare(zero, at(31, 1)), 0, 'finer than anybody sees')
})

test('network size: nothing is known before the first lookup', (t) => {
  const size = new NetworkSize()
  t.is(size.estimate(0), null)
  size.add(0, new Uint8Array(32), [], false)
  t.is(size.estimate(0), null)
  t.is(size.crowdOf(0, new Uint8Array(32), [0.1]), null)
})

test('network size: by hand', (t) => {
  const size = new NetworkSize()
  const target = (first: number): Uint8Array => new Uint8Array(32).fill(first)
  // 20 nodes within a hundredth of the keyspace: 19 / 0.01, the 20th having chosen where to measure.
  size.add(0, target(0), [...new Array<number>(19).fill(0.001), 0.01], false)
  t.is(size.estimate(0)!.nodes, 1900)
  t.is(size.estimate(0)!.samples, 1)
  size.add(0, target(255), [...new Array<number>(19).fill(0.001), 0.02], false)
  t.is(size.estimate(0)!.nodes, Math.round(39 / 0.03 - 0.5))
  t.is(size.estimate(0)!.samples, 2)
})

test('network size: right on average, as close as theory says, and the range holds in 19 of 20 cases', (t) => {
  for (const nodes of [21, 30, 100, 1000, 30_000, 10_000_000]) {
    for (const lookups of [1, 4, 16, 32]) {
      const random = seededRandom(nodes + lookups)
      const errors: number[] = []
      let within = 0
      let samples = 0
      for (let run = 0; run < 400; run++) {
        const estimate = learn(random, nodes, lookups).estimate(lookups)!
        errors.push(estimate.nodes / nodes - 1)
        samples += estimate.samples / 400
        if (estimate.low <= nodes && nodes <= estimate.high) within++
      }
      const mean = errors.reduce((a, b) => a + b) / errors.length
      const deviation = Math.sqrt(errors.reduce((a, b) => a + b * b, 0) / errors.length)
      // In small networks few regions do not overlap, and in each most nodes are seen: less error than of so many.
      const theory = 1 / Math.sqrt(K * samples - 2)
      const label = `${nodes} nodes, ${lookups} lookups (${samples.toFixed(1)} count)`
      t.ok(Math.abs(mean) < 0.3 * theory + 0.3 / nodes, `${label}: mean ${mean.toFixed(3)}`)
      t.ok(deviation < 1.15 * theory, `${label}: deviation ${deviation.toFixed(3)}, in theory ${theory.toFixed(3)}`)
      t.ok(within >= 0.92 * 400, `${label}: ${within} of 400 within the range`)
    }
  }
})

test('network size: the same key again, or one beside it, counts once', (t) => {
  const random = seededRandom(3)
  const size = learn(random, 1000, 8)
  const before = size.estimate(10)!
  const target = random.bytes(32)
  for (let i = 0; i < 50; i++) {
    target[31] = i
    size.add(10, target, nearest(random, 1000), false)
  }
  t.ok(size.estimate(10)!.samples <= before.samples + 1)
})

test('network size: what is found as a whole is counted', (t) => {
  const random = seededRandom(4)
  const size = new NetworkSize()
  size.add(0, random.bytes(32), nearest(random, 7), true)
  t.alike(size.estimate(1), { nodes: 7, low: 7, high: 7, samples: 1 })
  t.is(size.estimate(200 * MINUTE), null, 'old')
  size.add(2, random.bytes(32), nearest(random, 100), false)
  t.ok(size.estimate(3)!.nodes > 20, 'until a lookup finds as many as it wants')
  size.add(4, random.bytes(32), nearest(random, 3), true)
  t.is(size.estimate(5)!.nodes, 3)
})

test('network size: a node at the very target is not counted twice', (t) => {
  const random = seededRandom(5)
  let sum = 0
  for (let run = 0; run < 300; run++) {
    const size = new NetworkSize()
    for (let i = 0; i < 8; i++) size.add(i, random.bytes(32), [0, ...nearest(random, 999, 19)], false)
    sum += size.estimate(9)!.nodes / 300
  }
  t.ok(Math.abs(sum - 1000) < 15, sum.toFixed(0))
})

test('network size: a few lookups that went wrong, or were crowded, do not move it', (t) => {
  for (const factor of [1e-4, 0.05, 20, 1000]) {
    const random = seededRandom(6)
    const size = learn(random, 5000, 16)
    for (let i = 0; i < 3; i++) {
      const distances = nearest(random, 5000).map((distance) => Math.min(distance * factor, 0.9))
      size.add(20, random.bytes(32), distances, false)
    }
    const { nodes } = size.estimate(21)!
    t.ok(Math.abs(nodes / 5000 - 1) < 0.25, `distances times ${factor}: ${nodes}`)
  }
})

test('network size: old lookups are forgotten, and never more than 32 are kept', (t) => {
  const random = seededRandom(7)
  const size = learn(random, 1e6, 100)
  t.is(size.estimate(100)!.samples, 32)
  t.is(size.estimate(121 * MINUTE), null)
  learn(random, 1e6, 3, size, 121 * MINUTE)
  t.is(size.estimate(121 * MINUTE)!.samples, 3)
  size.forgetBefore(121 * MINUTE + 2)
  t.is(size.estimate(121 * MINUTE + 2)!.samples, 1)
})

test('network size: follows a network that has grown or shrunk within six lookups', (t) => {
  const random = seededRandom(8)
  for (const [before, after] of [
    [200, 20_000],
    [20_000, 200],
    [1000, 3000],
  ] as const) {
    for (const known of [2, 32]) {
      const size = learn(random, before, known)
      learn(random, after, 6, size, 100)
      const { nodes } = size.estimate(200)!
      t.ok(Math.abs(nodes / after - 1) < 0.4, `${before} to ${after}, ${known} lookups before and 6 after: ${nodes}`)
    }
  }
})

test('network size: whatever the distances, the answer is a number with a range around it', (t) => {
  const share = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1e-12, noNaN: true }))
  const lookup = fc.tuple(
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc.array(share, { maxLength: 25 }),
    fc.boolean(),
  )
  holds(
    t,
    fc.property(fc.array(lookup, { maxLength: 40 }), (lookups) => {
      const size = new NetworkSize()
      for (const [target, shares, isWhole] of lookups) {
        const distances = shares.sort((a, b) => a - b)
        const crowd = size.crowdOf(0, target, distances)
        if (crowd !== null && !(crowd.expected >= 0 && crowd.observed > crowd.expected)) throw new Error('crowd')
        size.add(0, target, distances, isWhole)
        const estimate = size.estimate(0)
        if (estimate === null) continue
        const { nodes, low, high } = estimate
        if (!(nodes >= 0 && low <= high && Number.isFinite(nodes + low + high))) {
          throw new Error(`${nodes} ${low} ${high}`)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('beta tail: equals the sum of all terms, and is precise where it is tiny', (t) => {
  const choose = (n: number, k: number): number => {
    let out = 1
    for (let i = 1; i <= k; i++) out = (out * (n - k + i)) / i
    return out
  }
  const slow = (x: number, a: number, b: number): number => {
    let sum = 0
    for (let j = a; j < a + b; j++) sum += choose(a + b - 1, j) * x ** j * (1 - x) ** (a + b - 1 - j)
    return sum
  }
  for (const [a, b] of [
    [1, 1],
    [1, 20],
    [20, 1],
    [3, 7],
    [20, 40],
    [7, 100],
  ] as const) {
    for (const x of [0, 1e-9, 0.001, 0.1, 0.3, 0.5, 0.9, 0.999, 1]) {
      const expected = slow(x, a, b)
      const got = betaTail(x, a, b)
      t.ok(Math.abs(got - expected) <= 1e-9 * expected + 1e-13, `${a}, ${b} at ${x}: ${got}, ${expected}`)
    }
  }
  t.is(betaTail(0.5, 1, 1), 0.5)
  t.ok(Math.abs(betaTail(1e-4, 20, 320) / 1.0e-49) < 1e3)
})

test('crowd: honest networks are called crowded as rarely as is said, whatever their size', (t) => {
  const lookups = 20_000
  for (const falseAlarms of [0.01, 0.001, FALSE_ALARMS]) {
    const counts: string[] = []
    for (const nodes of [25, 60, 200, 1000, 30_000, 1_000_000]) {
      const random = seededRandom(nodes)
      let alarms = 0
      for (let run = 0; run < lookups / 50; run++) {
        const size = learn(random, nodes, 3 + random.below(16))
        for (let i = 0; i < 50; i++) {
          if (size.crowdOf(0, random.bytes(32), nearest(random, nodes), { falseAlarms }) !== null) alarms++
        }
      }
      counts.push(`${nodes}: ${alarms}`)
      t.ok(alarms <= lookups * falseAlarms, `${nodes} nodes: ${alarms} of ${lookups}`)
    }
    t.comment(`allowed ${falseAlarms}, false alarms of ${lookups} by size: ${counts.join(', ')}`)
  }
  t.is(FALSE_ALARMS, 1e-6)
})

test('crowd: twenty nodes before the nearest honest one are seen, at any size, and mostly ten', (t) => {
  for (const nodes of [100, 1000, 30_000, 1_000_000]) {
    const seen: number[] = []
    for (const crowd of [5, 7, 10, 15, 20]) {
      const random = seededRandom(nodes + crowd)
      let found = 0
      for (let run = 0; run < 200; run++) {
        const honest = nearest(random, nodes)
        const ground = Array.from({ length: crowd }, () => uniform(random) * honest[0]!).sort((a, b) => a - b)
        const distances = [...ground, ...honest].slice(0, K)
        const result = learn(random, nodes, 12).crowdOf(20, random.bytes(32), distances)
        if (result !== null) found++
        if (result !== null && result.observed > K) t.fail(`${result.observed} of ${K}`)
      }
      seen.push(found / 200)
    }
    t.comment(`${nodes} nodes: crowds of 5, 7, 10, 15, 20 seen in ${seen.join(', ')} of the cases`)
    t.ok(seen[2]! > 0.6 && seen[3]! > 0.9 && seen[4]! > 0.97)
  }
})

test('crowd: nobody is judged by what is known of his own region, or by a single other lookup', (t) => {
  const random = seededRandom(9)
  const dense = nearest(random, 1000).map((distance) => distance / 100)
  const target = random.bytes(32)
  const size = new NetworkSize()
  for (let i = 0; i < 10; i++) size.add(0, target, nearest(random, 1000), false)
  t.is(size.crowdOf(0, target, dense), null)
  learn(random, 1000, 1, size)
  t.is(size.crowdOf(0, target, dense), null)
  learn(random, 1000, 3, size)
  t.ok(size.crowdOf(0, target, dense))
  t.is(size.crowdOf(0, target, dense, { sinceMs: 10 }), null, 'by nothing since then')
})

test('crowd: says how many there are, and how many there should be', (t) => {
  const random = seededRandom(10)
  const size = learn(random, 1000, 32)
  const crowd = size.crowdOf(
    0,
    random.bytes(32),
    Array.from({ length: K }, (_, i) => (i + 1) * 1e-5),
  )!
  t.is(crowd.observed, K)
  t.ok(Math.abs(crowd.expected - 0.2) < 0.05, String(crowd.expected))
})
