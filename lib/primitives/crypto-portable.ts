/**
 * Hashing and randomness where there is no native code: browsers, and whatever else has the web's `crypto`. Chosen by the
 * condition of `#crypto`.
 *
 * BLAKE2b is that of @noble/hashes: 3.3 kB of a page (gzip), where sodium-javascript takes 38, as fast (about 130,000
 * datagram-sized hashes a second in Chromium), and no WebAssembly, which a page's content security policy may forbid.
 */
import { blake2b } from '@noble/hashes/blake2.js'

/** The web's source, which `es2023` does not declare. */
interface Platform {
  crypto: { getRandomValues(out: Uint8Array): void }
}

/** Most bytes that `getRandomValues` gives at a time. */
const QUOTA_BYTES = 65_536

const platform = globalThis as unknown as Platform

/** BLAKE2b of `data` into `out`, whose length is the digest's; keyed when `key` is given. */
export function hashInto(out: Uint8Array, data: Uint8Array, key?: Uint8Array): void {
  out.set(blake2b(data, key === undefined ? { dkLen: out.length } : { dkLen: out.length, key }))
}

/** Fills `out` with bytes of the operating system's cryptographic randomness. */
export function fillRandom(out: Uint8Array): void {
  for (let start = 0; start < out.length; start += QUOTA_BYTES) {
    platform.crypto.getRandomValues(out.subarray(start, start + QUOTA_BYTES))
  }
}
