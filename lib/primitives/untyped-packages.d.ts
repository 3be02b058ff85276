/** The parts we use of packages that ship no types. Nothing here reaches our published declarations. */

declare module 'sodium-universal' {
  const sodium: {
    randombytes_buf(out: Uint8Array): void
    crypto_generichash(out: Uint8Array, input: Uint8Array, key?: Uint8Array): void
    crypto_sign_detached(out: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void
    crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
    crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void
  }
  export default sodium
}

declare module 'events-universal' {
  const EventEmitter: new () => object
  export default EventEmitter
}

declare module 'udx-native' {
  const UDX: new () => unknown
  export default UDX
}
