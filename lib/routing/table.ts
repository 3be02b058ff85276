/**
 * The routing table: which nodes we know, in k-buckets by the number of leading bits they share with our id
 * (Maymounkov and Mazières, "Kademlia", 2002, section 2.4; behaviour section 11).
 *
 * Invariants:
 * - a contact is in its bucket, in the id trie, in the address index and in the recency list, or in none of them;
 *   only the table writes these four, so they cannot disagree;
 * - one record for an id, one for an address;
 * - `closest` is exact and sorted by XOR distance;
 * - neither a public host nor, where that is capped too, a /24 of them can fill a bucket or the table by itself,
 *   however many ports it opens.
 */
import { addressScope } from '../primitives/address.js'
import { commonPrefixLength, ID_BITS, idPrefix, sameId } from '../primitives/id.js'
import { type Random, systemRandom } from '../primitives/random.js'
import type { Contact } from './contact.js'
import { IdTrie, type NearestAddresses } from './id-trie.js'
import type { Recency } from './recency.js'
import { RecencyList } from './recency.js'

/** Contacts of a bucket, of a reply and of a lookup's result: what dht-rpc uses, so replies look alike. */
export const K = 20

/** Of 20 in a bucket: an attacker needs ten hosts for a bucket, while two nodes behind one NAT still fit. */
const MAX_PER_HOST_IN_BUCKET = 2
/** Of some hundred in a table: a provider's shared address stays useful, and one host stays a small share. */
const MAX_PER_HOST_IN_TABLE = 10

/** What a /24 may have where {@link TableOptions} cap it: as above, for whoever rents one address rents some more. */
export const MAX_PER_SUBNET_IN_BUCKET = 4
export const MAX_PER_SUBNET_IN_TABLE = 20

/**
 * What became of a contact offered to the table.
 *
 * `added`; `known`: its id or address is present, the existing record stays; `full`: its bucket is, see
 * `replacementCandidate`; `refused`: its host or subnet has enough contacts; `self`: it is our own id.
 */
export type AddOutcome = 'added' | 'known' | 'full' | 'refused' | 'self'

export interface TableOptions {
  /** Contacts one public host may have in a bucket, at least 1. Default 2; Infinity switches it off. */
  maxPerHostInBucket?: number
  /** Contacts one public host may have in the table, at least 1. Default 10; Infinity switches it off. */
  maxPerHostInTable?: number
  /** Contacts one public /24 may have in a bucket, at least 1. Default Infinity: no cap. */
  maxPerSubnetInBucket?: number
  /** Contacts one public /24 may have in the table, at least 1. Default Infinity: no cap. */
  maxPerSubnetInTable?: number
  /** Whether a host is of our own network, where no cap holds; may change its mind. Default: loopback and private. */
  isNear?: (ip: number) => boolean
}

/** Where 20 are to be expected, fewer than 4 come by chance once in 10,000 buckets. */
const GAP_CONTACTS = 4

const EMPTY: readonly Contact[] = Object.freeze([])

type Caps = Readonly<Required<TableOptions>>

export class RoutingTable {
  /** The 32-byte id the buckets are ordered around. */
  readonly id: Uint8Array
  /** Most contacts of a bucket. */
  readonly k: number

  /** Index: shared prefix length; made up to the deepest used. BOUNDED: by 256 buckets of k contacts. */
  readonly #buckets: (Contact[] | null)[] = []
  /** Index of the deepest bucket with a contact, or -1. */
  #deepest = -1
  readonly #byId = new IdTrie()
  /** By address key. BOUNDED: one entry for each contact of the buckets. */
  readonly #byKey = new Map<number, Contact>()
  /** Contacts of each /24, by the first three octets. BOUNDED: one entry for each /24 of the buckets. */
  readonly #perSubnet = new Map<number, number>()
  readonly #recency = new RecencyList()
  readonly #caps: Caps

