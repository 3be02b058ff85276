/** One lookup, and what is worth knowing about it. The same code for both implementations, on their public API. */
import { sameId } from '../../lib/primitives/id.js'
import { trueClosest } from '../../lib/simulation/true-closest.js'
import type { Member, SimulatedQuery } from './dht-rpc.js'
import type { Stage } from './stage.js'

/** Size of a lookup's result. */
export const K = 20

/** What came of one lookup. Times in virtual ms. */
export interface LookupSample {
  /** Until it is over. */
  ms: number
  /** Until the node that is truly closest had answered; null when it did not. */
  firstMs: number | null
  /** Sent for it, retransmissions included, also those after its end. */
  requests: number
  /** Share of the true {@link K} closest that the result holds, 0 to 1. */
  recall: number
  /** The first of the result is the true first. */
  rightFirst: boolean
  /** Requests one after the other until the first of the result had answered: 1 for a node in the asker's own table. */
  hops: number
}

/** A lookup under way. */
export interface RunningLookup {
  /** Resolves at its end. Rejects when the lookup fails. */
  readonly ended: Promise<void>
  /** What came of it. Call it once, after its end and {@link GRACE_MS}. */
  result(): LookupSample
  /** Takes no more notice of it; in place of {@link result}. */
  forget(): void
}

/** Requests that outlive their lookup are sent again for so long; they count. */
export const GRACE_MS = 10_000

/**
 * Starts a lookup.
 *
 * @param target 32-byte Uint8Array, kept
 * @param truth the nodes that could be found: living, with an id, without the asker. Called at the end.
 */
export function startLookup(stage: Stage, asker: Member, target: Uint8Array, truth: () => Member[]): RunningLookup {
  const { clock } = stage.sim
  const count = stage.counter.watch(asker.host.address, target)
  const startMs = clock.now()
  const query = asker.node.findNode(target)
  const walk = followWalk(query, () => clock.now() - startMs)
  let endMs = NaN
  let closest: Member['node'][] = []
  const ended = query.finished().then(() => {
    endMs = clock.now()
    closest = trueClosest(
      truth().map(({ node }) => node),
      target,
      K,
    )
  })
  return {
    ended,
    result() {
      count.stop()
      return summarize({ query, walk, closest, ms: endMs - startMs, requests: count.requests })
    },
    forget: () => count.stop(),
  }
}

/** When nodes answered, and how they were found. */
interface Walk {
  readonly answeredMs: Map<string, number>
  readonly hops: Map<string, number>
}

/** Listens to the replies of a query: who names a node first is one hop before it. */
function followWalk(query: SimulatedQuery, elapsedMs: () => number): Walk {
  const answeredMs = new Map<string, number>()
  const hops = new Map<string, number>()
  query.on('data', ({ from, closerNodes }) => {
    if (from.id === null) return
    const key = keyOf(from.id)
    answeredMs.set(key, elapsedMs())
    const hop = hops.get(key) ?? 1
    hops.set(key, hop)
    for (const { id } of closerNodes ?? []) if (id !== null && !hops.has(keyOf(id))) hops.set(keyOf(id), hop + 1)
  })
  return { answeredMs, hops }
}

interface Ended {
  query: SimulatedQuery
  walk: Walk
  closest: Member['node'][]
  ms: number
  requests: number
}

function summarize({ query, walk, closest, ms, requests }: Ended): LookupSample {
  const found = query.closestNodes.flatMap(({ id }) => (id === null ? [] : [id]))
  const truth = closest.flatMap(({ id }) => (id === null ? [] : [id]))
  const hits = truth.filter((id) => found.some((other) => sameId(id, other)))
  const [first, trueFirst] = [found[0], truth[0]]
  if (first === undefined || trueFirst === undefined) throw new Error('A lookup found nobody')
  return {
    ms,
    firstMs: walk.answeredMs.get(keyOf(trueFirst)) ?? null,
    requests,
    recall: hits.length / truth.length,
    rightFirst: sameId(first, trueFirst),
    hops: walk.hops.get(keyOf(first)) ?? NaN,
  }
}

function keyOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')
}
