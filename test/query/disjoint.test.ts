import test from 'brittle'
import fc from 'fast-check'
import { formatIPv4 } from '../../lib/primitives/address.js'
import { compareDistance, idFromIp } from '../../lib/primitives/id.js'
import type { Candidate } from '../../lib/query/candidate.js'
import { DisjointTraversal, type Walk } from '../../lib/query/disjoint.js'
import { Traversal } from '../../lib/query/traversal.js'
import type { TraversalEvent, TraversalOptions } from '../../lib/query/traversal-options.js'
import { seededRandom } from '../helpers/contacts.js'
import { CloserNodeList } from './closer-node-list.js'
import { holds } from '../helpers/properties.js'

const TARGET = new Uint8Array(32).fill(7)
const FIRST_IP = 0x14010000
const PORT = 1000
const K = 20
const OK = { identified: true, ok: true }

/** Node number `serial`, 1 for the nearest to the target. */
interface Node {
  serial: number
  ip: number
  id: Uint8Array
}

/** So many nodes, nearest to the target first. */
function createNodes(count: number): Node[] {
  return Array.from({ length: count }, (_, i) => ({ ip: FIRST_IP + i, id: idFromIp(FIRST_IP + i, PORT) }))
    .sort((a, b) => compareDistance(TARGET, a.id, b.id))
    .map((node, i) => ({ ...node, serial: i + 1 }))
}

const NODES = createNodes(400)
const BY_IP = new Map(NODES.map((node) => [node.ip, node]))

const serialOf = ({ ip }: Candidate): number => BY_IP.get(ip)!.serial
const named = (serials: readonly number[]): CloserNodeList =>
  new CloserNodeList(serials.map((serial) => ({ ip: NODES[serial - 1]!.ip, port: PORT })))

function addSeeds(walk: Walk, serials: readonly number[]): void {
  for (const serial of serials) walk.addSeed(formatIPv4(NODES[serial - 1]!.ip), PORT)
}

/** Asks all that may be asked now. */
function askAll(walk: Walk): number[] {
  const serials: number[] = []
  for (let candidate = walk.next(); candidate !== null; candidate = walk.next()) serials.push(serialOf(candidate))
  return serials
}

type Behave = (serial: number) => readonly number[] | 'silent' | 'error'

/** Walks to the end: everybody answers as told, in a random order. Returns who answered, and all that were asked. */
function walkToEnd(walk: Walk, behave: Behave, seed = 1): { found: number[]; asked: number[] } {
  const random = seededRandom(seed)
  const open: Candidate[] = []
  const asked: number[] = []
  const found: number[] = []
  for (let steps = 0; ; steps++) {
    if (steps > 10_000) throw new Error('it never ends')
    for (let candidate = walk.next(); candidate !== null; candidate = walk.next()) {
      open.push(candidate)
      asked.push(serialOf(candidate))
    }
    if (walk.finished || open.length === 0) break
    const [candidate] = open.splice(random.below(open.length), 1) as [Candidate]
    const answer = behave(serialOf(candidate))
    if (answer === 'silent') {
      walk.onSlow(candidate)
      walk.onPresumedDead(candidate)
      walk.onFailed(candidate)
    } else if (answer === 'error') {
      walk.onReply(candidate, { identified: true, ok: false }, null)
    } else {
      found.push(serialOf(candidate))
      walk.onReply(candidate, OK, named(answer))
    }
  }
  if (!walk.finished) throw new Error('nothing is on the way, and it is not finished')
  return { found: found.sort((a, b) => a - b).slice(0, K), asked }
}

/** A node knows a random third of the others, and names the 20 nearest of them. */
function honest(seed: number, dead: (serial: number) => boolean = () => false): Behave {
  return (serial) => {
    if (dead(serial)) return 'silent'
    const random = seededRandom(seed * 1000 + serial)
    return NODES.filter((node) => node.serial !== serial && random.below(3) === 0)
      .slice(0, K)
      .map((node) => node.serial)
  }
}

const FAR = Array.from({ length: 40 }, (_, i) => 300 + 2 * i)
const nearest = (count: number, isOut: (serial: number) => boolean = () => false): number[] =>
  NODES.map(({ serial }) => serial)
    .filter((serial) => !isOut(serial))
    .slice(0, count)

function create(paths: number, options: Partial<TraversalOptions> = {}): DisjointTraversal {
  return new DisjointTraversal(paths, { target: TARGET, ...options })
}

test('disjoint: seeds go to the walks in turn, and each once', (t) => {
  const walk = create(4)
  addSeeds(walk, [301, 302, 303, 304, 305, 301, 302])
  t.is(walk.candidates.length, 5)
  t.alike(askAll(walk), [301, 302, 303, 304, 305])
})

