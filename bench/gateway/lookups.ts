/** Lookups of one node in a network, one after the other and several at a time, in Node.js and in a page alike. */
import { DHT, type DHTOptions } from '../../index.js'
import { seededRandom } from '../random.js'

/**
 * Lookups before those that count, for each of them: at first everything is compiled, and the node gets to know its network.
 * A browser has compiled it all after some two thousand: it is a quarter quicker then than after two hundred.
 */
const WARM_UP_FACTOR = 3

/** Lookups under way at a time, of a node that is busy. */
export const BUSY_LOOKUPS = 8

/** Size of a lookup's result. */
const K = 20

export interface LookupTimes {
  /** One after the other. */
  medianMs: number
  meanMs: number
  perSecond: number
  /** Requests of a lookup. */
  requests: number
  /** With {@link BUSY_LOOKUPS} under way. */
  busyMedianMs: number
  busyPerSecond: number
}

/** @throws Error where a lookup does not find its 20 nodes */
export async function measureLookups(options: DHTOptions, count: number): Promise<LookupTimes> {
  const node = new DHT(options)
  await node.fullyBootstrapped()
  const random = seededRandom(7)
  const nextTarget = (): Uint8Array => Uint8Array.from({ length: 32 }, () => random(256))
  await lookUp(node, nextTarget, { count: WARM_UP_FACTOR * count, atATime: BUSY_LOOKUPS })
  const requestsBefore = node.stats.requests.total
  const quiet = await lookUp(node, nextTarget, { count, atATime: 1 })
  const requests = (node.stats.requests.total - requestsBefore) / count
  const busy = await lookUp(node, nextTarget, { count: 2 * count, atATime: BUSY_LOOKUPS })
  await node.destroy()
  return { ...quiet, requests, busyMedianMs: busy.medianMs, busyPerSecond: busy.perSecond }
}

async function lookUp(
  node: DHT,
  nextTarget: () => Uint8Array,
  { count, atATime }: { count: number; atATime: number },
): Promise<{ medianMs: number; meanMs: number; perSecond: number }> {
  const times: number[] = []
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const target = nextTarget()
      const startedAt = performance.now()
      const query = node.findNode(target)
      await query.finished()
      times.push(performance.now() - startedAt)
      if (query.closestNodes.length < K) throw new Error(`a lookup found ${query.closestNodes.length} nodes`)
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: atATime }, lane))
  const perSecond = (1000 * count) / (performance.now() - startedAt)
  const sorted = times.toSorted((a, b) => a - b)
  return {
    medianMs: sorted[sorted.length >> 1]!,
    meanMs: times.reduce((sum, time) => sum + time, 0) / count,
    perSecond,
  }
}
