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
 */
export function decideHandover(
  target: Uint8Array,
  ownId: Uint8Array,
  newcomer: Uint8Array,
  others: readonly Uint8Array[],
): HandoverDecision {
  const closerThanNewcomer = rankOf(target, newcomer, others) + (compareDistance(target, ownId, newcomer) < 0 ? 1 : 0)
  if (closerThanNewcomer >= HOLDERS) return { hand: false }
  const rank = rankOf(target, ownId, others)
  // Who was no holder before has got it by chance, and leaves it to those who are.
  return rank >= HOLDERS ? { hand: false } : { hand: true, delayMs: rank * RANK_DELAY_MS }
}
