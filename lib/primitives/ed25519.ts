/**
 * Ed25519 signatures (RFC 8032), by the quickest implementation that the runtime has:
 *
 * - Node.js and Bare: sodium's native build (15,000 verifications a second on the machine this was measured on)
 * - elsewhere WebCrypto, where it knows Ed25519 (about 18,000 in Chromium, beside the main thread)
 * - else @noble/ed25519, in JavaScript (330; sodium's own JavaScript build makes 180)
 *
 * All of them take the same keys and make the same signatures. They differ in what they accept of keys of low order and
 * of signatures written in another way than signing writes them, so those are refused here for all.
 */
import { createEngine } from '#ed25519'
import b4a from 'b4a'
import {
  type Ed25519Engine,
  type KeyPair,
  PUBLIC_KEY_BYTES,
  SEED_BYTES,
  SIGNATURE_BYTES,
  type Signed,
} from './ed25519-engine.js'

/** The public keys of low order: signatures by them are valid for any message, or for one in a few. */
const WEAK_KEYS = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

function isWeak(publicKey: Uint8Array): boolean {
  const copy = Uint8Array.from(publicKey)
  // The top bit is the sign of x, which does not change the order.
  copy[PUBLIC_KEY_BYTES - 1]! &= 0x7f
  return WEAK_KEYS.has(b4a.toString(copy, 'hex'))
}

/** The order of the base point, little-endian: S of a signature is below it, or there would be two signatures. */
const ORDER = b4a.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex')

function isCanonical(signature: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const digit = signature[32 + i]!
    if (digit !== ORDER[i]!) return digit < ORDER[i]!
  }
  return false
}

let engine: Promise<Ed25519Engine> | null = null

/** The engine in use. It is chosen when it is needed first. */
export function ed25519Engine(): Promise<Ed25519Engine> {
  return (engine ??= createEngine())
}

/**
 * A key pair, of a seed or a new one.
 *
 * @param seed 32 bytes that nobody else knows: the same seed gives the same pair
 */
export async function createKeyPair(seed: Uint8Array): Promise<KeyPair> {
  if (!(seed instanceof Uint8Array) || seed.length !== SEED_BYTES) {
    throw new RangeError(`seed must be a ${SEED_BYTES}-byte Uint8Array`)
  }
  const publicKey = await (await ed25519Engine()).publicKeyOf(seed)
  return { publicKey, secretKey: b4a.concat([seed, publicKey]) }
}

/** The 64-byte signature of a message. */
export async function sign(message: Uint8Array, keyPair: KeyPair): Promise<Uint8Array> {
  return (await ed25519Engine()).sign(message, keyPair)
}

/** Whether the signature is the owner's. Never rejects: what is malformed is false. */
export async function verify(signed: Signed): Promise<boolean> {
  const { signature, publicKey } = signed
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== PUBLIC_KEY_BYTES) return false
  if (isWeak(publicKey) || !isCanonical(signature)) return false
  return (await ed25519Engine()).verify(signed)
}

/** The same for many at once, which engines beside the main thread work on together. */
export function verifyAll(all: readonly Signed[]): Promise<boolean[]> {
  return Promise.all(all.map(verify))
}

export type { KeyPair, Signed } from './ed25519-engine.js'
