/**
 * The k best replies of a lookup, nearest to the target first: its result, and whom a commit goes to.
 *
 * Invariants: at most k replies, strictly ascending in XOR distance, one per id (the first reply of an id stays:
 * behaviour 13.4).
 */
import { compareDistance } from '../primitives/id.js'

/** Keeps the `k` replies whose senders are nearest to a target. `R` is whatever the caller calls a reply. */
export class ClosestReplies<R> {
  readonly #target: Uint8Array
  readonly #k: number
  /** Parallel to #replies. BOUNDED: by k. */
  readonly #ids: Uint8Array[] = []
  /** BOUNDED: by k. */
  readonly #replies: R[] = []

  /**
   * @param target 32-byte Uint8Array, kept
   * @param k most replies kept, 1 or more
   */
  constructor(target: Uint8Array, k: number) {
    this.#target = target
    this.#k = k
  }

  get size(): number {
    return this.#replies.length
  }

  /**
   * Takes a reply if it is one of the k nearest; the farthest one falls out then.
   *
   * @param id verified 32-byte id of the sender, kept
   * @param reply kept
   * @returns false when it is too far or its id is there already
   */
  add(id: Uint8Array, reply: R): boolean {
    const ids = this.#ids
    // From the far end: k is small, and most replies of a converging lookup belong near it or not at all.
    let at = ids.length
    while (at > 0) {
      const order = compareDistance(this.#target, id, ids[at - 1]!)
      if (order === 0) return false
      if (order > 0) break
      at--
    }
    if (at >= this.#k) return false
    ids.splice(at, 0, id)
    this.#replies.splice(at, 0, reply)
    if (ids.length > this.#k) {
      ids.pop()
      this.#replies.pop()
    }
    return true
  }

  /** The replies, nearest first, in an array of the caller's own. */
  list(): R[] {
    return this.#replies.slice()
  }
}
