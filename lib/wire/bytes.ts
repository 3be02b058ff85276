/**
 * Fixed-size fields: little-endian numbers, addresses, hashes, and copies out of a datagram (wire-protocol 2.2, 2.3).
 *
 * Readers do no bounds checks: whoever calls them has compared the offsets with the length. Writers return the offset
 * behind what they wrote.
 */
import b4a from 'b4a'
import { HASH_BYTES } from '../primitives/hash.js'

/** The little-endian 16-bit number at `at`. */
export function readU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}

/** The little-endian unsigned 32-bit number at `at`. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

/** Writes the low 16 bits of `value`. */
export function writeU16(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  return at + 2
}

/** Writes the low 32 bits of `value`. */
export function writeU32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
  return at + 4
}

/** The 32-bit IPv4 number of the six-byte address at `at`. */
export function readIp(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

/** The port of the six-byte address at `at`. Port 0 is possible. */
export function readPort(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at + 4)
}

/** Writes an address: four octets in reading order, port little-endian. */
export function writeAddress(bytes: Uint8Array, at: number, ip: number, port: number): number {
  bytes[at] = ip >>> 24
  bytes[at + 1] = ip >>> 16
  bytes[at + 2] = ip >>> 8
  bytes[at + 3] = ip
  return writeU16(bytes, at + 4, port)
}

/** Whether the 32 bytes at `at` are those of `hash`. Not for secrets: it stops at the first difference. */
export function hashEquals(bytes: Uint8Array, at: number, hash: Uint8Array): boolean {
  for (let i = 0; i < HASH_BYTES; i++) if (bytes[at + i] !== hash[i]) return false
  return true
}

/**
 * Up to here a loop beats `set`, which needs a view: measured 50 against 95 ns at 6 bytes, 94 against 95 at 32, 202
 * against 95 at 120 (Node 20).
 */
const SMALL_COPY_BYTES = 32

/**
 * A copy of `sizeBytes` bytes at `at`.
 *
 * The copy is the caller's: received bytes are a view into a buffer of the socket that is reused, and that a view would
 * keep in memory as a whole.
 */
export function copyBytes(bytes: Uint8Array, at: number, sizeBytes: number): Uint8Array {
  const out = b4a.allocUnsafe(sizeBytes)
  if (at === 0 && sizeBytes === bytes.length) out.set(bytes)
  else if (sizeBytes > SMALL_COPY_BYTES) out.set(bytes.subarray(at, at + sizeBytes))
  else for (let i = 0; i < sizeBytes; i++) out[i] = bytes[at + i]!
  return out
}
