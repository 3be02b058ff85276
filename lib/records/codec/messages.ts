/**
 * Requests and replies of this module's commands, as bytes (docs/RECORDS.md, "Commands"). Decoders never throw: what is
 * malformed is null.
 */
import b4a from 'b4a'
import { HASH_BYTES } from '../../primitives/hash.js'
import { ENTRY_KINDS, type EntryKey, type EntryKind } from '../entry.js'
import type { Expected } from '../rules/acceptance.js'
import { type Refusal, refusalOf, REFUSALS } from '../rules/refusal.js'
import type { Version } from '../rules/version.js'
import { ByteReader } from './byte-reader.js'
import { byte, encodeFields, type Field, raw, sized, text, uint } from './fields.js'
import { encodeRecord, MAX_CHANNEL_BYTES, MAX_SALT_BYTES, readRecord, type SignedRecord } from './record.js'

const MAX_SUBKEY_BYTES = 32 + MAX_SALT_BYTES

/** What is under a key? */
export interface GetRequest {
  readonly channel: string
  /** Which member of a set; empty: there is one record. */
  readonly subkey: Uint8Array
  /** The value is not wanted. */
  readonly headOnly: boolean
  /** The version that the reader has: if nothing is newer, it need not come again. */
  readonly known: Version | null
  /** Token and closest nodes are not wanted. Default false. */
  readonly brief?: boolean
}

/** `same`: nothing newer than what the reader knows. */
export type GetReply =
  { readonly status: 'none' | 'same' } | { readonly status: 'found'; readonly record: SignedRecord }

const WANTS_HEAD = 1
const HAS_KNOWN = 2
const IS_BRIEF = 4

export function encodeGet({ channel, subkey, headOnly, known, brief = false }: GetRequest): Uint8Array {
  const flags = (headOnly ? WANTS_HEAD : 0) | (known === null ? 0 : HAS_KNOWN) | (brief ? IS_BRIEF : 0)
  return encodeFields([byte(flags), text(channel), sized(subkey), ...(known === null ? [] : version(known))])
}

export function decodeGet(bytes: Uint8Array): GetRequest | null {
  const reader = new ByteReader(bytes)
  const flags = reader.byte()
  const channel = readText(reader)
  const subkey = reader.sized(MAX_SUBKEY_BYTES)
  const known = (flags & HAS_KNOWN) === 0 ? null : readVersion(reader)
  if (reader.failed) return null
  return { channel, subkey, headOnly: (flags & WANTS_HEAD) !== 0, known, brief: (flags & IS_BRIEF) !== 0 }
}

const STATUS = { none: 0, same: 1, found: 2 } as const

export function encodeGetReply(reply: GetReply): Uint8Array {
  if (reply.status !== 'found') return Uint8Array.of(STATUS[reply.status])
  return encodeFound(encodeRecord(reply.record))
}

/** The same for a record that is encoded already. */
export function encodeFound(record: Uint8Array): Uint8Array {
  const out = b4a.allocUnsafe(1 + record.length)
  out[0] = STATUS.found
  out.set(record, 1)
  return out
}

export function decodeGetReply(bytes: Uint8Array): GetReply | null {
  const reader = new ByteReader(bytes)
  const status = reader.byte()
  if (reader.failed) return null
  if (status === STATUS.none) return { status: 'none' }
  if (status === STATUS.same) return { status: 'same' }
  const record = status === STATUS.found ? readRecord(reader) : null
  return record === null ? null : { status: 'found', record }
}

/** What is to be stored. `body` is the record, or the bytes of a HyperDHT value or chunk. */
export interface PutRequest {
  readonly kind: EntryKind
  readonly expected: Expected
  /** Of a handover, else null: what its holder knows beside the record. */
  readonly kept: { readonly channel: string; readonly expiresAtMs: number; readonly heldUntilMs: number } | null
  readonly body: Uint8Array
  /** The reply is to name the nodes closest to the target. Default false. */
  readonly wantsCloser?: boolean
}

const HAS_EXPECTED = 1
const HAS_KEPT = 2
const WANTS_CLOSER = 4

export function encodePut({ kind, expected, kept, body, wantsCloser = false }: PutRequest): Uint8Array {
  const flags =
    (expected === null ? 0 : HAS_EXPECTED) | (kept === null ? 0 : HAS_KEPT) | (wantsCloser ? WANTS_CLOSER : 0)
  const fields = [byte(flags), byte(ENTRY_KINDS.indexOf(kind))]
  if (expected !== null) fields.push(uint(expected.seq === null ? 0 : expected.seq + 1))
  if (kept !== null) fields.push(text(kept.channel), uint(kept.expiresAtMs), uint(kept.heldUntilMs))
  return encodeFields([...fields, raw(body)])
}

