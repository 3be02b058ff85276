/**
 * Keeps the datagrams of private networks apart from those of the public one and of each other.
 *
 * A datagram of a private network is one of the public protocol with nine bytes before it: a first byte that is neither
 * a request's nor a response's, so that a node of the public network drops it as another protocol's after one
 * comparison; and the first eight bytes of a BLAKE2b of the datagram, keyed with the network's id.
 *
 * Separation, and no more than that: who knows the id is in. Where the id is a secret of its members, outsiders cannot
 * make a datagram that a member accepts (they would have to guess 64 bits), but they can read all of them, and send one
 * that they saw once more.
 *
 * Invariants: the same datagram under another id is never opened; whatever is not sealed is not opened.
 */
import b4a from 'b4a'
import { blake2b, HASH_BYTES } from '../primitives/hash.js'

/**
 * `x`. Neither 03 nor 13, nor ff, with which the packets of UDX streams begin on the same sockets, nor one of the bytes
 * that STUN, DTLS or RTP begin with (RFC 7983).
 */
export const SEALED_BYTE = 0x78

/** A guess is right once in 2^64; with each byte more every datagram would be longer. */
const TAG_BYTES = 8

/** What is put before a datagram. */
export const SEAL_BYTES = 1 + TAG_BYTES

/** So that a key that is also used elsewhere makes other tags there. */
const PURPOSE = blake2b(b4a.from('xorpc network id'))

export class NetworkSeal {
  readonly #key: Uint8Array

  /** @param id what the network has in common: text, which counts as its UTF-8, or 32 bytes */
  constructor(id: string | Uint8Array) {
    const bytes = typeof id === 'string' ? b4a.from(id) : id
    this.#key = b4a.alloc(HASH_BYTES)
    this.#key.set(blake2b(bytes, PURPOSE))
  }

  /** A datagram as it is sent in this network, in a buffer of its own. */
  seal(datagram: Uint8Array): Uint8Array {
    const sealed = b4a.allocUnsafe(SEAL_BYTES + datagram.length)
    sealed[0] = SEALED_BYTE
    sealed.set(datagram, SEAL_BYTES)
    const tag = blake2b(datagram, this.#key)
    for (let i = 0; i < TAG_BYTES; i++) sealed[1 + i] = tag[i]!
    return sealed
  }

  /** The datagram in a sealed one, a view into it; null where it is not of this network. */
  open(sealed: Uint8Array): Uint8Array | null {
    if (sealed.length < SEAL_BYTES || sealed[0] !== SEALED_BYTE) return null
    const datagram = sealed.subarray(SEAL_BYTES)
    const tag = blake2b(datagram, this.#key)
    let differences = 0
    // All of them, or the time it takes would tell how many are right.
    for (let i = 0; i < TAG_BYTES; i++) differences |= sealed[1 + i]! ^ tag[i]!
    return differences === 0 ? datagram : null
  }
}