test('disjoint: what a node names is known to its walk only, until another hears of it as well', (t) => {
  const walk = create(2)
  addSeeds(walk, [301, 302])
  const [a, b] = [walk.next()!, walk.next()!]
  walk.onReply(a, OK, named([10, 11]))
  t.alike(askAll(walk), [10, 11])
  walk.onReply(b, OK, named([10, 12]))
  t.alike(askAll(walk), [12], '10 is asked already')
})

test('disjoint: nobody is asked twice, and every walk lives of what its own nodes named', (t) => {
  const seeds = fc.uniqueArray(fc.integer({ min: 1, max: NODES.length }), { minLength: 1, maxLength: 40 })
  const property = fc.property(seeds, fc.integer({ min: 2, max: 8 }), fc.nat({ max: 999 }), (serials, paths, seed) => {
    const referrers = new Map<Candidate, Candidate[]>()
    const isSeed = new Set<Candidate>()
    const trace = ({ type, candidate, referrer }: TraversalEvent): void => {
      if (type === 'seed') isSeed.add(candidate)
      if (type === 'named') referrers.set(candidate, [...(referrers.get(candidate) ?? []), referrer!])
    }
    const walk = create(paths, { trace })
    addSeeds(walk, serials)
    const random = seededRandom(seed)
    const behave: Behave = (serial) => {
      const fate = random.below(10)
      return fate === 0 ? 'silent' : fate === 1 ? 'error' : honest(seed)(serial)
    }
    const { asked } = walkToEnd(walk, behave, seed)
    if (new Set(asked).size !== asked.length) throw new Error('asked twice')
    if (walk.inFlight < 0 || walk.visited !== asked.length) throw new Error('counts')
    // The seed at the end of each chain of referrers tells the walk: a candidate has one only.
    const originOf = (candidate: Candidate): Candidate =>
      isSeed.has(candidate) ? candidate : originOf(referrers.get(candidate)![0]!)
    const walks = new Map<Candidate, number>([...isSeed].map((candidate, i) => [candidate, i % paths]))
    for (const [candidate, by] of referrers) {
      const own = walks.get(originOf(candidate))
      for (const referrer of by) if (walks.get(originOf(referrer)) !== own) throw new Error('of two walks')
    }
  })
  holds(t, property, { numRuns: 200 })
})

test('disjoint: finds what a plain walk finds, with hardly more asks', (t) => {
  for (const dead of [0, 5]) {
    let plainAsks = 0
    const asks = new Map<number, number>()
    for (let seed = 1; seed <= 20; seed++) {
      const isDead = (serial: number): boolean => dead > 0 && serial % dead === 0
      const behave = honest(seed, isDead)
      const plain = new Traversal({ target: TARGET })
      addSeeds(plain, FAR)
      const result = walkToEnd(plain, behave, seed)
      plainAsks += result.asked.length
      t.alike(result.found, nearest(K, isDead))
      for (const paths of [2, 4, 8]) {
        const walk = create(paths)
        addSeeds(walk, FAR)
        const { found, asked } = walkToEnd(walk, behave, seed)
        t.alike(found, nearest(K, isDead), `${paths} paths, seed ${seed}`)
        asks.set(paths, (asks.get(paths) ?? 0) + asked.length)
      }
    }
    for (const [paths, count] of asks) {
      t.comment(`${dead > 0 ? 20 : 0} % dead, ${paths} paths: ${count} asks, plain ${plainAsks}`)
      t.ok(count < 2 * plainAsks)
    }
  }
})

test('disjoint: liars who catch a walk do not catch the others', (t) => {
  // Every tenth node names nobody but its like, however far from the target.
  const isLiar = (serial: number): boolean => serial % 10 === 0
  const liars = nearest(K, (serial) => !isLiar(serial))
  for (let seed = 1; seed <= 10; seed++) {
    const walk = create(4)
    // The first walk has liars to start from and nobody else.
    addSeeds(walk, [390, 301, 302, 303, 380, 305, 306, 307, 370, 309, 311, 312])
    const truth = honest(seed)
    const { found } = walkToEnd(walk, (serial) => (isLiar(serial) ? liars : truth(serial)), seed)
    t.alike(found, nearest(K))
  }
})

