/**
 * Finds what repliers leave out whose `closest` is not exact (behaviour 17, W-C4).
 *
 * Such a node names its contacts row by row: first those on the target's side of the bit in which the two differ, then
 * the rows farther away, and the rows nearer to itself last. So it leaves out its own side: nodes that share just as
 * many bits with the target as it does. They are many at the edge of the result, and few elsewhere. A node nearer to
 * the target has that side in one row, and names this row first when it is asked for the target with the very bit
 * flipped. Two such questions to the nearest nodes, in the shadow of the requests at the edge, find what is missing.
 *
 * Exact repliers name nodes in ascending distance; the first who does not is what raises the suspicion. So do many silent
 * nodes at a time: replies hold 20 names, and where a fifth of them is silent, the last of the true 20 is in none.
 */
import type { Candidate } from './candidate.js'

/** A question beside the walk: what a node knows around another target. */
export interface SideQuestion {
  readonly candidate: Candidate
  /** 32-byte Uint8Array. */
  readonly target: Uint8Array
}

/** For the row at the edge of the result and the next one. Measured: a third question finds nothing more. */
const MAX_QUESTIONS = 2

/** Bits of {@link Candidate.prefixDistance}; results that share more are of networks beyond any size. */
const PREFIX_BITS = 32

export class Omissions {
  readonly #target: Uint8Array
  readonly #k: number
  /** Who was asked. BOUNDED: by MAX_QUESTIONS. */
  readonly #asked: Candidate[] = []
  #suspected = false
  #pending = 0

  /** @param target 32-byte Uint8Array, kept */
  constructor(target: Uint8Array, k: number) {
    this.#target = target
    this.#k = k
  }

  /** Questions without an answer that are still waited for. */
  get pending(): number {
    return this.#pending
  }

  /** A replier named a nearer node after a farther one, or many are silent. */
  suspect(): void {
    this.#suspected = true
  }

  /**
   * The question to ask now, which counts as asked from here on; null when there is none, or none yet: the
   * k nearest come first.
   *
   * @param sorted all candidates, nearest first
   * @param standing the same, as they stand with the walk that has asked them
   */
  next(sorted: readonly Candidate[], standing = sorted): SideQuestion | null {
    if (!this.#suspected || this.#asked.length >= MAX_QUESTIONS) return null
    const edge = edgeBit(standing, this.#k)
    const bit = edge + this.#asked.length
    if (edge === -1 || bit >= PREFIX_BITS) return null
    const candidate = sorted.find(
      (one) => one.state === 'answered' && Math.clz32(one.prefixDistance) > bit && !this.#asked.includes(one),
    )
    if (candidate === undefined) return null
    this.#asked.push(candidate)
    this.#pending++
    return { candidate, target: withBitFlipped(this.#target, bit) }
  }

  /** It is answered, or nobody waits for its answer any more. Once per question. */
  settle(): void {
    this.#pending--
  }
}

/** Bits that the k-th nearest candidate in the running shares with the target; -1 while there are fewer, or one not asked. */
function edgeBit(sorted: readonly Candidate[], k: number): number {
  let rank = 0
  for (const { state, prefixDistance } of sorted) {
    if (state === 'known') return -1
    if (state === 'failed' || state === 'excluded' || state === 'slow') continue
    if (++rank === k) return Math.clz32(prefixDistance)
  }
  return -1
}

function withBitFlipped(target: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(target)
  flipped[bit >> 3]! ^= 128 >> (bit & 7)
  return flipped
}
