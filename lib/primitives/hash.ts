/** BLAKE2b with a 32-byte digest (RFC 7693), the protocol's only hash (wire-protocol section 3). */
import b4a from 'b4a'
import { hashInto } from '#crypto'

/** Length of every hash, id, token and target. */
export const HASH_BYTES = 32

/**
 * BLAKE2b-256 of `data`, keyed when `key` is given.
 *
 * @param data bytes of any length
 * @param key 32-byte key, for the keyed form
 * @returns 32-byte Uint8Array, a view into the runtime's buffer pool: copy what lives long
 */
export function blake2b(data: Uint8Array, key?: Uint8Array): Uint8Array {
  const out = b4a.allocUnsafe(HASH_BYTES)
  hashInto(out, data, key)
  return out
}
