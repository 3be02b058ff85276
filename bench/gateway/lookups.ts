/** Lookups of one node in a network, one after the other, in Node.js and in a page alike. */
import { DHT, type DHTOptions } from '../../index.js'
import { seededRandom } from '../random.js'

/** At first everything is compiled, and the node gets to know its network. */
const WARM_UP = 50

/** Size of a lookup's result. */
const K = 20

export interface LookupTimes {
  medianMs: number
  meanMs: number
  /** Requests of a lookup. */
  requests: number
}

/** @throws Error where a lookup does not find its 20 nodes */
export async function measureLookups(options: DHTOptions, count: number): Promise<LookupTimes> {
  const node = new DHT(options)
  await node.fullyBootstrapped()
  const random = seededRandom(7)
  const times: number[] = []
  let requestsBefore = 0
  for (let i = 0; i < count + WARM_UP; i++) {
    if (i === WARM_UP) requestsBefore = node.stats.requests.total
    const target = Uint8Array.from({ length: 32 }, () => random(256))
    const startedAt = performance.now()
    const query = node.findNode(target)
    await query.finished()
    if (i >= WARM_UP) times.push(performance.now() - startedAt)
    if (query.closestNodes.length < K) throw new Error(`a lookup found ${query.closestNodes.length} nodes`)
  }
  const requests = (node.stats.requests.total - requestsBefore) / count
  await node.destroy()
  const sorted = times.toSorted((a, b) => a - b)
  const meanMs = times.reduce((sum, time) => sum + time, 0) / count
  return { medianMs: sorted[sorted.length >> 1]!, meanMs, requests }
}
