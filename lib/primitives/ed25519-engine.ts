/** What an implementation of Ed25519 does; see ed25519.ts. */

export const PUBLIC_KEY_BYTES = 32
export const SECRET_KEY_BYTES = 64
export const SIGNATURE_BYTES = 64
export const SEED_BYTES = 32

/** A signing key: `secretKey` is the 32-byte seed followed by the public key, as sodium and HyperDHT have it. */
export interface KeyPair {
  /** 32-byte Ed25519 public key. */
  publicKey: Uint8Array
  /** 64 bytes: seed, then public key. */
  secretKey: Uint8Array
}

/** What is signed, by whom, and the signature. */
export interface Signed {
  /** The signed bytes. */
  readonly message: Uint8Array
  /** 64-byte signature. */
  readonly signature: Uint8Array
  /** 32-byte public key. */
  readonly publicKey: Uint8Array
}

/** An implementation. Arguments have their right lengths, and no weak key gets here. */
export interface Ed25519Engine {
  readonly name: 'sodium' | 'webcrypto' | 'noble'
  sign(message: Uint8Array, keyPair: KeyPair): Uint8Array | Promise<Uint8Array>
  verify(signed: Signed): boolean | Promise<boolean>
  publicKeyOf(seed: Uint8Array): Uint8Array | Promise<Uint8Array>
}
