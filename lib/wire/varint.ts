/**
 * The variable-length unsigned integer of the protocol (wire-protocol 2.1): one byte up to 252, else a marker byte and
 * 2, 4 or 8 little-endian bytes.
 *
 * It is compact-encoding's `uint`, which the tests compare it with. That package is not used here: it has no parts, and
 * would be a tenth of what the core takes in a page. Reading never throws, and the value and its width come from two calls,
 * because a pair would be an object per field. Non-minimal forms are accepted, values above 2^53-1 are not.
 */
import { readU16, readU32, writeU16, writeU32 } from './bytes.js'

/** Largest value of one byte; the three above it announce wider forms. */
const MAX_ONE_BYTE = 0xfc
const MARK_U16 = 0xfd
const MARK_U32 = 0xfe
const MARK_U64 = 0xff

/** 2^53-1 has 21 bits above the low 32: anything higher is not exact in a double. */
const MAX_HIGH_WORD = 0x1fffff

const HIGH_WORD = 2 ** 32

/** Bytes that `value` takes, in its shortest form: 1, 3, 5 or 9. */
export function uintBytes(value: number): number {
  return value <= MAX_ONE_BYTE ? 1 : value <= 0xffff ? 3 : value <= 0xffffffff ? 5 : 9
}

/** Bytes of a uint whose first byte is `first`: 1, 3, 5 or 9. */
export function uintBytesFrom(first: number): number {
  return first <= MAX_ONE_BYTE ? 1 : first === MARK_U16 ? 3 : first === MARK_U32 ? 5 : 9
}

/** The uint at `at`, or -1 where the datagram ends before it does or it is above 2^53-1. */
export function readUint(bytes: Uint8Array, at: number): number {
  if (at >= bytes.length) return -1
  const first = bytes[at]!
  return first <= MAX_ONE_BYTE ? first : readWide(bytes, at, first)
}

function readWide(bytes: Uint8Array, at: number, first: number): number {
  if (at + uintBytesFrom(first) > bytes.length) return -1
  if (first === MARK_U16) return readU16(bytes, at + 1)
  const low = readU32(bytes, at + 1)
  if (first === MARK_U32) return low
  const high = readU32(bytes, at + 5)
  return high > MAX_HIGH_WORD ? -1 : high * HIGH_WORD + low
}

/** Writes a safe non-negative integer in its shortest form; returns the offset behind it. Room is the caller's care. */
export function writeUint(bytes: Uint8Array, at: number, value: number): number {
  if (value <= MAX_ONE_BYTE) {
    bytes[at] = value
    return at + 1
  }
  if (value <= 0xffff) {
    bytes[at] = MARK_U16
    return writeU16(bytes, at + 1, value)
  }
  if (value <= 0xffffffff) {
    bytes[at] = MARK_U32
    return writeU32(bytes, at + 1, value)
  }
  bytes[at] = MARK_U64
  return writeU32(bytes, writeU32(bytes, at + 1, value), Math.floor(value / HIGH_WORD))
}
