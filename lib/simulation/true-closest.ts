/** The truth about who is closest, by looking at everybody. */
import { checkHash, checkInteger } from '../node/arguments.js'
import { compareDistance, idPrefix } from '../primitives/id.js'

/** What has an id, or none while it is ephemeral. */
export interface Identified {
  readonly id: Uint8Array | null
}

/**
 * Those of `nodes` with an id that are nearest to the target, nearest first. `target`: 32 bytes.
 *
 * @throws TypeError or RangeError for a target that is not 32 bytes, or a `k` that is no count
 */
export function trueClosest<N extends Identified>(nodes: Iterable<N>, target: Uint8Array, k: number): N[] {
  checkHash(target, 'target')
  checkInteger(k, 'k', 0, Number.MAX_SAFE_INTEGER)
  const targetPrefix = idPrefix(target)
  /** Nearest first. */
  const best: { node: N; id: Uint8Array; distance: number }[] = []
  for (const node of nodes) {
    const { id } = node
    if (id === null) continue
    const distance = (idPrefix(id) ^ targetPrefix) >>> 0
    const last = best[k - 1]
    if (last !== undefined && distance > last.distance) continue
    let i = best.length
    while (i > 0 && isCloser(target, distance, id, best[i - 1]!)) i--
    best.splice(i, 0, { node, id, distance })
    if (best.length > k) best.pop()
  }
  return best.map(({ node }) => node)
}

function isCloser(target: Uint8Array, distance: number, id: Uint8Array, than: { id: Uint8Array; distance: number }) {
  if (distance !== than.distance) return distance < than.distance
  return compareDistance(target, id, than.id) < 0
}
