/**
 * The protocol's own commands, their arguments, and the error codes it reserves (wire-protocol 8 and 11).
 *
 * Arguments travel as the request's value. Readers take the value's offset and length as a decoded request gives them,
 * so that an absent value (-1, 0) is simply too short. Extra bytes are ignored, as the network does.
 */
import b4a from 'b4a'
import { ADDRESS_BYTES, addressKey } from '../primitives/address.js'
import { readIp, readPort, readU16, readU32, writeAddress, writeU16, writeU32 } from './bytes.js'

/** Numbers of the internal commands. */
export const COMMAND = { PING: 0, PING_NAT: 1, FIND_NODE: 2, DOWN_HINT: 3, DELAYED_PING: 4 } as const

/** Error codes of the protocol; up to 15 are reserved, applications start at 16. */
export const ERROR = { OK: 0, UNKNOWN_COMMAND: 1, INVALID_TOKEN: 2 } as const

const PORT_BYTES = 2
const DELAY_BYTES = 4

/** Value of PING_NAT: the port the answer shall go to. */
export function encodePingNat(port: number): Uint8Array {
  const out = b4a.allocUnsafe(PORT_BYTES)
  writeU16(out, 0, port)
  return out
}

/** Port (1 to 65535) that PING_NAT asks to be answered at, or -1 where the request must be dropped. */
export function decodePingNat(bytes: Uint8Array, valueAt: number, valueBytes: number): number {
  if (valueBytes < PORT_BYTES) return -1
  const port = readU16(bytes, valueAt)
  return port === 0 ? -1 : port
}

/** Value of DOWN_HINT: the address of the node that did not answer. */
export function encodeDownHint(ip: number, port: number): Uint8Array {
  const out = b4a.allocUnsafe(ADDRESS_BYTES)
  writeAddress(out, 0, ip, port)
  return out
}

/**
 * Address that DOWN_HINT reports, as the one number of `addressKey(ip, port)`, or -1 where the request must be
 * dropped. The address can be anything, port 0 included.
 */
export function decodeDownHint(bytes: Uint8Array, valueAt: number, valueBytes: number): number {
  if (valueBytes < ADDRESS_BYTES) return -1
  return addressKey(readIp(bytes, valueAt), readPort(bytes, valueAt))
}

/** Value of DELAYED_PING: how long to wait before answering, in whole milliseconds up to 2^32-1. */
export function encodeDelayedPing(delayMs: number): Uint8Array {
  const out = b4a.allocUnsafe(DELAY_BYTES)
  writeU32(out, 0, delayMs)
  return out
}

/** Delay in milliseconds that DELAYED_PING asks for, or -1 where the request must be dropped. The limit is ours. */
export function decodeDelayedPing(bytes: Uint8Array, valueAt: number, valueBytes: number): number {
  return valueBytes < DELAY_BYTES ? -1 : readU32(bytes, valueAt)
}
