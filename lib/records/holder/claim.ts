/**
 * What somebody says that we should keep, before anything of it is believed. A claim becomes an entry here: its hash or
 * signature is verified, and what the entry's fields say is read from what was signed, never from what came beside it.
 */
import b4a from 'b4a'
import { blake2b } from '../../primitives/hash.js'
import { isSegmentSize, SEGMENT_BYTES, segmentAddress } from '../codec/chunk-tree.js'
import { encodeProof, recordOfProof, recordPlace, signableOfProof, type SignedRecord } from '../codec/record.js'
import { type MutablePut, mutableSignable } from '../codec/hyperdht.js'
import type { Entry, EntryKey } from '../entry.js'
import type { Candidate } from '../rules/acceptance.js'
import { checkLifetime, endOf, isAlive, type LifetimeLimits } from '../rules/lifetime.js'
import { type ChannelLimits, checkSizes } from '../rules/limits.js'
import type { Refusal } from '../rules/refusal.js'
import { verifyOnce } from '../verified.js'

/** Channel of everything that came by HyperDHT's commands. */
export const HYPERDHT_CHANNEL = 'hyperdht'

/** Channel of large values that are put without one. */
export const LARGE_CHANNEL = 'large'

/** An owned record. `target`: the key it was sent for, null where none was named. */
export interface RecordClaim {
  readonly kind: 'record'
  readonly record: SignedRecord
  readonly target: Uint8Array | null
}

/** HyperDHT's mutable value. `expiresAtMs`: end of its life where it was kept before, null: it begins now. */
export interface MutableClaim {
  readonly kind: 'mutable'
  readonly put: MutablePut
  readonly target: Uint8Array | null
  readonly expiresAtMs: number | null
}

/** A value whose key is its hash; of a chunk, that of its tree. */
export interface HashedClaim {
  readonly kind: 'immutable' | 'chunk'
  readonly channel: string
  readonly target: Uint8Array
  readonly value: Uint8Array
  readonly expiresAtMs: number | null
}

export type Claim = RecordClaim | MutableClaim | HashedClaim

/** What claims are judged by. */
export interface ClaimRules extends LifetimeLimits {
  readonly nowMs: number
  /** Limits of the claim's channel. */
  readonly limits: ChannelLimits
  /** Life of what does not say how long it lives. */
  readonly defaultTtlMs: number
}

const NOTHING = new Uint8Array(0)

/** What tells values apart that may lie under one target: a value can be the bytes of a public key. */
const SUBKEY = { mutable: Uint8Array.of(6), immutable: Uint8Array.of(8), chunk: Uint8Array.of(85) }

/** The key a claim is about, when it is what it says it is. */
export function keyOfClaim(claim: Claim): EntryKey {
  if (claim.kind === 'record') return { channel: claim.record.channel, ...recordPlace(claim.record) }
  if (claim.kind === 'mutable') return hyperdhtKey('mutable', blake2b(claim.put.publicKey).slice())
  return { channel: claim.channel, target: claim.target, subkey: SUBKEY[claim.kind] }
}

export function hyperdhtKey(kind: 'mutable' | 'immutable', target: Uint8Array): EntryKey {
  return { channel: HYPERDHT_CHANNEL, target, subkey: SUBKEY[kind] }
}

/** The key of a segment of a large value. @param address 32 bytes */
export function chunkKey(channel: string, address: Uint8Array): EntryKey {
  return { channel, target: address, subkey: SUBKEY.chunk }
}

/** Why a segment with this size and end is not kept, whatever is in it. */
export function checkSegment(sizeBytes: number, expiresAtMs: number, rules: ClaimRules): Refusal | null {
  if (!isSegmentSize(sizeBytes)) return { reason: 'VALUE_TOO_LARGE', limit: SEGMENT_BYTES, size: sizeBytes }
  if (!isAlive(expiresAtMs, rules.nowMs)) return { reason: 'EXPIRED' }
  // Nobody signs it, so the end is the only word on how long it is to live.
  return expiresAtMs > rules.nowMs + rules.maxTtlMs + rules.maxClockSkewMs ? { reason: 'TTL_TOO_LONG' } : null
}

/** What is refused without a look at the signature, which costs most. @param target the key of the claim */
export function precheck(claim: Claim, target: Uint8Array, rules: ClaimRules): Refusal | null {
  const value = valueOf(claim)
  if (value === null) return { reason: 'MALFORMED' }
  if (claim.kind === 'chunk') return checkSegment(value.length, claim.expiresAtMs ?? rules.nowMs, rules)
  const refusal = checkSizes(value.length, claim.kind === 'record' ? claim.record.salt.length : 0, rules.limits)
  if (refusal !== null) return refusal
  if (claim.target !== null && !b4a.equals(claim.target, target)) return { reason: 'WRONG_TARGET' }
  if (claim.kind !== 'record') {
    return claim.expiresAtMs !== null && claim.expiresAtMs <= rules.nowMs ? { reason: 'EXPIRED' } : null
  }
  const reason = checkLifetime(claim.record, rules, rules.nowMs)
  return reason === null ? null : { reason }
}

function valueOf(claim: Claim): Uint8Array | null {
  if (claim.kind === 'record') return claim.record.value
  return claim.kind === 'mutable' ? claim.put.value : claim.value
}

/** What an entry of a claim keeps as its proof. */
export function proofOf(claim: Claim): Uint8Array {
  return claim.kind === 'record' ? encodeProof(claim.record) : NOTHING
}

