/**
 * Signatures that were found valid lately. What is read again, comes back in a handover, or reaches several nodes of one
 * process is the same bytes, and verifying them costs as much as a datagram there and back.
 */
import b4a from 'b4a'
import { type Signed, verify } from '../primitives/ed25519.js'
import { toHex } from './hex.js'
import { BoundedMap } from './holder/bounded-map.js'

/** BOUNDED: about 500 bytes each. */
export const MAX_REMEMBERED = 2048

/** By signature, what it signs and whose it is. One for the process: what is valid is valid for all. */
let remembered = new BoundedMap<{ readonly message: Uint8Array; readonly publicKey: Uint8Array }>(MAX_REMEMBERED)

/** Whether the signature is the owner's. Never rejects: what is malformed is false. */
export async function verifyOnce(signed: Signed): Promise<boolean> {
  const { message, signature, publicKey } = signed
  const name = toHex(signature)
  const known = remembered.get(name)
  if (known !== undefined && b4a.equals(known.message, message) && b4a.equals(known.publicKey, publicKey)) return true
  if (!(await verify(signed))) return false
  remembered.set(name, { message: message.slice(), publicKey: publicKey.slice() })
  return true
}

/** For measurements: how many are remembered from now on. */
export function rememberVerified(count: number): void {
  remembered = new BoundedMap(count)
}
