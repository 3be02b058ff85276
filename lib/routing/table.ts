/**
 * The routing table: which nodes we know, in k-buckets by the number of leading bits they share with our id
 * (Maymounkov and Mazières, "Kademlia", 2002, section 2.4; behaviour section 11).
 *
 * Invariants:
 * - a contact is in its bucket, in the address index and in the recency list, or in none of them; only the table
 *   writes these three, so they cannot disagree;
 * - one record for an id, one for an address;
 * - `closest` is exact and sorted by XOR distance;
 * - a public host cannot fill a bucket or the table by itself, however many ports it opens.
 */
import { addressScope } from '../primitives/address.js'
import { commonPrefixLength, ID_BITS, idBit, idPrefix, sameId } from '../primitives/id.js'
import type { Random } from '../primitives/random.js'
import { appendNearest } from './bucket.js'
import type { Contact } from './contact.js'
import type { Recency } from './recency.js'
import { RecencyList } from './recency.js'

/** Contacts of a bucket, of a reply and of a lookup's result: what dht-rpc uses, so replies look alike. */
export const K = 20

/** Of 20 in a bucket: an attacker needs ten hosts for a bucket, while two nodes behind one NAT still fit. */
const MAX_PER_HOST_IN_BUCKET = 2
/** Of some hundred in a table: a provider's shared address stays useful, and one host stays a small share. */
const MAX_PER_HOST_IN_TABLE = 10

/**
 * What became of a contact offered to the table.
 *
 * `added`; `known`: its id or address is present, the existing record stays; `full`: its bucket is, see
 * `replacementCandidate`; `refused`: its host has enough contacts; `self`: it is our own id.
 */
export type AddOutcome = 'added' | 'known' | 'full' | 'refused' | 'self'

export interface TableOptions {
  /** Contacts one public host may have in a bucket, at least 1. Default 2; Infinity switches it off. */
  maxPerHostInBucket?: number
  /** Contacts one public host may have in the table, at least 1. Default 10; Infinity switches it off. */
  maxPerHostInTable?: number
}

/** Where 20 are to be expected, fewer than 4 come by chance once in 10,000 buckets. */
const GAP_CONTACTS = 4

const EMPTY: readonly Contact[] = Object.freeze([])

export class RoutingTable {
  /** The 32-byte id the buckets are ordered around. */
  readonly id: Uint8Array
  /** Most contacts of a bucket. */
  readonly k: number

  /** Index: shared prefix length; made up to the deepest used. BOUNDED: by 256 buckets of k contacts. */
  readonly #buckets: (Contact[] | null)[] = []
  /** Index of the deepest bucket with a contact, or -1. */
  #deepest = -1
  /** By address key. BOUNDED: one entry for each contact of the buckets. */
  readonly #byKey = new Map<number, Contact>()
  /** Contacts of each public host. BOUNDED: one entry for each host of the buckets. */
  readonly #perHost = new Map<number, number>()
  readonly #recency = new RecencyList()
  readonly #maxPerHostInBucket: number
  readonly #maxPerHostInTable: number

  /**
   * @param id 32-byte Uint8Array; kept, not copied
   * @param k most contacts of a bucket, default 20
   */
  constructor(id: Uint8Array, k: number = K, options: TableOptions = {}) {
    this.id = id
    this.k = k
    this.#maxPerHostInBucket = options.maxPerHostInBucket ?? MAX_PER_HOST_IN_BUCKET
    this.#maxPerHostInTable = options.maxPerHostInTable ?? MAX_PER_HOST_IN_TABLE
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
    if (this.#hostHasEnough(contact, bucket)) return 'refused'
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
   * Let the target share d bits with our id. Bucket d shares more than d bits with the target, every deeper bucket d,
   * every shallower one its own index. The deeper ones differ by whether they agree with the target at the bit where
   * they leave our id. So whole buckets follow one another, and only their insides need sorting.
   *
   * @param target 32-byte Uint8Array
   * @param n most contacts wanted, default k
   * @returns an array of the caller's own
   */
  closest(target: Uint8Array, n: number = this.k): Contact[] {
    const out: Contact[] = []
    if (n <= 0) return out
    const buckets = this.#buckets
    const deepest = this.#deepest
    const prefix = idPrefix(target)
    const shared = commonPrefixLength(target, this.id)

    if (shared <= deepest) {
      const own = buckets[shared]
      if (own && appendNearest(out, own, target, prefix, n)) return out
      // Where target and our id differ, leaving our id means agreeing with the target: the earlier, the nearer.
      for (let i = shared + 1; i <= deepest; i++) {
        const bucket = buckets[i]
        if (!bucket || idBit(target, i) === idBit(this.id, i)) continue
        if (appendNearest(out, bucket, target, prefix, n)) return out
      }
      // Where they are equal, leaving our id means leaving the target as well: the later, the nearer.
      for (let i = deepest; i > shared; i--) {
        const bucket = buckets[i]
        if (!bucket || idBit(target, i) !== idBit(this.id, i)) continue
        if (appendNearest(out, bucket, target, prefix, n)) return out
      }
    }

    for (let i = Math.min(shared - 1, deepest); i >= 0; i--) {
      const bucket = buckets[i]
      if (bucket && appendNearest(out, bucket, target, prefix, n)) return out
    }
    return out
  }

  /** One of the contacts, each with the same probability; null when there is none. */
  random(random: Random): Contact | null {
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
    const table = new RoutingTable(id, this.k, {
      maxPerHostInBucket: this.#maxPerHostInBucket,
      maxPerHostInTable: this.#maxPerHostInTable,
    })
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
    this.#byKey.set(contact.key, contact)
    this.#countHost(contact.ip, 1)
    this.#recency.touch(contact)
  }

  #extract(contact: Contact): void {
    const bucket = this.#buckets[commonPrefixLength(contact.id, this.id)]!
    const last = bucket.pop()!
    if (last !== contact) bucket[bucket.indexOf(contact)] = last
    while (this.#deepest >= 0 && !this.#buckets[this.#deepest]?.length) this.#deepest--
    this.#byKey.delete(contact.key)
    this.#countHost(contact.ip, -1)
    this.#recency.remove(contact)
  }

  #hostHasEnough({ ip }: Contact, bucket: Contact[] | null): boolean {
    // Hosts without a cap are not counted either.
    const inTable = this.#perHost.get(ip)
    if (inTable === undefined) return false
    if (inTable >= this.#maxPerHostInTable) return true
    if (bucket === null) return false
    let inBucket = 0
    for (let i = 0; i < bucket.length; i++) if (bucket[i]!.ip === ip) inBucket++
    return inBucket >= this.#maxPerHostInBucket
  }

  #countHost(ip: number, change: number): void {
    if (!isCapped(ip)) return
    const count = (this.#perHost.get(ip) ?? 0) + change
    if (count === 0) this.#perHost.delete(ip)
    else this.#perHost.set(ip, count)
  }
}

/** A local network has few hosts with many nodes, and no stranger gets at it: no cap there. */
function isCapped(ip: number): boolean {
  const scope = addressScope(ip)
  return scope !== 'loopback' && scope !== 'private'
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
