import test from 'brittle'
import { addressKey, formatIPv4, parseIPv4 } from '../../lib/primitives/address.js'
import { compareDistance, idFromIp } from '../../lib/primitives/id.js'
import type { Candidate } from '../../lib/query/candidate.js'
import { CloserNodeList } from '../../lib/query/closer-nodes.js'
import { Traversal } from '../../lib/query/traversal.js'
import type { TraversalEvent, TraversalOptions } from '../../lib/query/traversal-options.js'

const TARGET = idFromIp(1, 1)
const GOOD = { identified: true, ok: true }
const PORT = 1000

/** 100 public addresses, nearest to the target first: NEAR[0] is the nearest of all. */
const NEAR = Array.from({ length: 100 }, (_, i) => ({ ip: 0x14000000 + i, port: PORT })).sort((a, b) =>
  compareDistance(TARGET, idFromIp(a.ip, PORT), idFromIp(b.ip, PORT)),
)

function create(options: Partial<TraversalOptions> = {}): Traversal {
  return new Traversal({ target: TARGET, ...options })
}

/** Seeds by their place in NEAR. */
function seed(traversal: Traversal, ...places: number[]): void {
  for (const place of places) traversal.addSeed(formatIPv4(NEAR[place]!.ip), PORT)
}

function names(...places: number[]): CloserNodeList {
  return new CloserNodeList(places.map((place) => NEAR[place]!))
}

function placeOf(candidate: Candidate): number {
  return NEAR.findIndex(({ ip }) => ip === candidate.ip)
}

