/**
 * Whether a sender's id is the hash of its address (wire-protocol 7), at the price of a hash only for addresses that
 * are neither contacts nor were verified lately.
 */
import b4a from 'b4a'
import { addressKey } from '../primitives/address.js'
import { HASH_BYTES } from '../primitives/hash.js'
import { idFromIp } from '../primitives/id.js'
import { copyBytes, hashEquals } from '../wire/bytes.js'

/** Verified senders that are no contacts, remembered to spare their next request a hash. */
const MAX_VERIFIED = 32

export class Senders {
  readonly #contactId: (key: number) => Uint8Array | null
  /**
   * Slot by address key, oldest first. BOUNDED: by MAX_VERIFIED, the oldest makes room.
   *
   * The ids lie together in one buffer: kept one by one, each would hold a piece of the runtime's 8 kB buffer pool.
   */
  readonly #slots = new Map<number, number>()
  #ids: Uint8Array | null = null
  /** Slots given back. BOUNDED: by MAX_VERIFIED. */
  readonly #free: number[] = []

  /** @param contactId id of the contact at an address key, or null */
  constructor(contactId: (key: number) => Uint8Array | null) {
    this.#contactId = contactId
  }

  /** The id of the sender if the 32 bytes at `idAt` are the hash of its address, else null. Read only. */
  identify(ip: number, port: number, bytes: Uint8Array, idAt: number): Uint8Array | null {
    const key = addressKey(ip, port)
    const known = this.#contactId(key)
    if (known !== null) return hashEquals(bytes, idAt, known) ? known : null
    return this.#isVerified(key, bytes, idAt)
      ? copyBytes(bytes, idAt, HASH_BYTES)
      : this.#verify(key, ip, port, bytes, idAt)
  }

  /** The sender has become a contact, whose id is known from there. */
  forget(key: number): void {
    const slot = this.#slots.get(key)
    if (slot === undefined) return
    this.#slots.delete(key)
    this.#free.push(slot)
  }

  #isVerified(key: number, bytes: Uint8Array, idAt: number): boolean {
    const slot = this.#slots.get(key)
    if (slot === undefined) return false
    const at = slot * HASH_BYTES
    for (let i = 0; i < HASH_BYTES; i++) if (this.#ids![at + i] !== bytes[idAt + i]) return false
    return true
  }

  #verify(key: number, ip: number, port: number, bytes: Uint8Array, idAt: number): Uint8Array | null {
    const id = idFromIp(ip, port)
    if (!hashEquals(bytes, idAt, id)) return null
    if (!this.#slots.has(key)) this.#remember(key, id)
    return id
  }

  #remember(key: number, id: Uint8Array): void {
    this.#ids ??= b4a.alloc(MAX_VERIFIED * HASH_BYTES)
    if (this.#slots.size === MAX_VERIFIED) this.forget(this.#slots.keys().next().value!)
    // Without slots given back, those in use are the first ones.
    const slot = this.#free.pop() ?? this.#slots.size
    this.#slots.set(key, slot)
    this.#ids.set(id, slot * HASH_BYTES)
  }
}
