/**
 * Responses as bytes (wire-protocol section 6).
 *
 * The same promises as in `request.ts`: one exact buffer out; offsets, no copies and no exceptions in. The transaction
 * id can be had before anything else is decoded, so that a response nobody waits for costs next to nothing, and the
 * length of an address list is held against the bytes that are left before anything is done with it.
 */
import b4a from 'b4a'
import { ADDRESS_BYTES } from '../primitives/address.js'
import { HASH_BYTES } from '../primitives/hash.js'
import { readIp, readPort, readU16, writeAddress } from './bytes.js'
import {
  assertHash,
  assertUint,
  assertValue,
  HEADER_BYTES,
  locateTid,
  readFlags,
  RESPONSE_BYTE,
  type Routing,
  ROUTING_BYTES,
  writeHeader,
} from './datagram.js'
import { readUint, uintBytes, uintBytesFrom, writeUint } from './varint.js'

const HAS_ID = 0x01
const HAS_TOKEN = 0x02
const HAS_CLOSER = 0x04
const HAS_ERROR = 0x08
const HAS_VALUE = 0x10

/** An entry of the closer nodes. */
export interface CloserNode {
  /** 32-bit IPv4 number. */
  readonly ip: number
  readonly port: number
}

/** A list that writes itself: six bytes for each address, four octets in reading order and the port little-endian. */
export interface AddressList {
  readonly length: number
  /** Returns the offset behind the last one. */
  writeTo(out: Uint8Array, at: number): number
}

/** A response to send. Absent fields are null. */
export interface ResponseFields extends Routing {
  /** Our 32-byte id: only from a persistent node, through its server socket. */
  id: Uint8Array | null
  /** 32-byte token for the destination's host. */
  token: Uint8Array | null
  /** Contacts nearer to the target, nearest first; empty means that the field is absent. */
  closer: readonly CloserNode[] | AddressList
  /** 0 (absent) or an error code up to 2^53-1. */
  error: number
  /** Bytes of any length; no bytes is not the same as null. */
  value: Uint8Array | null
}

/** A received response: numbers, and offsets into the datagram it was decoded from (-1 = absent). */
export interface DecodedResponse {
  tid: number
  /** 32-bit IPv4 number that the sender sees us as. */
  toIp: number
  toPort: number
  /** Offset of the 32-byte id the sender claims. */
  idAt: number
  /** Offset of the 32-byte token. */
  tokenAt: number
  /** Offset of the first of `closerCount` addresses of six bytes each, for `readIp` and `readPort`. */
  closerAt: number
  /** Never more than the datagram holds; 0 also when the list is absent. */
  closerCount: number
  /** 0 is success. */
  error: number
  /** Offset of the value. */
  valueAt: number
  /** Length of the value; 0 also when it is absent. */
  valueBytes: number
}

/** Length of the datagram that {@link encodeResponse} makes of `fields`. */
export function responseSizeBytes(fields: ResponseFields): number {
  let size = HEADER_BYTES
  if (fields.id !== null) size += HASH_BYTES
  if (fields.token !== null) size += HASH_BYTES
  const count = fields.closer.length
  if (count > 0) size += uintBytes(count) + count * ADDRESS_BYTES
  if (fields.error !== 0) size += uintBytes(fields.error)
  if (fields.value !== null) size += uintBytes(fields.value.length) + fields.value.length
  return size
}

/**
 * The datagram of a response.
 *
 * @param fields copied from; kept nowhere
 * @returns a Uint8Array of its own, of the datagram's length
 * @throws TypeError for a field of the wrong type, RangeError for an id or token that is not 32 bytes long and for an
 * error code that is no safe non-negative integer
 */
export function encodeResponse(fields: ResponseFields): Uint8Array {
  const { id, token, closer, error, value } = fields
  assertHash('id', id)
  assertHash('token', token)
  assertValue(value)
  assertUint('error', error)

  const out = b4a.allocUnsafe(responseSizeBytes(fields))
  let flags = 0
  let at = HEADER_BYTES
  if (id !== null) {
    flags |= HAS_ID
    out.set(id, at)
    at += HASH_BYTES
  }
  if (token !== null) {
    flags |= HAS_TOKEN
    out.set(token, at)
    at += HASH_BYTES
  }
  const count = closer.length
  if (count > 0) {
    flags |= HAS_CLOSER
    at = writeUint(out, at, count)
    at = 'writeTo' in closer ? closer.writeTo(out, at) : writeAddresses(out, at, closer)
  }
  if (error !== 0) {
    flags |= HAS_ERROR
    at = writeUint(out, at, error)
  }
  if (value !== null) {
    flags |= HAS_VALUE
    at = writeUint(out, at, value.length)
    out.set(value, at)
  }
  writeHeader(out, RESPONSE_BYTE, flags, fields)
  return out
}

function writeAddresses(out: Uint8Array, at: number, nodes: readonly CloserNode[]): number {
  let end = at
  for (const { ip, port } of nodes) end = writeAddress(out, end, ip, port)
  return end
}

/**
 * The transaction id of a datagram whose kind is `response`, or -1 where it is too short to be one. The rest may still
 * turn out to be malformed.
 */
export function peekResponseTid(bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES) return -1
  const at = locateTid(bytes)
  return at === -1 ? -1 : readU16(bytes, at)
}

/**
 * Decodes a datagram whose kind is `response`.
 *
 * @param bytes borrowed: the result holds offsets into it, the caller copies what it keeps
 * @returns the message, or null where a field reaches beyond the end or a number is above 2^53-1
 */
export function decodeResponse(bytes: Uint8Array): DecodedResponse | null {
  const size = bytes.length
  if (size < HEADER_BYTES || bytes[0] !== RESPONSE_BYTE) return null
  const flags = readFlags(bytes)
  const tidAt = locateTid(bytes)
  if (flags === -1 || tidAt === -1) return null
  let at = tidAt + ROUTING_BYTES
  let idAt = -1
  let tokenAt = -1
  let closerAt = -1
  let closerCount = 0
  let error = 0
  let valueAt = -1
  let valueBytes = 0

  if ((flags & HAS_ID) !== 0) {
    idAt = at
    at += HASH_BYTES
  }
  if ((flags & HAS_TOKEN) !== 0) {
    tokenAt = at
    at += HASH_BYTES
  }
  if (at > size) return null
  if ((flags & HAS_CLOSER) !== 0) {
    closerCount = readUint(bytes, at)
    if (closerCount === -1) return null
    closerAt = at + uintBytesFrom(bytes[at]!)
    if (closerCount * ADDRESS_BYTES > size - closerAt) return null
    at = closerAt + closerCount * ADDRESS_BYTES
  }
  if ((flags & HAS_ERROR) !== 0) {
    error = readUint(bytes, at)
    if (error === -1) return null
    at += uintBytesFrom(bytes[at]!)
  }
  if ((flags & HAS_VALUE) !== 0) {
    valueBytes = readUint(bytes, at)
    if (valueBytes === -1) return null
    valueAt = at + uintBytesFrom(bytes[at]!)
    if (valueBytes > size - valueAt) return null
  }
  return {
    tid: readU16(bytes, tidAt),
    toIp: readIp(bytes, tidAt + 2),
    toPort: readPort(bytes, tidAt + 2),
    idAt,
    tokenAt,
    closerAt,
    closerCount,
    error,
    valueAt,
    valueBytes,
  }
}