/** Everything that may be asked now. */
function drain(traversal: Traversal): Candidate[] {
  const asked: Candidate[] = []
  for (let c = traversal.next(); c !== null; c = traversal.next()) asked.push(c)
  return asked
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

test('traversal: asks the nearest first, however the seeds were ordered', (t) => {
  const traversal = create({ limits: { initialConcurrency: 10 } })
  seed(traversal, 7, 2, 9, 0, 5)
  t.alike(drain(traversal).map(placeOf), [0, 2, 5, 7, 9])
  t.is(traversal.visited, 5)
  t.is(traversal.inFlight, 5)
})

test('traversal: three at a time before the first reply, ten after it', (t) => {
  const traversal = create()
  seed(traversal, ...range(0, 30))
  const first = drain(traversal)
  t.is(first.length, 3)
  traversal.onReply(first[0]!, GOOD, null)
  t.is(drain(traversal).length, 8)
  t.is(traversal.inFlight, 10)
})

test('traversal: a concurrency below three holds from the start', (t) => {
  const traversal = create({ concurrency: 1 })
  seed(traversal, 0, 1, 2)
  t.is(drain(traversal).length, 1)
})

test('traversal: concurrency can be changed on the way, and is at least one', (t) => {
  const traversal = create({ concurrency: 2 })
  seed(traversal, ...range(0, 10))
  const [first] = drain(traversal)
  traversal.onReply(first!, GOOD, null)
  traversal.concurrency = 5
  drain(traversal)
  t.is(traversal.inFlight, 5)
  traversal.concurrency = 0
  t.is(traversal.concurrency, 1)
})

test('traversal: a slow request gives up its place', (t) => {
  const traversal = create()
  seed(traversal, ...range(0, 10))
  const first = drain(traversal)
  traversal.onSlow(first[1]!)
  t.is(traversal.slow, 1)
  t.alike(drain(traversal).map(placeOf), [3])
  t.is(traversal.inFlight, 4)
})

test('traversal: nobody beyond the k nearest in the running is asked', (t) => {
  const traversal = create({ k: 2, limits: { initialConcurrency: 10 } })
  seed(traversal, ...range(0, 6))
  t.alike(drain(traversal).map(placeOf), [0, 1])
})

test('traversal: each silent one opens its own rank and a spare one, up to 2k', (t) => {
  for (const { spareRanks, expected } of [
    { spareRanks: 0, expected: [[2], [3]] },
    { spareRanks: 1, expected: [[2, 3], [4, 5]] },
    { spareRanks: 5, expected: [[2, 3, 4], [5]] },
  ]) {
    const traversal = create({ k: 2, limits: { initialConcurrency: 10, spareRanks } })
    seed(traversal, ...range(0, 20))
    const [first, second] = drain(traversal) as [Candidate, Candidate]
    traversal.onSlow(first)
    t.alike(drain(traversal).map(placeOf), expected[0], `spare ranks: ${spareRanks}, one slow`)
    traversal.onSlow(second)
    t.alike(drain(traversal).map(placeOf), expected[1], `spare ranks: ${spareRanks}, two slow`)
  }
})

test('traversal: spare ranks are not asked once the result stands', (t) => {
  const traversal = create({ k: 1, limits: { initialConcurrency: 1 } })
  seed(traversal, 0, 1, 2, 3)
  const first = traversal.next()!
  traversal.onPresumedDead(first)
  const second = traversal.next()!
  t.is(placeOf(second), 1)
  traversal.onReply(second, GOOD, null)
  t.ok(traversal.finished)
  t.is(traversal.next(), null)
})

test('traversal: a nearer name overtakes what was known', (t) => {
  const traversal = create({ k: 3, limits: { initialConcurrency: 1 } })
  seed(traversal, 50, 60, 70)
  traversal.onReply(traversal.next()!, GOOD, names(0, 1, 2))
  t.alike(drain(traversal).map(placeOf), [0, 1, 2])
})

for (const { title, outcome, successes, errors, state } of [
  { title: 'without valid id', outcome: { identified: false, ok: true }, successes: 1, errors: 0, state: 'excluded' },
  { title: 'with an error', outcome: { identified: true, ok: false }, successes: 0, errors: 1, state: 'excluded' },
  { title: 'with id and no error', outcome: GOOD, successes: 1, errors: 0, state: 'answered' },
]) {
  test(`traversal: a reply ${title} makes it ${state}, and its names count`, (t) => {
    const traversal = create()
    seed(traversal, 10)
    const candidate = traversal.next()!
    traversal.onReply(candidate, outcome, names(3))
    t.is(candidate.state, state)
    t.is(traversal.successes, successes)
    t.is(traversal.errors, errors)
    t.is(traversal.inFlight, 0)
    t.alike(drain(traversal).map(placeOf), [3])
  })
}

test('traversal: an excluded one leaves its rank to the next', (t) => {
  const traversal = create({ k: 1 })
  seed(traversal, 0, 1)
  traversal.onReply(traversal.next()!, { identified: false, ok: true }, null)
  t.absent(traversal.finished)
  t.is(placeOf(traversal.next()!), 1)
})

/** Each letter is a candidate, nearest first: a(nswered) i(n flight) s(low) d(presumed dead) f(ailed) x(excluded) k(nown). */
const FINISH_CASES: [letters: string, k: number, finished: boolean][] = [
  ['', 2, true],
  ['k', 2, false],
  ['i', 2, false],
  ['a', 2, true],
  ['aa', 2, true],
  ['ai', 2, false],
  ['aai', 2, true],
  ['iaa', 2, false],
  ['saa', 2, false],
  ['daa', 2, true],
  ['aas', 2, true],
  ['as', 2, false],
  ['ad', 2, true],
  ['d', 2, true],
  ['faa', 2, true],
  ['fa', 2, true],
  ['xaa', 2, true],
  ['xa', 2, true],
  ['ffxd', 2, true],
]

for (const [letters, k, finished] of FINISH_CASES) {
  test(`traversal: "${letters}" with k = ${k} is ${finished ? 'finished' : 'not finished'}`, (t) => {
    const traversal = create({ k, limits: { initialConcurrency: 50, spareRanks: 50 } })
    // Everyone is asked in a lookup wide enough, farthest seed first, so that the states can be set freely.
    const asked = new Map<number, Candidate>()
    for (const place of range(0, letters.length).reverse()) {
      seed(traversal, place)
      if (letters[place] === 'k') continue
      const candidate = traversal.next()!
      asked.set(place, candidate)
    }
    for (const [place, candidate] of asked) {
      const letter = letters[place]
      if (letter === 'a') traversal.onReply(candidate, GOOD, null)
      else if (letter === 'x') traversal.onReply(candidate, { identified: false, ok: true }, null)
      else if (letter === 's') traversal.onSlow(candidate)
      else if (letter === 'd') traversal.onPresumedDead(candidate)
      else if (letter === 'f') traversal.onFailed(candidate)
    }
    t.is(traversal.finished, finished)
  })
}

test('traversal: an answer that comes late still counts', (t) => {
  const traversal = create({ k: 1 })
  seed(traversal, 0, 5)
  const [late, other] = drain(traversal).concat() as [Candidate, Candidate]
  traversal.onPresumedDead(late)
  const second = other ?? traversal.next()!
  traversal.onReply(second, GOOD, null)
  t.ok(traversal.finished)
  traversal.onReply(late, GOOD, null)
  t.is(late.state, 'answered')
  t.is(traversal.slow, 0)
  t.is(traversal.inFlight, 0)
  t.ok(traversal.finished)
})

test('traversal: events about requests that are over or never were change nothing', (t) => {
  const traversal = create()
  seed(traversal, 0, 1)
  const known = traversal.candidates[1]!
  const asked = traversal.next()!
  traversal.onSlow(known)
  traversal.onFailed(known)
  traversal.onReply(known, GOOD, names(2))
  t.is(known.state, 'known')
  traversal.onReply(asked, GOOD, null)
  traversal.onReply(asked, GOOD, names(3))
  traversal.onSlow(asked)
  traversal.onPresumedDead(asked)
  t.alike(traversal.onFailed(asked), [])
  t.is(asked.state, 'answered')
  t.alike([traversal.inFlight, traversal.slow, traversal.successes, traversal.errors], [0, 0, 1, 0])
  t.is(traversal.candidates.length, 2)
})

test('traversal: repeated timeouts of one request count once', (t) => {
  const traversal = create()
  seed(traversal, 0)
  const candidate = traversal.next()!
  traversal.onSlow(candidate)
  traversal.onSlow(candidate)
  traversal.onPresumedDead(candidate)
  traversal.onPresumedDead(candidate)
  t.is(traversal.slow, 1)
  traversal.onFailed(candidate)
  t.alike([traversal.inFlight, traversal.slow, traversal.errors], [0, 0, 1])
})

for (const { title, host, port } of [
  { title: 'port 0', host: '20.0.0.1', port: 0 },
  { title: 'a host name', host: 'example.com', port: 1 },
  { title: 'this network', host: '0.0.0.0', port: 1 },
  { title: 'multicast', host: '224.0.0.1', port: 1 },
  { title: 'broadcast', host: '255.255.255.255', port: 1 },
]) {
  test(`traversal: ${title} is no seed`, (t) => {
    const traversal = create()
    t.is(traversal.addSeed(host, port), null)
    t.is(traversal.candidates.length, 0)
    t.ok(traversal.finished)
  })
}

test('traversal: a seed may live anywhere, and counts once', (t) => {
  const traversal = create()
  for (const host of ['127.0.0.1', '192.168.0.1', '8.8.8.8']) {
    const candidate = traversal.addSeed(host, 5)!
    t.alike([candidate.host, candidate.port, candidate.ip, candidate.hop], [host, 5, parseIPv4(host), 0])
    t.alike(candidate.id, idFromIp(parseIPv4(host), 5))
    t.is(traversal.addSeed(host, 5), null)
  }
})

test('traversal: we are never a candidate', (t) => {
  const self = NEAR[4]!
  const traversal = create({ selfId: idFromIp(self.ip, PORT) })
  seed(traversal, 4, 9)
  traversal.onReply(traversal.next()!, GOOD, names(4, 5))
  t.alike(traversal.candidates.map(placeOf), [5, 9])
})

test('traversal: the filter keeps addresses out and is asked once for each', (t) => {
  const seen: string[] = []
  const traversal = create({
    accept(id, host, port) {
      t.alike(id, idFromIp(parseIPv4(host), port))
      seen.push(host)
      return host !== formatIPv4(NEAR[1]!.ip)
    },
  })
  seed(traversal, 20, 21)
  traversal.onReply(traversal.next()!, GOOD, names(0, 1))
  traversal.onReply(traversal.candidates.find((c) => c.state === 'asked') ?? traversal.next()!, GOOD, names(0, 1))
  t.alike(seen, [20, 21, 0, 1].map((place) => formatIPv4(NEAR[place]!.ip)))
  t.alike(traversal.candidates.map(placeOf), [0, 20, 21])
})

test('traversal: with onlySeeds names are ignored', (t) => {
  const traversal = create({ onlySeeds: true })
  seed(traversal, 20)
  traversal.onReply(traversal.next()!, GOOD, names(0, 1, 2))
  t.is(traversal.candidates.length, 1)
  t.ok(traversal.finished)
})

test('traversal: at most k names of a reply are looked at', (t) => {
  const traversal = create()
  seed(traversal, 99)
  traversal.onReply(traversal.next()!, GOOD, names(...range(0, 90)))
  t.is(traversal.candidates.length, 21)
})

test('traversal: a public replier cannot point us at our own network', (t) => {
  const traversal = create()
  seed(traversal, 50)
  const hosts = ['127.0.0.1', '10.0.0.1', '224.0.0.1', '0.0.0.0', '9.9.9.9']
  const closer = new CloserNodeList([...hosts.map((h) => ({ ip: parseIPv4(h), port: 7 })), { ip: NEAR[0]!.ip, port: 0 }])
  traversal.onReply(traversal.next()!, GOOD, closer)
  t.alike(drain(traversal).map((c) => c.host), ['9.9.9.9'])
})

test('traversal: a neighbour on this machine may name its like', (t) => {
  const traversal = create()
  traversal.addSeed('127.0.0.1', 1)
  traversal.onReply(traversal.next()!, GOOD, new CloserNodeList([{ ip: parseIPv4('127.0.0.1'), port: 2 }]))
  t.alike(drain(traversal).map((c) => c.port), [2])
})

test('traversal: who named a dead node hears about it, whenever it was named', (t) => {
  const traversal = create({ limits: { initialConcurrency: 4 } })
  seed(traversal, 10, 11, 12)
  const [a, b, c] = drain(traversal) as [Candidate, Candidate, Candidate]
  t.alike(traversal.onReply(a, GOOD, names(0, 0)), [])
  const dead = traversal.next()!
  traversal.onReply(b, GOOD, names(0))
  t.alike(traversal.onFailed(dead).map(placeOf), [10, 11])
  t.alike(traversal.onReply(c, GOOD, names(0, 0, 1)).map(placeOf), [0])
})

test('traversal: hops count the replies that led to a candidate', (t) => {
  const traversal = create()
  seed(traversal, 30)
  traversal.onReply(traversal.next()!, GOOD, names(20))
  traversal.onReply(traversal.next()!, GOOD, names(10, 30))
  t.alike(traversal.candidates.map((c) => c.hop), [2, 1, 0])
})

test('traversal: the cap of visits ends the lookup', (t) => {
  const traversal = create({ limits: { maxVisits: 2, initialConcurrency: 5 } })
  seed(traversal, ...range(0, 10))
  const asked = drain(traversal)
  t.is(asked.length, 2)
  t.absent(traversal.finished)
  for (const candidate of asked) traversal.onReply(candidate, GOOD, names(...range(20, 30)))
  t.is(traversal.next(), null)
  t.ok(traversal.finished)
})

test('traversal: more seeds take a finished lookup up again', (t) => {
  const traversal = create()
  seed(traversal, 0)
  traversal.onFailed(traversal.next()!)
  t.ok(traversal.finished)
  seed(traversal, 1)
  t.absent(traversal.finished)
  t.is(placeOf(traversal.next()!), 1)
})

test('traversal: k invented names near the target cost one timeout, not the result', (t) => {
  const traversal = create({ limits: { spareRanks: 0 } })
  seed(traversal, ...range(30, 50))
  traversal.onReply(traversal.next()!, GOOD, names(...range(0, 20)))
  const real: number[] = []
  for (let round = 0; round < 5; round++) {
    for (const candidate of drain(traversal)) {
      const place = placeOf(candidate)
      if (place < 20) traversal.onSlow(candidate)
      else real.push(place)
    }
  }
  t.ok(real.length > 0, 'true nodes are asked while the invented ones are waited for')
})

test('traversal: the trace tells the steps in order', (t) => {
  const events: string[] = []
  const trace = ({ type, candidate, referrer }: TraversalEvent): void => {
    events.push(`${type} ${placeOf(candidate)}${referrer === null ? '' : ` by ${placeOf(referrer)}`}`)
  }
  const traversal = create({ trace })
  seed(traversal, 9)
  traversal.onReply(traversal.next()!, GOOD, names(3, 9))
  traversal.onFailed(traversal.next()!)
  seed(traversal, 5)
  traversal.onPresumedDead(traversal.next()!)
  t.alike(events, [
    'seed 9', 'ask 9', 'reply 9', 'named 3 by 9', 'ask 3', 'failed 3', 'seed 5', 'ask 5', 'slow 5', 'presumed-dead 5',
  ])
})

test('traversal: keys are those of the address module', (t) => {
  const traversal = create()
  seed(traversal, 0)
  t.is(traversal.next()!.key, addressKey(NEAR[0]!.ip, PORT))
})
