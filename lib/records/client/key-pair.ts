/** The key of an owner as callers pass it, and what is signed with it. */
import { type KeyPair, sign } from '../../primitives/ed25519.js'
import { blake2b } from '../../primitives/hash.js'
import { type RecordHead, recordSignable, type SignedRecord } from '../codec/record.js'

/** A key pair, or a public key and a function that signs with the secret one, wherever that is kept. */
export type Signer =
  | { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array }
  | { readonly publicKey: Uint8Array; readonly sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array> }

/** The 64-byte signature of a message. */
export async function signWith(signer: Signer, message: Uint8Array): Promise<Uint8Array> {
  return 'sign' in signer ? signer.sign(message) : sign(message, signer)
}

/** What the owner says, signed. */
export async function signRecord(
  signer: Signer,
  head: Omit<RecordHead, 'publicKey' | 'valueHash'>,
  value: Uint8Array,
): Promise<SignedRecord> {
  const whole: RecordHead = { ...head, publicKey: signer.publicKey, valueHash: blake2b(value).slice() }
  return { ...whole, value, signature: await signWith(signer, recordSignable(whole)) }
}

/** @throws TypeError, RangeError */
export function checkSigner(keyPair: unknown): Signer {
  const { publicKey, secretKey, sign: signs } = (keyPair ?? {}) as Partial<KeyPair> & { sign?: unknown }
  checkPublicKey(publicKey, 'keyPair.publicKey')
  if (typeof signs === 'function') return keyPair as Signer
  if (!(secretKey instanceof Uint8Array)) {
    throw new TypeError('keyPair must be {publicKey, secretKey} or {publicKey, sign}')
  }
  if (secretKey.length !== 64) throw new RangeError(`keyPair.secretKey must be 64 bytes, got ${secretKey.length}`)
  return keyPair as Signer
}

/** @throws TypeError, RangeError */
export function checkPublicKey(publicKey: unknown, name: string): Uint8Array {
  if (!(publicKey instanceof Uint8Array)) throw new TypeError(`${name} must be a 32-byte Uint8Array`)
  if (publicKey.length !== 32) throw new RangeError(`${name} must be 32 bytes, got ${publicKey.length}`)
  return publicKey
}
