/**
 * How many holders make a write count, and how many answers a read needs, so that a read meets what was written.
 *
 * Of the N closest nodes a write needs W and a read R = N - W + 1, so the two have one node in common at least. Writers
 * who compare and swap need more than half, for two of them must not both be told that they won.
 */

/** The closest nodes of a lookup, when there are enough. */
export const HOLDERS = 20

/** Holders that a write needs, of twenty. */
export const DEFAULT_PUT_QUORUM = 10

/**
 * Holders that a compare-and-swap needs, of twenty: two thirds, so that two writers meet in one of them even when their
 * lookups differ in up to seven of the closest nodes.
 */
const CAS_QUORUM = 14

/** W: holders that a write needs of `found` closest nodes. With fewer than twenty, as large a share of these. */
export function putQuorum(found: number, ofTwenty: number = DEFAULT_PUT_QUORUM): number {
  return Math.max(1, Math.ceil((found * Math.min(ofTwenty, HOLDERS)) / HOLDERS))
}

/** W of a compare-and-swap. */
export function casQuorum(found: number, ofTwenty: number = DEFAULT_PUT_QUORUM): number {
  return Math.max(putQuorum(found, Math.max(ofTwenty, CAS_QUORUM)), Math.floor(found / 2) + 1)
}

/** R: answers that a read needs of `found` closest nodes. */
export function getQuorum(found: number, ofTwenty: number = DEFAULT_PUT_QUORUM): number {
  return Math.max(1, found - putQuorum(found, ofTwenty) + 1)
}

/** What became of a vote between writers who compare and swap, as one of them sees it. */
export interface Vote {
  readonly needed: number
  /** Holders that took our version. */
  readonly ours: number
  /** Holders that took the other one. */
  readonly theirs: number
  /** Holders of which nothing is known: they may have taken either. */
  readonly unknown: number
  /** Whether our version is the one that wins a tie: the one with the smaller hash. */
  readonly isFirst: boolean
}

/**
 * - `won`: enough holders took our version
 * - `retry`: nobody can have won, and it is on us to settle it, by signing the next round
 * - `lost`: the other one has won, or may have, or settles it
 */
export function judgeVote({ needed, ours, theirs, unknown, isFirst }: Vote): 'won' | 'retry' | 'lost' {
  if (ours >= needed) return 'won'
  return isFirst && theirs + unknown < needed ? 'retry' : 'lost'
}
