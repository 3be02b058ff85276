/**
 * The record a node keeps of another node.
 *
 * Hundreds of nodes of one process may keep hundreds of these each, and every FIND_NODE reads some dozens: one factory
 * sets every field, so all records share one hidden class. Times are whole milliseconds of the owning node's monotonic
 * clock: whole numbers need no memory of their own. Source: behaviour section 12, wire-protocol section 7.
 */
import type { Address } from '../primitives/address.js'
import { addressKey } from '../primitives/address.js'
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
  host: string
  port: number
  /** `host` as a 32-bit unsigned number. */
  ip: number
  /** Milliseconds of the node's monotonic clock. */
  now: number
}

/** A fresh record: made, pinged and seen `now`, in no list. */
export function createContact({ id, host, port, ip, now }: ContactInit): Contact {
  return {
    id: keptId(id),
    prefix: idPrefix(id),
    host,
    port,
    ip,
    key: addressKey(ip, port),
    to: null,
    addedAt: now,
    pingedAt: now,
    seenAt: now,
    sampledAt: 0,
    downHints: 0,
    failures: 0,
    srttMs: NaN,
    rttvarMs: 0,
    prev: null,
    next: null,
  }
}
