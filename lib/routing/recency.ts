/**
 * Contacts in the order in which they were last heard.
 *
 * A doubly linked list through the contacts themselves, so a touch costs a few pointer writes and no memory. A contact
 * is in at most one list at a time. Source: behaviour section 12.
 */
import type { Contact } from './contact.js'

/** The list as those see it who must not change it. */
export interface Recency extends Iterable<Contact> {
  readonly length: number
  /** The contact heard last; null when empty. */
  readonly latest: Contact | null
  /** The contact heard longest ago; null when empty. */
  readonly oldest: Contact | null
  has(contact: Contact): boolean
}

/** BOUNDED: by the routing table, which links exactly its own contacts. */
export class RecencyList implements Recency {
  #length = 0
  #latest: Contact | null = null
  #oldest: Contact | null = null

  get length(): number {
    return this.#length
  }

  get latest(): Contact | null {
    return this.#latest
  }

  get oldest(): Contact | null {
    return this.#oldest
  }

  /** Whether `contact` is linked. The answer holds for contacts of this list and of none. */
  has(contact: Contact): boolean {
    // Every member but a lone one has a neighbour.
    return contact.prev !== null || contact.next !== null || this.#latest === contact
  }

  /** Makes `contact` the newest, inserting it where it was in no list. */
  touch(contact: Contact): void {
    if (this.#latest === contact) return
    if (this.has(contact)) this.#unlink(contact)
    else this.#length++
    contact.prev = this.#latest
    if (this.#latest === null) this.#oldest = contact
    else this.#latest.next = contact
    this.#latest = contact
  }

  /** Takes `contact` out; returns whether it was in. */
  remove(contact: Contact): boolean {
    if (!this.has(contact)) return false
    this.#unlink(contact)
    this.#length--
    return true
  }

  /** Newest first. Removing the contact at hand while iterating is safe; touching it is not. */
  *[Symbol.iterator](): IterableIterator<Contact> {
    let contact = this.#latest
    while (contact !== null) {
      const older: Contact | null = contact.prev
      yield contact
      contact = older
    }
  }

  #unlink(contact: Contact): void {
    const { prev, next } = contact
    if (prev === null) this.#oldest = next
    else prev.next = next
    if (next === null) this.#latest = prev
    else next.prev = prev
    contact.prev = null
    contact.next = null
  }
}
