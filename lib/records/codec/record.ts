/**
 * An owned record as bytes (docs/RECORDS.md, "An owned record"): a head, then the value or its hash, then the owner's
 * signature. The signature covers the head and the hash of the value, so that it can be verified with and without the
 * value: who only asks what the newest version is need not get the value, and a holder that has dropped the value of an
 * ended version can still prove that there was one.
 */
import b4a from 'b4a'
import c from 'compact-encoding'
import { blake2b, HASH_BYTES } from '../../primitives/hash.js'
import { ByteReader } from './byte-reader.js'
import { encodeWith, SIZED } from './fields.js'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './hyperdht.js'

const VERSION = 1

const IS_TOMBSTONE = 1
const HAS_TOPIC = 2
const HAS_CHANNEL = 4
const HAS_SALT = 8
const HAS_SCHEMA = 16
const HAS_ROUND = 32
const HAS_MORE = 64
const HAS_VALUE = 128

/** Of the second byte of flags. */
const HAS_PART = 1
const IS_LARGE = 2
const KNOWN_MORE = HAS_PART | IS_LARGE

/** Longest name of a part. */
export const MAX_PART_BYTES = 32

/** Where the flags stand in a head. */
const FLAGS_AT = 1

/** Longest channel name and schema name, in bytes of UTF-8. */
export const MAX_CHANNEL_BYTES = 32
export const MAX_SCHEMA_BYTES = 64

/** Longest salt that the format carries; the `maxSaltBytes` of a node may be lower. */
export const MAX_SALT_BYTES = 64

/** Latest wall time and longest life that are taken for one: far above any, and far below where doubles end. */
const MAX_TIME_MS = 2 ** 48

/** What the owner says and signs, beside the value itself. */
export interface RecordHead {
  /** 32-byte Ed25519 public key of the owner. */
  readonly publicKey: Uint8Array
  /** 0 to 64 bytes that tell the keys of one owner apart. */
  readonly salt: Uint8Array
  /** Namespace, up to 32 bytes of UTF-8. */
  readonly channel: string
  /** 32-byte key of the set that the record is a member of; null: it lies alone under a key of its own. */
  readonly topic: Uint8Array | null
  /**
   * Which part of the owner's collection it is, 1 to 32 bytes: many such records of one owner lie under one key, which
   * nobody else can write to. null: it is none.
   */
  readonly part: Uint8Array | null
  /** Number of the version, 0 to 2^53-1: the highest is the newest. */
  readonly seq: number
  /** Which signing of this version it is; see `compareVersions`. */
  readonly round: number
  /** Wall time of the signing in ms. */
  readonly signedAtMs: number
  /** Life from then on in ms. */
  readonly ttlMs: number
  /** What the value is, for its readers; up to 64 bytes of UTF-8. */
  readonly schema: string
  /** The owner deletes it: there is no value. */
  readonly tombstone: boolean
  /** The value is the address of a large value. */
  readonly large: boolean
  /** 32-byte BLAKE2b of the value. */
  readonly valueHash: Uint8Array
}

/** A record as it is sent and stored. */
export interface SignedRecord extends RecordHead {
  /** null where only the head was sent. */
  readonly value: Uint8Array | null
  /** 64-byte signature of the owner. */
  readonly signature: Uint8Array
}

const NAMESPACE = {
  signature: blake2b(b4a.from('xorpc/records/signature')).slice(),
  key: blake2b(b4a.from('xorpc/records/key')).slice(),
}

/** 32-byte key of an owner's record: hash(namespace ‖ public key ‖ channel length ‖ channel ‖ salt). */
export function recordTarget(publicKey: Uint8Array, salt: Uint8Array, channel: string): Uint8Array {
  const name = b4a.from(channel)
  return blake2b(b4a.concat([NAMESPACE.key, publicKey, Uint8Array.of(name.length), name, salt])).slice()
}

/** Where a record lies: the target lookups walk to, and what tells it apart there. */
export function recordPlace(head: RecordHead): { target: Uint8Array; subkey: Uint8Array } {
  if (head.topic !== null) return { target: head.topic, subkey: memberSubkey(head.publicKey, head.salt) }
  return { target: recordTarget(head.publicKey, head.salt, head.channel), subkey: head.part ?? NO_SUBKEY }
}