  /**
   * @param id 32-byte Uint8Array; kept, not copied
   * @param k most contacts of a bucket, default 20
   */
  constructor(id: Uint8Array, k: number = K, options: TableOptions = {}) {
    this.id = id
    this.k = k
    this.#caps = {
      maxPerHostInBucket: options.maxPerHostInBucket ?? MAX_PER_HOST_IN_BUCKET,
      maxPerHostInTable: options.maxPerHostInTable ?? MAX_PER_HOST_IN_TABLE,
      maxPerSubnetInBucket: options.maxPerSubnetInBucket ?? Infinity,
      maxPerSubnetInTable: options.maxPerSubnetInTable ?? Infinity,
      isNear: options.isNear ?? isLocal,
    }
  }

  /** Number of contacts. */
  get size(): number {
    return this.#byKey.size
  }

  /** The same contacts in the order in which they were last heard. */
  get recency(): Recency {
    return this.#recency
  }

  /** Takes a contact in, as the newest one, where there is room for it. */
  add(contact: Contact): AddOutcome {
    const index = commonPrefixLength(contact.id, this.id)
    if (index === ID_BITS) return 'self'
    const bucket = this.#buckets[index] ?? null
    if (this.#byKey.has(contact.key) || (bucket !== null && find(bucket, contact.id) !== null)) return 'known'
    if (this.#isCapped(contact, bucket)) return 'refused'
    if (bucket !== null && bucket.length >= this.k) return 'full'
    this.#insert(contact, index, bucket)
    return 'added'
  }

  /** Takes the contact with this id out and returns it, or null where there is none. */
  remove(id: Uint8Array): Contact | null {
    const contact = this.get(id)
    if (contact !== null) this.#extract(contact)
    return contact
  }

  /** Takes this very record out. False where the table has none, or a younger one, of the same id. */
  discard(contact: Contact): boolean {
    if (this.#byKey.get(contact.key) !== contact) return false
    this.#extract(contact)
    return true
  }

  /** Notes that a contact was heard: makes it the newest. No effect on a record that is in no table (any more). */
  touch(contact: Contact): void {
    if (this.#recency.has(contact)) this.#recency.touch(contact)
  }

  get(id: Uint8Array): Contact | null {
    const bucket = this.#buckets[commonPrefixLength(id, this.id)]
    return bucket ? find(bucket, id) : null
  }

  has(id: Uint8Array): boolean {
    return this.get(id) !== null
  }

  /** The contact at an address, by `addressKey`: no hashing, no strings. */
  byKey(key: number): Contact | null {
    return this.#byKey.get(key) ?? null
  }

  /** The k-bucket that `id` belongs in, in no particular order. Live: the caller does not change or keep it. */
  bucketOf(id: Uint8Array): readonly Contact[] {
    return this.#buckets[commonPrefixLength(id, this.id)] ?? EMPTY
  }

  /**
   * The shallowest bucket that has suspiciously few contacts, or -1. A bucket covers as much of the keyspace as all
   * deeper ones together; where those hold k and it holds next to none, we have missed a part of the network.
   */
  get gap(): number {
    let deeper = this.size
    for (let i = 0; i <= this.#deepest; i++) {
      const length = this.#buckets[i]?.length ?? 0
      deeper -= length
      if (length < GAP_CONTACTS && deeper >= this.k) return i
    }
    return -1
  }

  /** Whether fewer than k contacts share as many bits with us as `id` does: it would be one of our neighbours. */
  isNeighbour(id: Uint8Array): boolean {
    let near = 0
    for (let i = this.#deepest; i >= commonPrefixLength(id, this.id) && near < this.k; i--) {
      near += this.#buckets[i]?.length ?? 0
    }
    return near < this.k
  }

  /**
   * The `n` contacts nearest to `target`, nearest first.
   *
   * @param target 32-byte Uint8Array
   * @param n most contacts wanted, default k
   * @returns an array of the caller's own
   */
  closest(target: Uint8Array, n: number = this.k): Contact[] {
    return this.#byId.nearest(target, n)
  }

  /**
   * Addresses of the k contacts nearest to the 32-byte target at `targetAt`, nearest first, for a reply: to be written
   * before the next call, of whatever table.
   */
  closestAddresses(target: Uint8Array, targetAt: number): NearestAddresses {
    return this.#byId.nearestAddresses(target, targetAt, this.k)
  }

  /** One of the contacts, each with the same probability; null when there is none. */
  random(random: Random = systemRandom): Contact | null {
    if (this.size === 0) return null
    let skip = random.below(this.size)
    for (let i = 0; i <= this.#deepest; i++) {
      const bucket = this.#buckets[i]
      if (!bucket) continue
      if (skip < bucket.length) return bucket[skip]!
      skip -= bucket.length
    }
    return null
  }

  /** All contacts, deepest bucket first. */
  toArray(): Contact[] {
    const out: Contact[] = []
    for (let i = this.#deepest; i >= 0; i--) {
      const bucket = this.#buckets[i]
      if (bucket) out.push(...bucket)
    }
    return out
  }

  /**
   * Moves the contacts to a new table around another id; this one is empty afterwards. Where a bucket overflows, those
   * known longest stay: they are the likeliest to live on (Kademlia section 2.1). Order of recency is kept.
   *
   * @returns the new table, and the contacts that found no place in it
   */
  moveTo(id: Uint8Array): { table: RoutingTable; dropped: Contact[] } {
    const table = new RoutingTable(id, this.k, this.#caps)
    const oldestFirst = [...this.#recency].reverse()
    for (const contact of oldestFirst) this.#extract(contact)
    const dropped: Contact[] = []
    for (const contact of oldestFirst.toSorted(byAge)) {
      if (table.add(contact) !== 'added') dropped.push(contact)
    }
    for (const contact of oldestFirst) table.touch(contact)
    return { table, dropped }
  }

  #insert(contact: Contact, index: number, bucket: Contact[] | null): void {
    if (bucket === null) {
      while (this.#buckets.length <= index) this.#buckets.push(null)
      this.#buckets[index] = [contact]
    } else {
      bucket.push(contact)
    }
    if (index > this.#deepest) this.#deepest = index
    this.#byId.insert(contact)
    this.#byKey.set(contact.key, contact)
    this.#countSubnet(contact.ip, 1)
    this.#recency.touch(contact)
  }

  #extract(contact: Contact): void {
    const bucket = this.#buckets[commonPrefixLength(contact.id, this.id)]!
    const last = bucket.pop()!
    if (last !== contact) bucket[bucket.indexOf(contact)] = last
    while (this.#deepest >= 0 && !this.#buckets[this.#deepest]?.length) this.#deepest--
    this.#byId.remove(contact)
    this.#byKey.delete(contact.key)
    this.#countSubnet(contact.ip, -1)
    this.#recency.remove(contact)
  }

  /** Whether its host or its subnet has as many contacts as one may have. */
  #isCapped({ ip }: Contact, bucket: Contact[] | null): boolean {
    const inSubnet = this.#perSubnet.get(subnetOf(ip))
    if (inSubnet === undefined || this.#caps.isNear(ip)) return false
    const { maxPerHostInBucket, maxPerHostInTable, maxPerSubnetInBucket, maxPerSubnetInTable } = this.#caps
    if (inSubnet >= maxPerSubnetInTable) return true
    if (bucket !== null) {
      let ofHost = 0
      let ofSubnet = 0
      for (let i = 0; i < bucket.length; i++) {
        const other = bucket[i]!.ip
        if (other === ip) ofHost++
        if (subnetOf(other) === subnetOf(ip)) ofSubnet++
      }
      if (ofHost >= maxPerHostInBucket || ofSubnet >= maxPerSubnetInBucket) return true
    }
    // A host has no more contacts than its subnet: most times there is nothing to count.
    return inSubnet >= maxPerHostInTable && this.#countOf(ip) >= maxPerHostInTable
  }

  /** Contacts of a host. Looks at all. */
  #countOf(ip: number): number {
    let count = 0
    for (const contact of this.#byKey.values()) if (contact.ip === ip) count++
    return count
  }

  #countSubnet(ip: number, change: number): void {
    const subnet = subnetOf(ip)
    const count = (this.#perSubnet.get(subnet) ?? 0) + change
    if (count === 0) this.#perSubnet.delete(subnet)
    else this.#perSubnet.set(subnet, count)
  }
}

/** The first three octets. */
function subnetOf(ip: number): number {
  return ip >>> 8
}

/** A local network has few hosts with many nodes, and no stranger gets at it. */
function isLocal(ip: number): boolean {
  const scope = addressScope(ip)
  return scope === 'loopback' || scope === 'private'
}

function find(bucket: readonly Contact[], id: Uint8Array): Contact | null {
  const prefix = idPrefix(id)
  for (let i = 0; i < bucket.length; i++) {
    const contact = bucket[i]!
    if (contact.prefix === prefix && sameId(contact.id, id)) return contact
  }
  return null
}

function byAge(a: Contact, b: Contact): number {
  return a.addedAt - b.addedAt
}
