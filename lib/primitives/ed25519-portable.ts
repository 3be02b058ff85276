/**
 * Ed25519 where there is no native code: WebCrypto where it knows it, else JavaScript. Chosen by the condition of
 * `#ed25519`.
 */
import * as noble from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import b4a from 'b4a'
import { type Ed25519Engine, SEED_BYTES } from './ed25519-engine.js'

/** The part of WebCrypto that is used. */
interface Subtle {
  importKey(
    format: string,
    key: Uint8Array | object,
    algorithm: string,
    extract: boolean,
    uses: string[],
  ): Promise<object>
  sign(algorithm: string, key: object, message: Uint8Array): Promise<ArrayBuffer>
  verify(algorithm: string, key: object, signature: Uint8Array, message: Uint8Array): Promise<boolean>
}

interface Platform {
  crypto?: { subtle?: Subtle }
}

const platform = globalThis as unknown as Platform

// Its own default is WebCrypto's, which pages without TLS do not have.
noble.hashes.sha512 = sha512

/** In JavaScript. */
export const nobleEngine: Ed25519Engine = {
  name: 'noble',
  sign: (message, { secretKey }) => noble.sign(message, secretKey.subarray(0, SEED_BYTES)),
  verify: ({ message, signature, publicKey }) => noble.verify(signature, message, publicKey, { zip215: false }),
  publicKeyOf: (seed) => noble.getPublicKey(seed),
}

/** Imported keys are kept, since owners write and are read more than once: so many at most. */
const MAX_IMPORTED_KEYS = 512

/** WebCrypto's. @param subtle `crypto.subtle` of the runtime */
export function createWebCryptoEngine(subtle: Subtle): Ed25519Engine {
  /** By the public key in hex. BOUNDED: by MAX_IMPORTED_KEYS. */
  const imported = new Map<string, Promise<object>>()
  const importPublic = (publicKey: Uint8Array): Promise<object> => {
    const name = b4a.toString(publicKey, 'hex')
    let key = imported.get(name)
    if (key === undefined) {
      if (imported.size >= MAX_IMPORTED_KEYS) imported.delete(imported.keys().next().value!)
      key = subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify'])
      imported.set(name, key)
    }
    return key
  }
  return {
    name: 'webcrypto',
    async sign(message, { secretKey }) {
      const key = await subtle.importKey('pkcs8', pkcs8Of(secretKey), 'Ed25519', false, ['sign'])
      return new Uint8Array(await subtle.sign('Ed25519', key, message))
    },
    async verify({ message, signature, publicKey }) {
      try {
        return await subtle.verify('Ed25519', await importPublic(publicKey), signature, message)
      } catch {
        return false
      }
    },
    // WebCrypto does not tell the public key of a seed.
    publicKeyOf: (seed) => noble.getPublicKey(seed),
  }
}

/** What stands before the seed in a PKCS #8 private key (RFC 8410, section 7). */
const PKCS8_HEAD = b4a.from('302e020100300506032b657004220420', 'hex')

function pkcs8Of(secretKey: Uint8Array): Uint8Array {
  return b4a.concat([PKCS8_HEAD, secretKey.subarray(0, SEED_BYTES)])
}

/** WebCrypto's, where it can sign and verify with Ed25519; else the one in JavaScript. */
export async function createEngine(): Promise<Ed25519Engine> {
  const subtle = platform.crypto?.subtle
  if (subtle === undefined) return nobleEngine
  const engine = createWebCryptoEngine(subtle)
  try {
    const message = b4a.alloc(SEED_BYTES, 1)
    const publicKey = noble.getPublicKey(message)
    const signature = await engine.sign(message, { publicKey, secretKey: b4a.concat([message, publicKey]) })
    return (await engine.verify({ message, signature, publicKey })) ? engine : nobleEngine
  } catch {
    return nobleEngine
  }
}