const NO_SUBKEY = new Uint8Array(0)

/** What tells a member of a set apart: the public key, then the salt. */
export function memberSubkey(publicKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return b4a.concat([publicKey, salt])
}

/** The 64 bytes that the owner signs. */
export function recordSignable(head: RecordHead): Uint8Array {
  return signableOfProof(encodeProof(head))
}

/** The same, where the proof is known already: it is the head and the hash of the value. */
export function signableOfProof(proof: Uint8Array): Uint8Array {
  const out = b4a.alloc(2 * HASH_BYTES)
  out.set(NAMESPACE.signature)
  out.set(blake2b(proof), HASH_BYTES)
  return out
}

/** Where records lie that are sent together: their topic and channel need not be said again for each. */
export interface SharedPlace {
  readonly channel: string
  /** 32 bytes: the topic of those that have one. */
  readonly target: Uint8Array
}

/**
 * The record as bytes; without its value, where `value` is null.
 *
 * @param isPlaceKnown leave out topic and channel, for a reader who knows them
 */
export function encodeRecord(record: SignedRecord, isPlaceKnown = false): Uint8Array {
  const { value, signature } = record
  return encodeWith(RECORD, { head: record, isPlaceKnown, value, signature })
}

/** Reads a record that ends where the bytes do; null: malformed. The fields are views into the bytes. */
export function decodeRecord(bytes: Uint8Array): SignedRecord | null {
  const reader = new ByteReader(bytes)
  const record = readRecord(reader)
  return reader.rest === 0 ? record : null
}

/**
 * Reads a record; null: malformed. The signature has not been verified.
 *
 * @param place of a record without topic and channel
 */
export function readRecord(reader: ByteReader, place: SharedPlace | null = null): SignedRecord | null {
  if (reader.byte() !== VERSION) return null
  const flags = reader.byte()
  const more = (flags & HAS_MORE) === 0 ? 0 : reader.byte()
  const publicKey = reader.take(PUBLIC_KEY_BYTES)
  const seq = reader.uint()
  const signedAtMs = reader.uint()
  const ttlMs = reader.uint()
  const round = (flags & HAS_ROUND) === 0 ? 0 : reader.uint()
  const topic = (flags & HAS_TOPIC) === 0 ? null : (place?.target ?? reader.take(HASH_BYTES))
  const part = (more & HAS_PART) === 0 ? null : reader.sized()
  const channel = (flags & HAS_CHANNEL) === 0 ? '' : (place?.channel ?? readText(reader, MAX_CHANNEL_BYTES))
  const salt = (flags & HAS_SALT) === 0 ? NO_SUBKEY : reader.sized()
  const schema = (flags & HAS_SCHEMA) === 0 ? '' : readText(reader, MAX_SCHEMA_BYTES)
  const value = (flags & HAS_VALUE) === 0 ? null : reader.sized()
  const valueHash = value === null ? reader.take(HASH_BYTES) : blake2b(value)
  const signature = reader.take(SIGNATURE_BYTES)
  const tombstone = (flags & IS_TOMBSTONE) !== 0
  const large = (more & IS_LARGE) !== 0
  if (reader.failed || salt.length > MAX_SALT_BYTES || (more & ~KNOWN_MORE) !== 0) return null
  if ((flags & HAS_MORE) !== 0 && more === 0) return null
  if (part !== null && (topic !== null || part.length === 0 || part.length > MAX_PART_BYTES)) return null
  if (signedAtMs > MAX_TIME_MS || ttlMs > MAX_TIME_MS) return null
  if (tombstone && (large || (value !== null && value.length > 0))) return null
  // Spelled out: with a spread in it, making the object takes longer than all of the above.
  return {
    publicKey,
    salt,
    channel,
    topic,
    part,
    seq,
    round,
    signedAtMs,
    ttlMs,
    schema,
    tombstone,
    large,
    valueHash,
    value,
    signature,
  }
}

/** What a stored entry keeps as its proof: the head and the hash of the value. */
export function encodeProof(head: RecordHead): Uint8Array {
  return encodeWith(RECORD, { head, isPlaceKnown: false, value: null, signature: null })
}

/**
 * A stored entry as {@link encodeRecord} writes it, without reading it. Its proof is a head and the hash of the value.
 *
 * @param value null: it is left out
 */
