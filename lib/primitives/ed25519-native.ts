/** Ed25519 where native code can be loaded: libsodium. Chosen by the condition of `#ed25519`. */
import b4a from 'b4a'
import sodium from 'sodium-universal'
import { type Ed25519Engine, PUBLIC_KEY_BYTES, SECRET_KEY_BYTES, SIGNATURE_BYTES } from './ed25519-engine.js'

/** Sodium's native build. */
const sodiumEngine: Ed25519Engine = {
  name: 'sodium',
  sign(message, { secretKey }) {
    const signature = b4a.alloc(SIGNATURE_BYTES)
    sodium.crypto_sign_detached(signature, message, secretKey)
    return signature
  },
  verify: ({ message, signature, publicKey }) => sodium.crypto_sign_verify_detached(signature, message, publicKey),
  publicKeyOf(seed) {
    const publicKey = b4a.alloc(PUBLIC_KEY_BYTES)
    sodium.crypto_sign_seed_keypair(publicKey, b4a.alloc(SECRET_KEY_BYTES), seed)
    return publicKey
  },
}

export const createEngine = (): Promise<Ed25519Engine> => Promise.resolve(sodiumEngine)
