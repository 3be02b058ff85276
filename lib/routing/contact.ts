/**
 * The record a node keeps of another node.
 *
 * Hundreds of nodes of one process may keep hundreds of these each, and every FIND_NODE reads some dozens: one constructor
 * sets every field, so all records share one hidden class. Times are whole milliseconds of the owning node's monotonic
 * clock: whole numbers need no memory of their own. Source: behaviour section 12, wire-protocol section 7.
 */
import type { Address } from '../primitives/address.js'
import { addressKey, formatIPv4 } from '../primitives/address.js'
import { idPrefix } from '../primitives/id.js'
import { keptId } from './kept-id.js'

/** A node known to us, at most one record for an id and for an address in a table. */
export interface Contact {
  /** 32-byte Uint8Array, hash of host and port. Not to be changed. */
  readonly id: Uint8Array
  /** The first 32 bits of `id`, unsigned: settles most comparisons of distance. */
  readonly prefix: number
  /** Dotted-decimal IPv4 address. */
  readonly host: string
  readonly port: number
  /** `host` as a 32-bit unsigned number. */
  readonly ip: number
  /** `addressKey(ip, port)`. */
  readonly key: number
  /** How it sees us, as its last message said; null when unknown. */
  to: Address | null
  /** When this record was made. */
  addedAt: number
  /** When we last sent it a check, or made the record. */
  pingedAt: number
  /** When we last got a message from it, or made the record. */
  seenAt: number
  /** When its view of our address was last sampled; 0 = never. */
  sampledAt: number
  /** Down hints others sent about it since it was last heard. */
  downHints: number
  /** Checks it left unanswered since it was last heard. */
  failures: number
  /** Smoothed round-trip time; NaN = unknown. */
  srttMs: number
  /** Mean deviation of the round-trip time; 0 = unknown. */
  rttvarMs: number
  /** Recency list: the contact heard just before this one. Only the list writes it. */
  prev: Contact | null
  /** Recency list: the contact heard just after this one. Only the list writes it. */
  next: Contact | null
}

/** What a new record is made of. */
export interface ContactInit {
  /** 32-byte Uint8Array; copied. */
  id: Uint8Array
  port: number
  /** Its IPv4 address as a 32-bit unsigned number. */
  ip: number
  /** Milliseconds of the node's monotonic clock. */
  now: number
}

/** A fresh record: made, pinged and seen `now`, in no list. */
export function createContact(init: ContactInit): Contact {
  return new ContactRecord(init)
}

/** Microseconds in a millisecond. */
const US = 1000

/** The round-trip times are kept in whole microseconds: a fraction would be an object of its own. */
class ContactRecord implements Contact {
  readonly id: Uint8Array
  readonly prefix: number
  readonly host: string
  readonly port: number
  readonly ip: number
  readonly key: number
  to: Address | null = null
  addedAt: number
  pingedAt: number
  seenAt: number
  sampledAt = 0
  downHints = 0
  failures = 0
  prev: Contact | null = null
  next: Contact | null = null
  #srttUs = -1
  #rttvarUs = 0

  constructor({ id, port, ip, now }: ContactInit) {
    this.id = keptId(id)
    this.prefix = idPrefix(id)
    // The contacts of one host share the string of those written lately.
    this.host = formatIPv4(ip)
    this.port = port
    this.ip = ip
    this.key = addressKey(ip, port)
    this.addedAt = now
    this.pingedAt = now
    this.seenAt = now
  }

  get srttMs(): number {
    return this.#srttUs === -1 ? NaN : this.#srttUs / US
  }

  set srttMs(value: number) {
    this.#srttUs = value >= 0 ? Math.round(value * US) : -1
  }

  get rttvarMs(): number {
    return this.#rttvarUs / US
  }

  set rttvarMs(value: number) {
    this.#rttvarUs = Math.round(value * US)
  }
}
