/**
 * Node ids and the XOR metric (Maymounkov and Mazières, "Kademlia", 2002, section 2).
 *
 * An id is 32 bytes, compared as a big-endian number. Most comparisons are settled by the first four bytes, so
 * those are kept beside an id as an unsigned 32-bit `prefix` wherever many are compared.
 */
import b4a from 'b4a'
import { ADDRESS_BYTES, parseIPv4 } from './address.js'
import { blake2b, HASH_BYTES } from './hash.js'

export const ID_BYTES = HASH_BYTES
export const ID_BITS = ID_BYTES * 8

/** A node as others name it. */
export interface NodeInfo {
  /** 32-byte id, hash(host, port). */
  id: Uint8Array
  host: string
  port: number
}

const scratch = b4a.alloc(ADDRESS_BYTES)

/**
 * Places for ids worked out before: lookups meet the same nodes again and again, and a page needs 2 µs for a hash, ten
 * times what a copy takes. A power of two. 40 kB per process.
 */
const PLACES_BITS = 10
const PLACES = 2 ** PLACES_BITS

/** Whose id is in a place, -1: nobody's. BOUNDED, as the ids are: by PLACES. */
const cachedKeys = new Float64Array(PLACES).fill(-1)
const cachedIds = new Uint8Array(PLACES * ID_BYTES)

/**
 * Id of the node at a 32-bit IPv4 number and a port: BLAKE2b-256 of the six address bytes (wire-protocol 7).
 *
 * @returns 32-byte Uint8Array, a view into the runtime's buffer pool: copy what lives long
 */
export function idFromIp(ip: number, port: number): Uint8Array {
  const key = (ip >>> 0) * 65536 + (port & 0xffff)
  const place = (Math.imul(ip, 0x9e3779b1) ^ Math.imul(port, 0x85ebca6b)) >>> (32 - PLACES_BITS)
  const at = place * ID_BYTES
  if (cachedKeys[place] === key) {
    const id = b4a.allocUnsafe(ID_BYTES)
    for (let i = 0; i < ID_BYTES; i++) id[i] = cachedIds[at + i]!
    return id
  }
  scratch[0] = ip >>> 24
  scratch[1] = ip >>> 16
  scratch[2] = ip >>> 8
  scratch[3] = ip
  scratch[4] = port
  scratch[5] = port >>> 8
  const id = blake2b(scratch)
  cachedIds.set(id, at)
  cachedKeys[place] = key
  return id
}

/** Id of the node at a dotted-decimal host and a port. The host must be IPv4. */
export function idFromAddress(host: string, port: number): Uint8Array {
  return idFromIp(parseIPv4(host), port)
}

/** Values that {@link idPrefix} can have: prefixes and their distances over it are shares of the keyspace. */
export const PREFIX_VALUES = 2 ** 32

/** The first 32 bits of an id as an unsigned number, or those from another byte on. */
export function idPrefix(id: Uint8Array, at = 0): number {
  return ((id[at]! << 24) | (id[at + 1]! << 16) | (id[at + 2]! << 8) | id[at + 3]!) >>> 0
}

/** Number of leading bits that `a` and `b` share: 0 to 256. */
export function commonPrefixLength(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < ID_BYTES; i++) {
    const x = a[i]! ^ b[i]!
    if (x !== 0) return i * 8 + Math.clz32(x) - 24
  }
  return ID_BITS
}

/** Sign of the comparison of the XOR distances `a` to `target` and `b` to `target`: negative when `a` is closer. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < ID_BYTES; i++) {
    if (a[i] === b[i]) continue
    const t = target[i]!
    return (a[i]! ^ t) - (b[i]! ^ t)
  }
  return 0
}

/** Whether two ids are the same 32 bytes. */
export function sameId(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < ID_BYTES; i++) if (a[i] !== b[i]) return false
  return true
}

/** Bit `index` of an id, most significant first. */
export function idBit(id: Uint8Array, index: number): number {
  return (id[index >> 3]! >> (7 - (index & 7))) & 1
}

/** The id with bit `index` turned over, in memory of its own. */
export function withBitFlipped(id: Uint8Array, index: number): Uint8Array {
  const flipped = Uint8Array.from(id) // a Buffer's slice would share its memory
  flipped[index >> 3]! ^= 0x80 >> (index & 7)
  return flipped
}

/**
 * An id that shares exactly `sharedBits` leading bits with `id`.
 *
 * @param sharedBits 0 to 255
 * @param filler 32 bytes for the rest; changed and returned
 */
export function idSharing(id: Uint8Array, sharedBits: number, filler: Uint8Array): Uint8Array {
  const byte = sharedBits >> 3
  filler.set(id.subarray(0, byte))
  const flipped = 0x80 >> (sharedBits & 7)
  // The bits before it and itself come from the id, and it is turned over; those behind it stay.
  const kept = flipped - 1
  filler[byte] = ((id[byte]! ^ flipped) & ~kept) | (filler[byte]! & kept)
  return filler
}
