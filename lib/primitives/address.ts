/**
 * IPv4 addresses: the protocol has no other kind (wire-protocol 2.3).
 *
 * A host is kept as the dotted-decimal string that sockets give and take; for keys of maps and for encoding it is
 * turned into its 32-bit number.
 */

/** Where a datagram goes to or comes from. */
export interface Address {
  /** Dotted-decimal IPv4 address. */
  host: string
  /** UDP port, 1 to 65535. */
  port: number
}

/** Bytes of an encoded address: four octets and the port. */
export const ADDRESS_BYTES = 6

/**
 * The 32-bit number of a dotted-decimal IPv4 host, or -1 where it is none.
 * Strict: four decimal octets, no leading zeros, no white space.
 */
export function parseIPv4(host: string): number {
  const length = host.length
  if (length < 7 || length > 15) return -1
  let result = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (let i = 0; i < length; i++) {
    const c = host.charCodeAt(i)
    if (c === 46) {
      if (digits === 0 || dots === 3) return -1
      result = result * 256 + octet
      octet = 0
      digits = 0
      dots++
    } else {
      if (c < 48 || c > 57) return -1
      if (digits > 0 && octet === 0) return -1
      octet = octet * 10 + c - 48
      digits++
      if (octet > 255) return -1
    }
  }
  if (dots !== 3 || digits === 0) return -1
  return result * 256 + octet
}

/** Hosts written lately, and their numbers: the same few hundred are met again and again. BOUNDED: by PLACES. */
const PLACES = 512
const writtenIps = new Float64Array(PLACES).fill(NaN)
const writtenHosts = new Array<string>(PLACES).fill('')

/** The dotted-decimal form of a 32-bit number. */
export function formatIPv4(ip: number): string {
  const place = (ip ^ (ip >>> 9) ^ (ip >>> 18)) & (PLACES - 1)
  if (writtenIps[place] === ip) return writtenHosts[place]!
  const host = `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`
  writtenIps[place] = ip
  writtenHosts[place] = host
  return host
}

export function isIPv4(host: string): boolean {
  return parseIPv4(host) !== -1
}

export function isPort(port: unknown): port is number {
  return Number.isInteger(port) && (port as number) > 0 && (port as number) <= 65535
}

/** One number for host and port, exact in a double: a key for maps that costs no string. */
export function addressKey(ip: number, port: number): number {
  return ip * 65536 + port
}

/** The key of `{host, port}`, or -1 where the host is not an IPv4 address. */
export function keyOf(host: string, port: number): number {
  const ip = parseIPv4(host)
  return ip === -1 ? -1 : ip * 65536 + port
}

/** What kind of network an address belongs to (RFC 6890 registries). */
export type AddressScope = 'public' | 'private' | 'loopback' | 'unusable'

/**
 * Scope of a 32-bit IPv4 number. `unusable` can never be a contact: "this network", multicast, reserved, broadcast.
 * Link-local and carrier-grade NAT ranges count as private.
 */
export function addressScope(ip: number): AddressScope {
  const a = ip >>> 24
  const b = (ip >>> 16) & 255
  if (a === 127) return 'loopback'
  if (a === 0 || a >= 224) return 'unusable'
  if (a === 10) return 'private'
  if (a === 172 && b >= 16 && b < 32) return 'private'
  if (a === 192 && b === 168) return 'private'
  if (a === 169 && b === 254) return 'private'
  if (a === 100 && b >= 64 && b < 128) return 'private'
  return 'public'
}
