/**
 * Whether a lookup knows the nodes around its target before it has asked anybody: then all of them can be asked at once,
 * and it takes one round trip. That is so where a target is looked up again, near ourselves, and in small networks.
 * Pure.
 *
 * Ids are hashes, so nodes lie evenly, and the k-th nearest to any target is about as far away as to any other. How far
 * that is the size of the network tells, which earlier lookups have found; before there were any, the neighbours of our
 * own id, of which the routing table has all. Where the k-th nearest node known lies hardly farther than that, few nearer
 * ones are unknown.
 */

/**
 * Up to this many times the usual distance: each is off by 22 % for k = 20 (1 / sqrt(k)). Judged by three lookups or more,
 * where all are known, 13 in 14 targets are within it; where five of twenty are not, three in five; where half are not,
 * one in nine; where two in three are not, one in 250.
 */
const SLACK = 1.4

/**
 * @param contacts first 32 bits of the XOR distances of contacts to the target, nearest first
 * @param others the same of nodes known from elsewhere; some of them may be contacts
 * @param k nodes that a lookup is after
 * @param usual how far the k-th nearest node to a key usually is, in first 32 bits
 */
export function knowsNeighbours(
  contacts: readonly number[],
  others: readonly number[],
  k: number,
  usual: number,
): boolean {
  const distance = distanceOf(k, contacts, others)
  return distance !== null && distance <= SLACK * usual
}

/** The k-th smallest number of two sorted lists, one that is in both counted once; null: there are fewer. */
function distanceOf(k: number, a: readonly number[], b: readonly number[]): number | null {
  let i = 0
  let j = 0
  for (let count = 1; i < a.length || j < b.length; count++) {
    const fromA = i < a.length ? a[i]! : Infinity
    const fromB = j < b.length ? b[j]! : Infinity
    if (count === k) return Math.min(fromA, fromB)
    if (fromA <= fromB) i++
    if (fromB <= fromA) j++
  }
  return null
}
