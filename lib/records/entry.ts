/**
 * What a holder keeps: one value of one key, with what proves whose it is and how long it lives.
 *
 * An entry is plain data. `value`, `proof` and `signature` are the bytes as they came from the network; the other fields
 * are read from them once, when the entry is admitted, so that stores and rules need not decode anything.
 */
import { toHex } from './hex.js'

/**
 * - `immutable`: HyperDHT's immutable value; the key is the hash of the value
 * - `mutable`: HyperDHT's mutable value; the key is the hash of the owner's public key
 * - `peer`: HyperDHT's announcement; many under one key, one per public key
 * - `record`: an owned record of this module, alone under its key or a member of a set
 * - `chunk`: a piece of a large value; the key is its hash
 */
export type EntryKind = 'immutable' | 'mutable' | 'peer' | 'record' | 'chunk'

/** Every kind, in the order of the numbers that stand for them in bytes. */
export const ENTRY_KINDS: readonly EntryKind[] = ['immutable', 'mutable', 'peer', 'record', 'chunk']

/** Where an entry lies. At most one entry has a given key. */
export interface EntryKey {
  /** Namespace with limits and statistics of its own: 0 to 32 characters; `''` is the default one. */
  readonly channel: string
  /** 32-byte key that lookups walk to. */
  readonly target: Uint8Array
  /** 0 to 128 bytes that tell the values under one target apart; empty where there is only one. */
  readonly subkey: Uint8Array
}

/** One value that a holder keeps. All buffers are the entry's own, and never changed. */
export interface Entry extends EntryKey {
  readonly kind: EntryKind
  /** 32-byte Ed25519 public key of the owner, whose account it is on; null where nobody owns it. */
  readonly owner: Uint8Array | null
  /** The owner's number of this version; 0 where the format has none. */
  readonly seq: number
  /** Orders versions of the same `seq`: later signings of it have a higher round. 0 where the format has none. */
  readonly round: number
  /** Wall time of the signing in ms; 0 where the format has none. */
  readonly signedAtMs: number
  /** The owner has deleted it: it is kept so that older versions stay dead, and never served as a value. */
  readonly tombstone: boolean
  /** The value; empty when it was dropped after its end, see `heldUntilMs`. */
  readonly value: Uint8Array
  /** What the signature covers beside the value, as it came; empty where the format has none. */
  readonly proof: Uint8Array
  /** 64-byte signature of the owner; empty where nobody owns it. */
  readonly signature: Uint8Array
  /** Wall time in ms from which on it is never served. */
  readonly expiresAtMs: number
  /**
   * Wall time in ms until which the version is remembered, at least `expiresAtMs`. Later than that when it replaced a
   * version with a longer life, replicas of which may come back.
   */
  readonly heldUntilMs: number
  /** Wall time in ms of its admission here. */
  readonly storedAtMs: number
}

/** A key as the key of a map. */
export function nameOfKey({ channel, target, subkey }: EntryKey): string {
  return `${toHex(target)}/${toHex(subkey)}/${channel}`
}

/** What an entry costs beside its bytes: keys, numbers, and the objects around them. */
export const ENTRY_OVERHEAD_BYTES = 160

/** What an entry counts against the limits in bytes. */
export function entrySizeBytes({ value, proof, signature, subkey }: Entry): number {
  return ENTRY_OVERHEAD_BYTES + value.length + proof.length + signature.length + subkey.length
}
