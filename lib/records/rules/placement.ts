/**
 * Which nodes a record should lie on, and who sees to it.
 *
 * Every holder knows the nodes near it. When one of the closest twenty does not have a record, somebody has to hand it
 * on. If all holders did, each newcomer would get everything twenty times; so the closest of them does it at once, and
 * each other one asks after a while that grows with its rank, and finds that it is done.
 */
import { compareDistance } from '../../primitives/id.js'
import { HOLDERS } from './quorum.js'

/** Between the turns of two holders of neighbouring rank. */
export const RANK_DELAY_MS = 2_000

/**
 * Nodes that a segment of a large value lies on. Half as many as a record: of 50 nodes, 15 of which die at once, all ten
 * are among those once in 3.4 million times, and each one more would cost its writer the whole value once more.
 */
export const LARGE_HOLDERS = 10

/** The `count` ids closest to a target, nearest first. */
export function closestIds(target: Uint8Array, ids: readonly Uint8Array[], count: number = HOLDERS): Uint8Array[] {
  return [...ids].sort((a, b) => compareDistance(target, a, b)).slice(0, count)
}

/** Whether a node is, or would be, among the holders of a target. @param ids of the others */
export function isHolder(target: Uint8Array, id: Uint8Array, ids: readonly Uint8Array[]): boolean {
  return rankOf(target, id, ids) < HOLDERS
}

/** How many of the others are closer. */
export function rankOf(target: Uint8Array, id: Uint8Array, others: readonly Uint8Array[]): number {
  let closer = 0
  for (const other of others) if (compareDistance(target, other, id) < 0) closer++
  return closer
}

/** What a holder does about a newcomer that comes to its notice. */
export type HandoverDecision = { readonly hand: false } | { readonly hand: true; readonly delayMs: number }

/**
 * @param ownId id of the holder that decides
 * @param newcomer id of the node that may lack the record
 * @param others ids of the other nodes near the target, without these two
 * @param holders how many nodes it should lie on
 */
export function decideHandover(
  target: Uint8Array,
  ownId: Uint8Array,
  newcomer: Uint8Array,
  others: readonly Uint8Array[],
  holders: number = HOLDERS,
): HandoverDecision {
  const closerThanNewcomer = rankOf(target, newcomer, others) + (compareDistance(target, ownId, newcomer) < 0 ? 1 : 0)
  if (closerThanNewcomer >= holders) return { hand: false }
  const rank = rankOf(target, ownId, others)
  // Who was no holder before has got it by chance, and leaves it to those who are.
  return rank >= holders ? { hand: false } : { hand: true, delayMs: rank * RANK_DELAY_MS }
}
