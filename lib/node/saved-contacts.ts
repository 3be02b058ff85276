/**
 * Contacts as they are kept between two runs of a node: plain data, with a version, fit for JSON and for IndexedDB.
 *
 * They say where nodes were, and prove nothing: whoever reads them asks before it believes them. Nothing in them is
 * secret but whom a node has talked to.
 */
import { type Address, addressScope, isPort, keyOf } from '../primitives/address.js'
import type { Recency } from '../routing/recency.js'
import { K } from '../routing/table.js'
import type { Core } from './core.js'
import { describe } from './describe.js'

/** The form that is written, and the only one that is read. */
const VERSION = 1

/**
 * As many as one lookup can hold; a table has 60 to 160. Those heard longest ago are left out.
 * BOUNDED: also what is read, however much it is.
 */
export const MAX_SAVED_CONTACTS = 256

/** What `node.exportContacts()` returns, and a {@link ContactStore} keeps. JSON-able. */
export interface SavedContacts {
  /** Version of this form. */
  version: 1
  /** When it was made, in milliseconds since 1970. */
  savedAt: number
  /** Addresses of contacts, those heard last first; at most 256. */
  contacts: { host: string; port: number }[]
}

/**
 * Where contacts are kept between two runs. `xorpc/contact-store` has one for files; others are two functions away.
 * A node saves one thing at a time, and loads once, before it joins.
 *
 * @example
 * const store = {
 *   load: async () => JSON.parse((await redis.get('contacts')) ?? 'null'),
 *   save: async (contacts) => redis.set('contacts', JSON.stringify(contacts)),
 * }
 * const node = new DHT({ contactStore: store })
 */
export interface ContactStore {
  /** What was saved last; null or undefined where there is nothing. Whatever it is, the node checks it. */
  load(): Promise<unknown>
  /** Keeps the contacts in the place of those before: afterwards either all of the old or all of the new are there. */
  save(contacts: SavedContacts): Promise<void>
}

/** The contacts of a node, as they are saved. While its table is poor, those of an earlier run fill it up. */
export function exportContacts({
  clock,
  contacts,
  lookups,
}: Pick<Core, 'clock' | 'contacts' | 'lookups'>): SavedContacts {
  const { recency, size } = contacts.table
  return saveContacts(clock.wallTime(), recency, size < K ? lookups.saved : [])
}

/** These contacts, each address once, the first 256 of them. */
function saveContacts(now: number, ...lists: (Recency | readonly Address[])[]): SavedContacts {
  const saved = new Map<number, Address>()
  for (const list of lists) {
    for (const { host, port } of list) {
      const key = keyOf(host, port)
      if (saved.size < MAX_SAVED_CONTACTS && !saved.has(key)) saved.set(key, { host, port })
    }
  }
  return { version: VERSION, savedAt: Math.floor(now), contacts: [...saved.values()] }
}

/**
 * The addresses in what was saved, or in an array of addresses.
 *
 * @throws TypeError for anything else, also of another version
 */
export function parseContacts(value: unknown, name: string): readonly Address[] {
  const list = Array.isArray(value) ? (value as unknown[]) : contactsOf(value, name)
  return list.slice(0, MAX_SAVED_CONTACTS).map((contact) => checkContact(contact, name))
}

function contactsOf(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${name} must be what exportContacts returned, or an array, got ${describe(value)}`)
  }
  const { version, contacts } = value as Partial<SavedContacts>
  if (version !== VERSION) throw new TypeError(`${name} must be of version ${VERSION}, got ${describe(version)}`)
  if (!Array.isArray(contacts)) throw new TypeError(`${name} must have an array of contacts, got ${describe(contacts)}`)
  return contacts
}

function checkContact(value: unknown, name: string): Address {
  const { host, port } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Address>
  const key = typeof host === 'string' ? keyOf(host, 1) : -1
  if (key === -1 || !isPort(port) || addressScope(Math.floor(key / 65536)) === 'unusable') {
    throw new TypeError(`${name} must hold {host: IPv4 address, port}, got ${describe(value)}`)
  }
  return { host: host!, port }
}