/** Whether the claim is the owner's word, or its key is its hash. @param proof of the claim */
export async function isGenuine(claim: Claim, proof: Uint8Array = proofOf(claim)): Promise<boolean> {
  if (claim.kind === 'record') {
    const { record } = claim
    const { value, valueHash, signature, publicKey } = record
    if (value !== null && !b4a.equals(blake2b(value), valueHash)) return false
    return verifyOnce({ message: signableOfProof(proof), signature, publicKey })
  }
  if (claim.kind === 'mutable') {
    const { publicKey, seq, value, signature } = claim.put
    return verifyOnce({ message: mutableSignable(seq, value), signature, publicKey })
  }
  return b4a.equals(claim.kind === 'chunk' ? segmentAddress(claim.value) : blake2b(claim.value), claim.target)
}

/**
 * The entry of a genuine claim. Its buffers are its own, and lie together in one piece of memory: views of what was
 * received, and of the runtime's pool, would keep alive many times as much.
 *
 * @param key of the claim, where it is known already
 * @param proof of the claim, likewise
 */
export function entryOf(
  claim: Claim,
  rules: ClaimRules,
  key: EntryKey = keyOfClaim(claim),
  proof: Uint8Array = proofOf(claim),
): Entry {
  const record = claim.kind === 'record' ? claim.record : null
  const put = claim.kind === 'mutable' ? claim.put : null
  const owner = record?.publicKey ?? put?.publicKey ?? null
  const signature = record?.signature ?? put?.signature ?? NOTHING
  const own = pack(key.target, key.subkey, owner, valueOf(claim) ?? NOTHING, proof, signature)
  const expiresAtMs = endOfClaim(claim, rules)
  // Spelled out: spreads of its parts take ten times as long.
  return {
    channel: key.channel,
    target: own.target,
    subkey: own.subkey,
    kind: claim.kind,
    owner: own.owner,
    seq: record?.seq ?? put?.seq ?? 0,
    round: record?.round ?? 0,
    signedAtMs: record?.signedAtMs ?? 0,
    tombstone: record?.tombstone ?? false,
    value: own.value,
    proof: own.proof,
    signature: own.signature,
    expiresAtMs,
    heldUntilMs: expiresAtMs,
    storedAtMs: rules.nowMs,
  }
}

function endOfClaim(claim: Claim, { nowMs, defaultTtlMs }: ClaimRules): number {
  if (claim.kind === 'record') return endOf(claim.record)
  // Nobody has signed this end, so it counts no further than a life that begins now; that of a chunk has been checked.
  const longestMs = claim.kind === 'chunk' ? Infinity : nowMs + defaultTtlMs
  return Math.min(claim.expiresAtMs ?? Infinity, longestMs)
}

type EntryBytes = Pick<Entry, 'target' | 'subkey' | 'owner' | 'value' | 'proof' | 'signature'>

/** Copies of the buffers of an entry, in one piece of memory that is theirs alone. */
export function pack(
  target: Uint8Array,
  subkey: Uint8Array,
  owner: Uint8Array | null,
  value: Uint8Array,
  proof: Uint8Array,
  signature: Uint8Array,
): EntryBytes {
  const ownerBytes = owner === null ? 0 : owner.length
  const all = new Uint8Array(
    target.length + subkey.length + ownerBytes + value.length + proof.length + signature.length,
  )
  let at = 0
  const put = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length === 0) return NOTHING
    all.set(bytes, at)
    at += bytes.length
    return all.subarray(at - bytes.length, at)
  }
  return {
    target: put(target),
    subkey: put(subkey),
    owner: owner === null ? null : put(owner),
    value: put(value),
    proof: put(proof),
    signature: put(signature),
  }
}

/** The claim that an entry makes, when it is read back or handed on; null: it cannot be proved to others. */
export function claimOf(entry: Entry): Claim | null {
  const { kind, channel, target, value, expiresAtMs, signature, proof } = entry
  // The signature of an announcement is bound to this node, and to a token that it gave.
  if (kind === 'peer') return null
  if (kind === 'record') {
    const record = recordOfProof(proof, signature, value)
    return record === null ? null : { kind, record, target }
  }
  if (kind !== 'mutable') return { kind, channel, target, value, expiresAtMs }
  if (entry.owner === null) return null
  return { kind, put: { publicKey: entry.owner, seq: entry.seq, value, signature }, target, expiresAtMs }
}

/** What the order of versions is decided by. */
export function candidateOf({ kind, seq, round, signedAtMs, tombstone, value, proof }: Entry): Candidate {
  return { seq, round, signedAtMs, tombstone, valueHash: kind === 'record' ? proof.subarray(-32) : value }
}

/** Whether a claim is, byte for byte, what was verified when it was stored. @param proof of the claim */
export function isStoredAs(claim: Claim, known: Entry, proof: Uint8Array = proofOf(claim)): boolean {
  if (known.kind !== claim.kind) return false
  const value = valueOf(claim)
  if (value === null || !b4a.equals(known.value, value)) return false
  if (claim.kind === 'record') {
    const { record } = claim
    return b4a.equals(known.signature, record.signature) && b4a.equals(known.proof, proof)
  }
  if (claim.kind !== 'mutable') return true
  return known.seq === claim.put.seq && b4a.equals(known.signature, claim.put.signature)
}
