/**
 * Checks of what users pass to the simulator: a clear error at the call. A wrong option that is let pass gives a test
 * that proves something else than its author thinks, so names that no option has are refused too.
 */
import { isIPv4, isPort } from '../primitives/address.js'
import { describe } from '../node/describe.js'

/** An object with none but these options, of what is called `name`. @throws TypeError that says what is wrong */
export function checkOptions(options: unknown, name: string, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`options of ${name} must be an object, got ${describe(options)}`)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new TypeError(`${name} has no option "${key}", only ${known.join(', ')}`)
  }
}

/** @param what how the range is called in the error. @throws TypeError, RangeError */
function checkNumber(value: unknown, name: string, isRight: (value: number) => boolean, what: string): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be ${what}, got ${describe(value)}`)
  if (!isRight(value)) throw new RangeError(`${name} must be ${what}, got ${value}`)
  return value
}

/** From 0 to 1. @throws TypeError, RangeError */
export function checkShare(value: unknown, name: string): number {
  return checkNumber(value, name, (share) => share >= 0 && share <= 1, 'a number from 0 to 1')
}

/** A time or another measure of at least 0. @throws TypeError, RangeError */
export function checkMeasure(value: unknown, name: string): number {
  return checkNumber(value, name, (measure) => measure >= 0 && measure < Infinity, 'a non-negative number')
}

/** @throws TypeError, RangeError */
export function checkPositive(value: unknown, name: string): number {
  return checkNumber(value, name, (measure) => measure > 0 && measure < Infinity, 'a positive number')
}

/** How long something may last: a positive time, or `Infinity` for ever. @throws TypeError, RangeError */
export function checkLimit(value: unknown, name: string): number {
  return checkNumber(value, name, (limit) => limit > 0, 'a positive number')
}

/** Neither infinite nor NaN. @throws TypeError, RangeError */
export function checkFinite(value: unknown, name: string): number {
  return checkNumber(value, name, Number.isFinite, 'a finite number')
}

/** A function, or undefined. @throws TypeError */
export function checkCallback(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'function') {
    throw new TypeError(`${name} must be a function, got ${describe(value)}`)
  }
}

/** A boolean, or undefined. @throws TypeError */
export function checkBoolean(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'boolean') {
    throw new TypeError(`${name} must be a boolean, got ${describe(value)}`)
  }
}

/** @throws TypeError */
export function checkIPv4(value: unknown, name: string): void {
  if (typeof value === 'string' && isIPv4(value)) return
  throw new TypeError(`${name} must be an IPv4 address, got ${describe(value)}`)
}

/** Bytes and where they go or claim to come from. @throws TypeError, RangeError */
export function checkDatagram(bytes: unknown, ends: Record<string, unknown>): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`bytes must be a Uint8Array, got ${describe(bytes)}`)
  for (const [name, end] of Object.entries(ends)) checkEndpoint(end, name)
}

function checkEndpoint(end: unknown, name: string): void {
  if (typeof end !== 'object' || end === null) throw new TypeError(`${name} must be {host, port}, got ${describe(end)}`)
  const { host, port } = end as { host?: unknown; port?: unknown }
  checkIPv4(host, `${name}.host`)
  if (typeof port !== 'number' || !isPort(port)) {
    throw new RangeError(`${name}.port must be an integer from 1 to 65535, got ${describe(port)}`)
  }
}
