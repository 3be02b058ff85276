/** Checks of what the caller passes to a node's methods: a clear error at the call, before anything is started. */
import { isPort, parseIPv4 } from '../primitives/address.js'
import { HASH_BYTES } from '../primitives/hash.js'
import type { AbortSignalLike } from '../primitives/signal.js'
import { describe } from './describe.js'

/** An address as callers name it: anything with `host` and `port`, such as a node, a peer of a reply, or `req.from`. */
export interface Destination {
  readonly host: string | null
  readonly port: number
}

/** A checked address. */
export interface CheckedAddress {
  host: string
  port: number
  ip: number
}

/** Sending to 0.0.0.0 means this machine, but replies come from 127.0.0.1. */
const UNSPECIFIED = '0.0.0.0'
const LOCALHOST = '127.0.0.1'

/** @throws TypeError when the host is no IPv4 address, RangeError when the port is not 1 to 65535 */
export function checkAddress(to: Destination | null | undefined, name = 'to'): CheckedAddress {
  if (typeof to !== 'object' || to === null) throw new TypeError(`${name} must be {host, port}, got ${describe(to)}`)
  const host = to.host === UNSPECIFIED ? LOCALHOST : to.host
  const ip = typeof host === 'string' ? parseIPv4(host) : -1
  if (ip === -1) throw new TypeError(`${name}.host must be an IPv4 address, got ${describe(host)}`)
  if (!isPort(to.port)) {
    throw new RangeError(`${name}.port must be an integer from 1 to 65535, got ${describe(to.port)}`)
  }
  return { host: host!, port: to.port, ip }
}

/** A 32-byte field. @throws TypeError, RangeError */
export function checkHash(value: unknown, name: 'target' | 'token'): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(`${name} must be a ${HASH_BYTES}-byte Uint8Array, got ${describe(value)}`)
  }
  if (value.length !== HASH_BYTES) throw new RangeError(`${name} must be ${HASH_BYTES} bytes, got ${value.length}`)
  return value
}

export function checkOptionalHash(value: unknown, name: 'target' | 'token'): Uint8Array | null {
  return value === undefined || value === null ? null : checkHash(value, name)
}

/** @throws TypeError, RangeError */
export function checkCommand(command: unknown): number {
  if (typeof command !== 'number') throw new TypeError(`command must be a number, got ${describe(command)}`)
  if (!Number.isSafeInteger(command) || command < 0) {
    throw new RangeError(`command must be an integer from 0 to 2^53-1, got ${command}`)
  }
  return command
}

/** @throws TypeError */
export function checkValue(value: unknown): Uint8Array | null {
  if (value === undefined || value === null) return null
  if (!(value instanceof Uint8Array)) throw new TypeError(`value must be a Uint8Array or null, got ${describe(value)}`)
  return value
}

/** Whether the whole message fits. @throws RangeError that names the limit */
export function checkFits(value: Uint8Array | null, messageBytes: number, maxBytes: number): void {
  if (messageBytes <= maxBytes) return
  const valueBytes = value === null ? 0 : value.length
  const room = maxBytes - (messageBytes - valueBytes)
  throw new RangeError(`value must be at most ${room} bytes for a datagram of ${maxBytes}, got ${valueBytes}`)
}

/** @throws TypeError, RangeError */
export function checkInteger(value: unknown, name: string, least: number, most: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, got ${describe(value)}`)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be an integer from ${least} to ${most}, got ${value}`)
  }
  return value
}

/** Longest deadline: what a timer can hold. */
export const MAX_DEADLINE_MS = 2 ** 31 - 1

/** `signal` and `deadlineMs` of a call that waits. @throws TypeError, RangeError */
export function checkLimits(options: { signal?: AbortSignalLike | null; deadlineMs?: number } | undefined): void {
  if (!options) return
  const { signal, deadlineMs } = options
  if (signal !== undefined && signal !== null && typeof signal.addEventListener !== 'function') {
    throw new TypeError(`signal must be an AbortSignal, got ${describe(signal)}`)
  }
  if (deadlineMs !== undefined) checkInteger(deadlineMs, 'deadlineMs', 0, MAX_DEADLINE_MS)
}
