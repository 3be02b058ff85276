/**
 * Whether a sender's id is the hash of its address (wire-protocol 7), at the price of a hash only for addresses that
 * are neither contacts nor were verified lately.
 */
import { addressKey } from '../primitives/address.js'
import { idFromIp } from '../primitives/id.js'
import { hashEquals } from '../wire/bytes.js'

/** Verified senders that are no contacts, remembered to spare their next request a hash: about 20 kB at most. */
const MAX_VERIFIED = 64

export class Senders {
  readonly #contactId: (key: number) => Uint8Array | null
  /** Ids by address key. BOUNDED: by MAX_VERIFIED, emptied when full. */
  readonly #verified = new Map<number, Uint8Array>()

  /** @param contactId id of the contact at an address key, or null */
  constructor(contactId: (key: number) => Uint8Array | null) {
    this.#contactId = contactId
  }

  /** The id of the sender if the 32 bytes at `idAt` are the hash of its address, else null. Shared: read only. */
  identify(ip: number, port: number, bytes: Uint8Array, idAt: number): Uint8Array | null {
    const key = addressKey(ip, port)
    const known = this.#contactId(key) ?? this.#verified.get(key)
    if (known !== undefined) return hashEquals(bytes, idAt, known) ? known : null
    const id = idFromIp(ip, port)
    if (!hashEquals(bytes, idAt, id)) return null
    if (this.#verified.size >= MAX_VERIFIED) this.#verified.clear()
    this.#verified.set(key, id)
    return id
  }

  /** The sender has become a contact, whose id is known from there. */
  forget(key: number): void {
    this.#verified.delete(key)
  }
}
