/**
 * Requests as bytes (wire-protocol section 5).
 *
 * Encoding fills one buffer of exactly the right size, every byte of it. Decoding gives offsets into the datagram and
 * copies nothing; whatever arrives, it returns a message or null and never throws.
 */
import b4a from 'b4a'
import { HASH_BYTES } from '../primitives/hash.js'
import { readIp, readPort, readU16 } from './bytes.js'
import {
  assertHash,
  assertUint,
  assertValue,
  HEADER_BYTES,
  locateTid,
  readFlags,
  REQUEST_BYTE,
  type Routing,
  ROUTING_BYTES,
  writeHeader,
} from './datagram.js'
import { readUint, uintBytes, uintBytesFrom, writeUint } from './varint.js'

const HAS_ID = 0x01
const HAS_TOKEN = 0x02
const IS_INTERNAL = 0x04
const HAS_TARGET = 0x08
const HAS_VALUE = 0x10

/** A request to send. Absent fields are null. */
export interface RequestFields extends Routing {
  /** Our 32-byte id: only from a persistent node, through its server socket. */
  id: Uint8Array | null
  /** 32-byte token the destination gave us. */
  token: Uint8Array | null
  /** Whether `command` is the protocol's own, not the application's. */
  internal: boolean
  /** 0 to 2^53-1. */
  command: number
  /** 32-byte target. */
  target: Uint8Array | null
  /** Bytes of any length; no bytes is not the same as null. */
  value: Uint8Array | null
}

/** A received request: numbers, and offsets into the datagram it was decoded from (-1 = absent). */
export interface DecodedRequest {
  tid: number
  /** 32-bit IPv4 number that the sender knows us by. */
  toIp: number
  toPort: number
  /** Offset of the 32-byte id the sender claims. */
  idAt: number
  /** Offset of the 32-byte token, not yet verified. */
  tokenAt: number
  internal: boolean
  command: number
  /** Offset of the 32-byte target. */
  targetAt: number
  /** Offset of the value. */
  valueAt: number
  /** Length of the value; 0 also when it is absent. */
  valueBytes: number
}

/** Length of the datagram of a request with these fields. */
export function requestSizeBytes(
  command: number,
  hasId: boolean,
  hasToken: boolean,
  hasTarget: boolean,
  value: Uint8Array | null,
): number {
  let size = HEADER_BYTES + uintBytes(command)
  if (hasId) size += HASH_BYTES
  if (hasToken) size += HASH_BYTES
  if (hasTarget) size += HASH_BYTES
  if (value !== null) size += uintBytes(value.length) + value.length
  return size
}

/**
 * The datagram of a request.
 *
 * @param fields copied from; kept nowhere
 * @returns a Uint8Array of its own, of the datagram's length
 * @throws TypeError for a field of the wrong type, RangeError for an id, token or target that is not 32 bytes long and
 * for a command that is no safe non-negative integer
 */
export function encodeRequest(fields: RequestFields): Uint8Array {
  const { id, token, target, value, command } = fields
  assertHash('id', id)
  assertHash('token', token)
  assertHash('target', target)
  assertValue(value)
  assertUint('command', command)

  const out = b4a.allocUnsafe(requestSizeBytes(command, id !== null, token !== null, target !== null, value))
  let flags = fields.internal ? IS_INTERNAL : 0
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
  at = writeUint(out, at, command)
  if (target !== null) {
    flags |= HAS_TARGET
    out.set(target, at)
    at += HASH_BYTES
  }
  if (value !== null) {
    flags |= HAS_VALUE
    at = writeUint(out, at, value.length)
    out.set(value, at)
  }
  writeHeader(out, REQUEST_BYTE, flags, fields)
  return out
}

/**
 * Decodes a datagram whose kind is `request`.
 *
 * @param bytes borrowed: the result holds offsets into it, the caller copies what it keeps
 * @returns the message, or null where a field reaches beyond the end or a number is above 2^53-1
 */
export function decodeRequest(bytes: Uint8Array): DecodedRequest | null {
  const size = bytes.length
  if (size <= HEADER_BYTES || bytes[0] !== REQUEST_BYTE) return null
  const flags = readFlags(bytes)
  const tidAt = locateTid(bytes)
  if (flags === -1 || tidAt === -1) return null
  let at = tidAt + ROUTING_BYTES
  let idAt = -1
  let tokenAt = -1
  let targetAt = -1
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
  // Reading the command fails where one of the fields before it reached beyond the end.
  const command = readUint(bytes, at)
  if (command === -1) return null
  at += uintBytesFrom(bytes[at]!)
  if ((flags & HAS_TARGET) !== 0) {
    targetAt = at
    at += HASH_BYTES
    if (at > size) return null
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
    internal: (flags & IS_INTERNAL) !== 0,
    command,
    targetAt,
    valueAt,
    valueBytes,
  }
}
