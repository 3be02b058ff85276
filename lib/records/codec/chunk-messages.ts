/**
 * Requests and replies about segments of large values, as bytes (docs/RECORDS.md, "Large values"). Decoders never throw:
 * what is malformed is null.
 */
import b4a from 'b4a'
import { type Refusal, refusalOf, REFUSALS } from '../rules/refusal.js'
import { ByteReader } from './byte-reader.js'
import { chunkCount, groupCount, isSegmentSize } from './chunk-tree.js'
import { byte, encodeFields, raw, text, uint } from './fields.js'
import { decodeBits, encodeBits } from './messages.js'
import { MAX_CHANNEL_BYTES } from './record.js'

/** What a node has of a segment. */
export type FindReply =
  | { readonly status: 'none' }
  /** It has some chunks of it, since somebody is sending it. */
  | {
      readonly status: 'partial'
      readonly sizeBytes: number
      /** By group, whether its hashes are known. */
      readonly groups: readonly boolean[]
      /** By chunk. */
      readonly chunks: readonly boolean[]
    }
  /** It keeps it until then, wall time in ms. */
  | { readonly status: 'whole'; readonly sizeBytes: number; readonly expiresAtMs: number }

const STATUS = { none: 0, partial: 1, whole: 2 } as const

export function encodeFind(channel: string): Uint8Array {
  return encodeFields([text(channel)])
}

/** The channel; null: malformed. */
export function decodeFind(bytes: Uint8Array): string | null {
  const reader = new ByteReader(bytes)
  const channel = readChannel(reader)
  return reader.failed ? null : channel
}

export function encodeFindReply(reply: FindReply): Uint8Array {
  const status = byte(STATUS[reply.status])
  if (reply.status === 'none') return encodeFields([status])
  if (reply.status === 'whole') return encodeFields([status, uint(reply.sizeBytes), uint(reply.expiresAtMs)])
  const bits = [raw(encodeBits(reply.groups)), raw(encodeBits(reply.chunks))]
  return encodeFields([status, uint(reply.sizeBytes), ...bits])
}

export function decodeFindReply(bytes: Uint8Array): FindReply | null {
  const reader = new ByteReader(bytes)
  const status = reader.byte()
  if (reader.failed) return null
  if (status === STATUS.none) return { status: 'none' }
  const sizeBytes = reader.uint()
  if (!isSegmentSize(sizeBytes)) return null
  if (status === STATUS.whole) {
    const expiresAtMs = reader.uint()
    return reader.failed ? null : { status: 'whole', sizeBytes, expiresAtMs }
  }
  if (status !== STATUS.partial) return null
  const groups = readBits(reader, groupCount(sizeBytes))
  const chunks = readBits(reader, chunkCount(sizeBytes))
  return reader.failed ? null : { status: 'partial', sizeBytes, groups, chunks }
}

/** A chunk, or the hashes of a group of chunks. */
export type PartKind = 'chunk' | 'proof'

/** Which part of a segment. */
export interface PartRequest {
  readonly channel: string
  readonly kind: PartKind
  /** Number of the chunk or group. */
  readonly index: number
}

const PART_KINDS = ['chunk', 'proof'] as const
const RENEWAL = 2

export function encodePartRequest({ channel, kind, index }: PartRequest): Uint8Array {
  return encodeFields([byte(PART_KINDS.indexOf(kind)), text(channel), uint(index)])
}

export function decodePartRequest(bytes: Uint8Array): PartRequest | null {
  const reader = new ByteReader(bytes)
  const kind = PART_KINDS[reader.byte()]
  const channel = readChannel(reader)
  const index = reader.uint()
  return reader.failed || kind === undefined ? null : { channel, kind, index }
}

/** A part of a segment that is to be kept, or that one which is kept whole is to be kept until a later time. */
export type PartPut = {
  readonly channel: string
  /** Wall time in ms of the end. */
  readonly expiresAtMs: number
} & (
  | {
      readonly kind: PartKind
      /** Bytes of the whole segment. */
      readonly sizeBytes: number
      readonly index: number
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'renewal' }
)

export function encodePartPut(put: PartPut): Uint8Array {
  const kind = put.kind === 'renewal' ? RENEWAL : PART_KINDS.indexOf(put.kind)
  const head = [byte(kind), text(put.channel), uint(put.expiresAtMs)]
  if (put.kind === 'renewal') return encodeFields(head)
  return encodeFields([...head, uint(put.sizeBytes), uint(put.index), raw(put.bytes)])
}

/** `bytes` of the result are a view. */
export function decodePartPut(bytes: Uint8Array): PartPut | null {
  const reader = new ByteReader(bytes)
  const number = reader.byte()
  const channel = readChannel(reader)
  const expiresAtMs = reader.uint()
  if (number === RENEWAL) return reader.failed ? null : { channel, expiresAtMs, kind: 'renewal' }
  const kind = PART_KINDS[number]
  const sizeBytes = reader.uint()
  const index = reader.uint()
  if (reader.failed || kind === undefined || !isSegmentSize(sizeBytes)) return null
  return { channel, expiresAtMs, kind, sizeBytes, index, bytes: reader.take(reader.rest) }
}

/**
 * - `taken`: more is needed
 * - `kept`: the segment is whole, and kept
 * - `unproved`: the hashes of its group are needed first; for a renewal, the segment is
 * - `refused`: see `refusal`
 */
export type PartPutReply =
  { readonly status: 'taken' | 'kept' | 'unproved' } | { readonly status: 'refused'; readonly refusal: Refusal }

const PUT_STATUSES = ['taken', 'kept', 'unproved'] as const
const REFUSED = 3

export function encodePartPutReply(reply: PartPutReply): Uint8Array {
  if (reply.status !== 'refused') return Uint8Array.of(PUT_STATUSES.indexOf(reply.status))
  const { reason, limit, size } = reply.refusal
  return encodeFields([byte(REFUSED), uint(REFUSALS[reason]), uint(limit ?? 0), uint(size ?? 0)])
}

export function decodePartPutReply(bytes: Uint8Array): PartPutReply | null {
  const reader = new ByteReader(bytes)
  const number = reader.byte()
  if (reader.failed) return null
  const status = PUT_STATUSES[number]
  if (status !== undefined) return { status }
  if (number !== REFUSED) return null
  const reason = refusalOf(reader.uint())
  const limit = reader.uint()
  const size = reader.uint()
  if (reader.failed || reason === null) return null
  return { status: 'refused', refusal: { reason, ...(limit > 0 && { limit, size }) } }
}

function readChannel(reader: ByteReader): string {
  return b4a.toString(reader.sized(MAX_CHANNEL_BYTES))
}

function readBits(reader: ByteReader, count: number): boolean[] {
  return decodeBits(reader.take(Math.ceil(count / 8)), count)
}