export function decodePut(bytes: Uint8Array): PutRequest | null {
  const reader = new ByteReader(bytes)
  const flags = reader.byte()
  const kind = ENTRY_KINDS[reader.byte()]
  const expectedSeq = (flags & HAS_EXPECTED) === 0 ? -1 : reader.uint()
  const kept =
    (flags & HAS_KEPT) === 0
      ? null
      : { channel: readText(reader), expiresAtMs: reader.uint(), heldUntilMs: reader.uint() }
  if (reader.failed || kind === undefined) return null
  const expected = expectedSeq === -1 ? null : { seq: expectedSeq === 0 ? null : expectedSeq - 1 }
  const wantsCloser = (flags & WANTS_CLOSER) !== 0
  return { kind, expected, kept, body: reader.take(reader.rest), ...(wantsCloser && { wantsCloser }) }
}

/** What became of a record at a holder, and, where it was refused for another version, the head of that. */
export interface PutReply {
  readonly refusal: Refusal | null
  readonly current: SignedRecord | null
}

export function encodePutReply({ refusal, current }: PutReply): Uint8Array {
  if (refusal === null) return Uint8Array.of(0)
  const fields = [uint(REFUSALS[refusal.reason]), uint(refusal.limit ?? 0), uint(refusal.size ?? 0)]
  if (current !== null) fields.push(raw(encodeRecord({ ...current, value: null })))
  return encodeFields(fields)
}

export function decodePutReply(bytes: Uint8Array): PutReply | null {
  const reader = new ByteReader(bytes)
  const number = reader.uint()
  if (reader.failed) return null
  if (number === 0) return { refusal: null, current: null }
  const limit = reader.uint()
  const size = reader.uint()
  const reason = refusalOf(number)
  if (reader.failed || reason === null) return null
  const current = reader.rest > 0 ? readRecord(reader) : null
  return { refusal: { reason, ...(limit > 0 && { limit, size }) }, current }
}

/** A version that somebody has, to be compared with what another has. */
export interface Offered extends EntryKey, Version {
  readonly kind: EntryKind
}

/** Bytes of an offer, beside which the request's own fields still fit a datagram that nobody splits. */
export const MAX_OFFER_BYTES = 1100

export function encodeOffered(offered: Offered): Uint8Array {
  const { kind, channel, target, subkey } = offered
  const kindByte = byte(ENTRY_KINDS.indexOf(kind))
  return encodeFields([kindByte, text(channel), raw(target), sized(subkey), ...version(offered)])
}

/** Versions until the end; null: malformed. */
export function decodeOffer(bytes: Uint8Array): Offered[] | null {
  const reader = new ByteReader(bytes)
  const all: Offered[] = []
  // Ends with the bytes: each takes 38 of them.
  while (reader.rest > 0 && !reader.failed) {
    const kind = ENTRY_KINDS[reader.byte()]
    const channel = readText(reader)
    const target = reader.take(HASH_BYTES)
    const subkey = reader.sized(MAX_SUBKEY_BYTES)
    const { seq, round, signedAtMs } = readVersion(reader)
    if (kind === undefined) return null
    all.push({ kind, channel, target, subkey, seq, round, signedAtMs })
  }
  return reader.failed ? null : all
}

/** One bit for each, the first in the lowest bit of the first byte. */
export function encodeBits(bits: readonly boolean[]): Uint8Array {
  const bytes = b4a.alloc(Math.ceil(bits.length / 8))
  for (const [i, bit] of bits.entries()) if (bit) bytes[i >> 3]! |= 1 << (i & 7)
  return bytes
}

export function decodeBits(bytes: Uint8Array, count: number): boolean[] {
  return Array.from({ length: count }, (_, i) => ((bytes[i >> 3] ?? 0) & (1 << (i & 7))) !== 0)
}

function version({ seq, round, signedAtMs }: Version): Field[] {
  return [uint(seq), uint(round), uint(signedAtMs)]
}

function readVersion(reader: ByteReader): Version {
  return { seq: reader.uint(), round: reader.uint(), signedAtMs: reader.uint() }
}

function readText(reader: ByteReader): string {
  return b4a.toString(reader.sized(MAX_CHANNEL_BYTES))
}