test('disjoint: what another walk has found dead opens a rank, what it still waits for holds up the end', (t) => {
  const walk = create(2, { k: 2, limits: { spareRanks: 0, maxCloserNodes: 20 } })
  addSeeds(walk, [301, 302])
  const [a, b] = [walk.next()!, walk.next()!]
  walk.onReply(a, OK, named([1, 2, 3]))
  walk.onReply(b, OK, named([1, 2, 3]))
  const asked: Candidate[] = []
  for (let one = walk.next(); one !== null; one = walk.next()) asked.push(one)
  t.alike(
    asked.map(serialOf).toSorted((x, y) => x - y),
    [1, 2],
    'two are wanted, and the walks have asked one each',
  )
  t.absent(walk.finished)
  const [first, second] = asked as [Candidate, Candidate]
  walk.onReply(first, OK, null)
  t.absent(walk.finished, 'the other is awaited by both')
  walk.onSlow(second)
  walk.onPresumedDead(second)
  t.alike(askAll(walk), [3], 'by one of them')
  t.absent(walk.finished)
  walk.onFailed(second)
  walk.onReply(
    walk.candidates.find((one) => serialOf(one) === 3)!,
    OK,
    null,
  )
  t.ok(walk.finished)
})

test('disjoint: all walks together keep to the concurrency, and each to its share of the visits', (t) => {
  for (const paths of [2, 3, 4, 8]) {
    const walk = create(paths, { concurrency: 20, limits: { initialConcurrency: 6 } })
    addSeeds(walk, FAR)
    t.is(askAll(walk).length, paths * Math.ceil(6 / paths), `${paths} paths`)
    t.is(walk.concurrency, paths * Math.ceil(20 / paths))
    walk.concurrency = 2 * paths
    t.is(walk.concurrency, 2 * paths)
  }
  // Everybody is dead, and more are known than may ever be asked.
  for (const [paths, most] of [
    [2, 240],
    [4, 240],
    [8, 480],
  ] as const) {
    const walk = create(paths, { concurrency: 400, limits: { maxCandidates: 400, spareRanks: 100 } })
    addSeeds(walk, nearest(400))
    const { asked } = walkToEnd(walk, () => 'silent')
    t.ok(asked.length <= most, `${paths} paths: ${asked.length}`)
  }
})

test('disjoint: fewer seeds than walks leave some with nothing to do, none at all ends it', (t) => {
  t.ok(create(8).finished)
  t.is(create(8).next(), null)
  const walk = create(8)
  addSeeds(walk, [301])
  const { found } = walkToEnd(walk, honest(3))
  t.alike(found, nearest(K))
})

test('disjoint: seeds that are none are refused', (t) => {
  const walk = create(4, { selfId: NODES[4]!.id, accept: (_, host) => host !== formatIPv4(NODES[5]!.ip) })
  t.is(walk.addSeed('nonsense', PORT), null)
  t.is(walk.addSeed('20.1.0.1', 0), null)
  addSeeds(walk, [5, 6])
  t.is(walk.candidates.length, 0)
})

test('disjoint: candidates are all known ones, each once, nearest first, as they stand', (t) => {
  const walk = create(2)
  addSeeds(walk, [301, 302])
  const [a, b] = [walk.next()!, walk.next()!]
  walk.onReply(a, OK, named([5, 9]))
  walk.onReply(b, OK, named([5, 7]))
  askAll(walk)
  t.alike(walk.candidates.map(serialOf), [5, 7, 9, 301, 302])
  t.is(walk.candidates[0]!.state, 'asked')
  t.alike([walk.successes, walk.errors, walk.visited, walk.inFlight], [2, 0, 5, 3])
})

test('disjoint: dead nodes that a node has named are told to it, whichever walk found them dead', (t) => {
  const walk = create(2)
  addSeeds(walk, [301, 302])
  const [a, b] = [walk.next()!, walk.next()!]
  walk.onReply(a, OK, named([5]))
  const five = walk.next()!
  t.alike(walk.onFailed(five).map(serialOf), [301])
  t.alike(walk.onReply(b, OK, named([6])).map(serialOf), [])
  t.alike(walk.onFailed(five), [], 'once')
})

test('disjoint: questions beside the walk go to nodes of the walk that asks', (t) => {
  const walk = create(2)
  addSeeds(walk, FAR)
  // Names in descending distance are what raises the suspicion.
  const behave: Behave = (serial) => [...(honest(9)(serial) as number[])].reverse()
  walkToEnd(walk, behave)
  const questions = []
  for (let question = walk.nextSide(); question !== null; question = walk.nextSide()) questions.push(question)
  t.ok(questions.length > 0 && questions.length <= 4)
  t.absent(walk.finished)
  for (const question of questions) walk.onSide(question, null)
  t.ok(walk.finished)
})

test('disjoint: the nearest can be asked at once, by all walks together', (t) => {
  const walk = new DisjointTraversal(4, { target: TARGET, k: K })
  walk.askNearestAtOnce()
  addSeeds(
    walk,
    NODES.slice(0, 40).map(({ serial }) => serial),
  )
  t.alike(
    askAll(walk).toSorted((a, b) => a - b),
    Array.from({ length: K }, (_, i) => i + 1),
  )
})
