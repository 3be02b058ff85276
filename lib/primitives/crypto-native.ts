/** Hashing and randomness where native code can be loaded: libsodium. Chosen by the condition of `#crypto`. */
import sodium from 'sodium-universal'

/** BLAKE2b of `data` into `out`, whose length is the digest's; keyed when `key` is given. */
export function hashInto(out: Uint8Array, data: Uint8Array, key?: Uint8Array): void {
  if (key === undefined) sodium.crypto_generichash(out, data)
  else sodium.crypto_generichash(out, data, key)
}

/** Fills `out` with bytes of the operating system's cryptographic randomness. */
export function fillRandom(out: Uint8Array): void {
  sodium.randombytes_buf(out)
}
