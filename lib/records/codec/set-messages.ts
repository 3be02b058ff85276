/**
 * Requests and replies about what lies under one key (docs/RECORDS.md, "Commands"). Decoders never throw: what is
 * malformed is null.
 */
import b4a from 'b4a'
import {
  CHILDREN,
  DIGEST_BYTES,
  encodeNodes,
  MAX_PREFIX_BITS,
  MAX_TREE_BITS,
  type Prefix,
  type TreeNode,
} from '../rules/member-tree.js'
import { ByteReader } from './byte-reader.js'
import { byte, encodeFields, type Field, raw, sized, text, uint } from './fields.js'
import { encodeRecord, MAX_CHANNEL_BYTES, readRecord, type SharedPlace, type SignedRecord } from './record.js'

const MAX_SUBKEY_BYTES = 128

/** Bytes of records in a page. With the rest of the datagram, token and closest nodes, it is one that nobody splits. */
export const PAGE_BYTES = 1150
/** The same, where token and closest nodes are not wanted. */
export const BRIEF_PAGE_BYTES = 1300
/** What takes no more than this is sent instead of its summary. */
export const WHOLE_BYTES = 600

/** Which records? In the order of their subkeys. */
export interface ListRequest {
  readonly channel: string
  readonly prefix: Prefix
  /** Only those behind this subkey; null: from the first. */
  readonly after: Uint8Array | null
  /** Only those that came to this holder at or after this wall time in ms; 0: all. */
  readonly sinceMs: number
  /** Token and closest nodes are not wanted. */
  readonly brief: boolean
}

export interface ListReply {
  readonly records: readonly SignedRecord[]
  /** There are more behind the last one. */
  readonly more: boolean
}

/** What is there, in short? */
export interface SummaryRequest {
  readonly channel: string
  readonly prefix: Prefix
  /** `digestOfChildren` of what the reader has: if it is the same, it need not come again. */
  readonly known: Uint8Array | null
  readonly brief: boolean
}

/**
 * - `same`: what the reader has
 * - `whole`: so little that the records themselves are sent
 * - `parts`: counts and digests of the 32 parts
 */
export type SummaryReply =
  | { readonly status: 'same' }
  | { readonly status: 'whole'; readonly records: readonly SignedRecord[] }
  | { readonly status: 'parts'; readonly bytes: number; readonly children: readonly TreeNode[] }

const IS_BRIEF = 1
const HAS_SINCE = 2
const HAS_AFTER = 4
const HAS_KNOWN = 2
const HAS_MORE = 1
const STATUS = { same: 1, whole: 2, parts: 3 } as const

export function encodeList({ channel, prefix, after, sinceMs, brief }: ListRequest): Uint8Array {
  const flags = (brief ? IS_BRIEF : 0) | (sinceMs > 0 ? HAS_SINCE : 0) | (after === null ? 0 : HAS_AFTER)
  const fields = [byte(flags), text(channel), ...prefixFields(prefix)]
  if (sinceMs > 0) fields.push(uint(sinceMs))
  if (after !== null) fields.push(sized(after))
  return encodeFields(fields)
}

export function decodeList(bytes: Uint8Array): ListRequest | null {
  const reader = new ByteReader(bytes)
  const flags = reader.byte()
  const channel = readChannel(reader)
  const prefix = readPrefix(reader, MAX_PREFIX_BITS)
  const sinceMs = (flags & HAS_SINCE) === 0 ? 0 : reader.uint()
  const after = (flags & HAS_AFTER) === 0 ? null : reader.sized(MAX_SUBKEY_BYTES)
  if (reader.failed || prefix === null) return null
  return { channel, prefix, after, sinceMs, brief: (flags & IS_BRIEF) !== 0 }
}

/** @param records that all lie at the place asked for */
export function encodeListReply({ records, more }: ListReply): Uint8Array {
  return encodeFields([byte(more ? HAS_MORE : 0), ...records.map((record) => raw(encodeRecord(record, true)))])
}

/** @param place that was asked for */
export function decodeListReply(bytes: Uint8Array, place: SharedPlace): ListReply | null {
  const reader = new ByteReader(bytes)
  const flags = reader.byte()
  const records = reader.failed ? null : readRecords(reader, place)
  return records === null ? null : { records, more: (flags & HAS_MORE) !== 0 }
}

export function encodeSummary({ channel, prefix, known, brief }: SummaryRequest): Uint8Array {
  const flags = (brief ? IS_BRIEF : 0) | (known === null ? 0 : HAS_KNOWN)
  const fields = [byte(flags), text(channel), ...prefixFields(prefix)]
  if (known !== null) fields.push(raw(known))
  return encodeFields(fields)
}

export function decodeSummary(bytes: Uint8Array): SummaryRequest | null {
  const reader = new ByteReader(bytes)
  const flags = reader.byte()
  const channel = readChannel(reader)
  const prefix = readPrefix(reader, MAX_TREE_BITS)
  const known = (flags & HAS_KNOWN) === 0 ? null : reader.take(DIGEST_BYTES)
  if (reader.failed || prefix === null) return null
  return { channel, prefix, known, brief: (flags & IS_BRIEF) !== 0 }
}

/** @param reply whose records all lie at the place asked for */
export function encodeSummaryReply(reply: SummaryReply): Uint8Array {
  if (reply.status === 'same') return Uint8Array.of(STATUS.same)
  if (reply.status === 'parts') {
    return encodeFields([byte(STATUS.parts), uint(reply.bytes), raw(encodeNodes(reply.children))])
  }
  return encodeFields([byte(STATUS.whole), ...reply.records.map((record) => raw(encodeRecord(record, true)))])
}

/** @param place that was asked for */
export function decodeSummaryReply(bytes: Uint8Array, place: SharedPlace): SummaryReply | null {
  const reader = new ByteReader(bytes)
  const status = reader.byte()
  if (reader.failed) return null
  if (status === STATUS.same) return { status: 'same' }
  if (status === STATUS.whole) {
    const records = readRecords(reader, place)
    return records === null ? null : { status: 'whole', records }
  }
  if (status !== STATUS.parts) return null
  const totalBytes = reader.uint()
  const children: TreeNode[] = []
  for (let i = 0; i < CHILDREN; i++) {
    const count = reader.uint()
    children.push({ count, digest: count === 0 ? null : reader.take(DIGEST_BYTES) })
  }
  return reader.failed || reader.rest > 0 ? null : { status: 'parts', bytes: totalBytes, children }
}

function readRecords(reader: ByteReader, place: SharedPlace): SignedRecord[] | null {
  const records: SignedRecord[] = []
  // Ends with the bytes: each takes more than a hundred of them.
  while (reader.rest > 0) {
    const record = readRecord(reader, place)
    if (record === null) return null
    records.push(record)
  }
  return records
}

function prefixFields({ bits, value }: Prefix): Field[] {
  return [byte(bits), uint(value)]
}

function readPrefix(reader: ByteReader, maxBits: number): Prefix | null {
  const bits = reader.byte()
  const value = reader.uint()
  return bits > maxBits || value >= 2 ** bits ? null : { bits, value }
}

function readChannel(reader: ByteReader): string {
  return b4a.toString(reader.sized(MAX_CHANNEL_BYTES))
}
