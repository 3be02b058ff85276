/**
 * What requests and responses share: the first byte, the header, and what may not be written (wire-protocol 4 to 6).
 *
 * Decoded messages are offsets into the received bytes: most datagrams are answered or dropped after a few of their
 * fields were looked at, so nothing is copied before somebody keeps it (`copyBytes`).
 */
import { ADDRESS_BYTES } from '../primitives/address.js'
import { HASH_BYTES } from '../primitives/hash.js'
import { writeAddress, writeU16 } from './bytes.js'
import { readUint, uintBytesFrom } from './varint.js'

// What the offsets of a decoded message are read with.
export { copyBytes, hashEquals, readIp, readPort } from './bytes.js'

/** First byte of a request: message type 0, protocol version 3. */
export const REQUEST_BYTE = 0x03

/** First byte of a response: message type 1, protocol version 3. */
export const RESPONSE_BYTE = 0x13

/** Offset of the tid in what we send: our flags are always one byte. */
const TID_AT = 2

/** First byte, flags, tid and address, as we send them. */
export const HEADER_BYTES = TID_AT + 2 + ADDRESS_BYTES

/** The tid and address behind the flags. */
export const ROUTING_BYTES = 2 + ADDRESS_BYTES

/** Reserved flags are ignored: only the low five bits mean anything, also when they arrive in a wide form. */
const FLAGS_MASK = 0x1f

/** What every message to send carries. */
export interface Routing {
  /** 16-bit transaction id: chosen for a request, copied from it for a response; `setTid` can patch it later. */
  tid: number
  /** 32-bit IPv4 number of the destination, as we know it. */
  ip: number
  /** UDP port of the destination. */
  port: number
}

/**
 * What a datagram is by its first byte. `foreign` belongs to another protocol on the same socket and is not an error;
 * `short` cannot be anything.
 */
export type DatagramKind = 'request' | 'response' | 'foreign' | 'short'

/** Tells requests from responses and both from the datagrams of others. */
export function datagramKind(bytes: Uint8Array): DatagramKind {
  if (bytes.length < 2) return 'short'
  const first = bytes[0]
  return first === REQUEST_BYTE ? 'request' : first === RESPONSE_BYTE ? 'response' : 'foreign'
}

/** Puts another 16-bit `tid` into a datagram that `encodeRequest` or `encodeResponse` made. */
export function setTid(bytes: Uint8Array, tid: number): void {
  writeU16(bytes, TID_AT, tid)
}

/** Writes the ten bytes every datagram of ours starts with. */
export function writeHeader(out: Uint8Array, first: number, flags: number, to: Routing): void {
  out[0] = first
  out[1] = flags
  writeU16(out, TID_AT, to.tid)
  writeAddress(out, TID_AT + 2, to.ip, to.port)
}

/** The offset of the tid in a received datagram, or -1 where tid and address are not all there. */
export function locateTid(bytes: Uint8Array): number {
  const at = 1 + uintBytesFrom(bytes[1]!)
  return bytes.length < at + ROUTING_BYTES ? -1 : at
}

/** The five flags of a received datagram, or -1 where they cannot be read. A `uint`, against its looks (section 5). */
export function readFlags(bytes: Uint8Array): number {
  const flags = readUint(bytes, 1)
  return flags === -1 ? -1 : flags & FLAGS_MASK
}

/** Throws unless `value` is absent or 32 bytes: a shorter one would put stray memory on the wire. */
export function assertHash(name: string, value: Uint8Array | null): void {
  if (value === null) return
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array of ${HASH_BYTES} bytes`)
  if (value.length !== HASH_BYTES) throw new RangeError(`${name} must have ${HASH_BYTES} bytes, not ${value.length}`)
}

/** Throws unless `value` is absent or bytes. */
export function assertValue(value: Uint8Array | null): void {
  if (value !== null && !(value instanceof Uint8Array)) throw new TypeError('value must be a Uint8Array or null')
}

/** Throws unless `value` can be written as a uint: 0 to 2^53-1. */
export function assertUint(name: string, value: number): void {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`)
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} must be an integer from 0 to 2^53-1`)
}
