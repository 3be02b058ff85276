/**
 * Whether a version takes the place of the one that is stored. The signature, the life and the limits are other
 * questions; this one is about order alone.
 */
import type { RefusalReason } from './refusal.js'
import { compareVersions, type Version } from './version.js'

/** What is compared. */
export interface Candidate extends Version {
  readonly tombstone: boolean
  /** 32-byte hash of the value, or anything else that differs when values do. */
  readonly valueHash: Uint8Array
}

/** What a writer who compares and swaps expects to find: the seq; null: nothing, or a version that has ended. */
export type Expected = { readonly seq: number | null } | null

/**
 * - `store`: it is the newest
 * - `known`: this very version is stored already, which is as good
 * - a reason to refuse it
 */
export type Acceptance = 'store' | 'known' | Extract<RefusalReason, 'SEQ_REUSED' | 'SEQ_TOO_LOW' | 'CAS_FAILED'>

/**
 * @param stored the version that is remembered, null: none
 * @param isStoredAlive whether it has neither ended nor is a tombstone
 * @param expected of a compare-and-swap, null: it is none
 */
export function decideAcceptance(
  incoming: Candidate,
  stored: Candidate | null,
  isStoredAlive: boolean,
  expected: Expected,
): Acceptance {
  if (stored === null) return expected === null || expected.seq === null ? 'store' : 'CAS_FAILED'
  const isSameValue = incoming.tombstone === stored.tombstone && sameBytes(incoming.valueHash, stored.valueHash)
  const order = compareVersions(incoming, stored)
  if (order === 0 && isSameValue) return 'known'
  if (incoming.seq < stored.seq) return 'SEQ_TOO_LOW'
  if (incoming.seq === stored.seq) return decideSameSeq(incoming, stored, isSameValue)
  if (expected === null) return 'store'
  const storedSeq = isStoredAlive ? stored.seq : null
  // Who expects nothing may find a tombstone or what has ended, and who knows the seq of it may name that.
  return expected.seq === storedSeq || expected.seq === stored.seq ? 'store' : 'CAS_FAILED'
}

function decideSameSeq(incoming: Candidate, stored: Candidate, isSameValue: boolean): Acceptance {
  // Each holder votes for one value of a seq, the first that it sees, until the owner signs the next round of one.
  if (incoming.round !== stored.round) return incoming.round > stored.round ? 'store' : 'SEQ_REUSED'
  if (!isSameValue) return 'SEQ_REUSED'
  return incoming.signedAtMs > stored.signedAtMs ? 'store' : 'known'
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