export function encodeStored(proof: Uint8Array, signature: Uint8Array, value: Uint8Array | null): Uint8Array {
  if (value === null) return b4a.concat([proof, signature])
  const headBytes = proof.length - HASH_BYTES
  const state = c.state(0, headBytes)
  SIZED.preencode(state, value)
  const out = b4a.allocUnsafe(state.end + signature.length)
  out.set(proof.subarray(0, headBytes))
  out[FLAGS_AT]! |= HAS_VALUE
  state.start = headBytes
  state.buffer = out
  SIZED.encode(state, value)
  c.raw.encode(state, signature)
  return out
}

/** The record of a stored entry. @returns null when the proof is damaged */
export function recordOfProof(proof: Uint8Array, signature: Uint8Array, value: Uint8Array | null): SignedRecord | null {
  const head = decodeRecord(b4a.concat([proof, signature]))
  return head === null ? null : { ...head, value }
}

/** What is written of a record. */
interface Written {
  readonly head: RecordHead
  readonly isPlaceKnown: boolean
  /** null: its hash stands for it. */
  readonly value: Uint8Array | null
  /** null: the bytes are those of a proof, which has none. */
  readonly signature: Uint8Array | null
}

const RECORD = {
  preencode(state: c.State, { head, isPlaceKnown, value, signature }: Written): void {
    const { publicKey, seq, round, signedAtMs, ttlMs, topic, part, large, channel, salt, schema } = head
    state.end += part === null && !large ? 2 : 3
    c.raw.preencode(state, publicKey)
    c.uint.preencode(state, seq)
    c.uint.preencode(state, signedAtMs)
    c.uint.preencode(state, ttlMs)
    if (round !== 0) c.uint.preencode(state, round)
    if (topic !== null && !isPlaceKnown) c.raw.preencode(state, topic)
    if (part !== null) SIZED.preencode(state, part)
    if (channel !== '' && !isPlaceKnown) c.utf8.preencode(state, channel)
    if (salt.length > 0) SIZED.preencode(state, salt)
    if (schema !== '') c.utf8.preencode(state, schema)
    if (value === null) c.raw.preencode(state, head.valueHash)
    else SIZED.preencode(state, value)
    if (signature !== null) c.raw.preencode(state, signature)
  },
  encode(state: c.State, { head, isPlaceKnown, value, signature }: Written): void {
    const { publicKey, seq, round, signedAtMs, ttlMs, topic, part, large, channel, salt, schema } = head
    const more = (part === null ? 0 : HAS_PART) | (large ? IS_LARGE : 0)
    const flags =
      (head.tombstone ? IS_TOMBSTONE : 0) |
      (topic === null ? 0 : HAS_TOPIC) |
      (channel === '' ? 0 : HAS_CHANNEL) |
      (salt.length === 0 ? 0 : HAS_SALT) |
      (schema === '' ? 0 : HAS_SCHEMA) |
      (round === 0 ? 0 : HAS_ROUND) |
      (more === 0 ? 0 : HAS_MORE) |
      (value === null ? 0 : HAS_VALUE)
    c.uint8.encode(state, VERSION)
    c.uint8.encode(state, flags)
    if (more !== 0) c.uint8.encode(state, more)
    c.raw.encode(state, publicKey)
    c.uint.encode(state, seq)
    c.uint.encode(state, signedAtMs)
    c.uint.encode(state, ttlMs)
    if (round !== 0) c.uint.encode(state, round)
    if (topic !== null && !isPlaceKnown) c.raw.encode(state, topic)
    if (part !== null) SIZED.encode(state, part)
    if (channel !== '' && !isPlaceKnown) c.utf8.encode(state, channel)
    if (salt.length > 0) SIZED.encode(state, salt)
    if (schema !== '') c.utf8.encode(state, schema)
    if (value === null) c.raw.encode(state, head.valueHash)
    else SIZED.encode(state, value)
    if (signature !== null) c.raw.encode(state, signature)
  },
}

/** A text that reads back as the same bytes; what does not makes the reader fail. */
function readText(reader: ByteReader, maxBytes: number): string {
  const bytes = reader.sized(maxBytes)
  const text = b4a.toString(bytes)
  if (bytes.length === 0 || !b4a.equals(b4a.from(text), bytes)) reader.failed = true
  return text
}
