/** A store in memory: gone with the process, and as fast as a Map. */
import b4a from 'b4a'
import { DHTError } from '../../primitives/errors.js'
import type { Entry, EntryKey } from '../entry.js'
import { toHex } from '../hex.js'
import type { ListPage, ListQuery, RecordStore, StoreUsage } from './contract.js'
import { ExpiryQueue } from './expiry-queue.js'
import { countedOf, UsageLedger } from './usage-ledger.js'

/** The entries under one target, by the hex of their subkeys, and these in order once somebody asks for that. */
interface Shelf {
  readonly entries: Map<string, Entry>
  order: string[] | null
}

/** What lies under one target. Mostly that is one entry, for which a Map would be the largest part. */
type Place = Entry | Shelf

/** @internal A page of entries that are in the order of their subkeys, by the rules of {@link ListQuery}. */
export function takePage(entries: Iterable<Entry>, { sinceMs, limit, limitBytes }: ListQuery): ListPage {
  const page: Entry[] = []
  let bytes = 0
  for (const entry of entries) {
    if (entry.storedAtMs < sinceMs) continue
    bytes += entry.value.length + entry.proof.length + entry.signature.length
    if (page.length > 0 && (page.length >= limit || bytes > limitBytes)) {
      return { entries: page, next: page.at(-1)!.subkey }
    }
    page.push(entry)
  }
  return { entries: page, next: null }
}

export class MemoryStore implements RecordStore {
  readonly #ledger = new UsageLedger()
  /** By channel, then by the hex of the target. BOUNDED: by the limits that entries are admitted by. */
  readonly #channels = new Map<string, Map<string, Place>>()
  readonly #queue = new ExpiryQueue((entry) => this.#find(entry) === entry)
  #closed = false

  async open(): Promise<void> {
    this.#check()
  }

  async get(key: EntryKey): Promise<Entry | null> {
    this.#check()
    return this.#find(key)
  }

  async put(entry: Entry): Promise<void> {
    this.#check()
    const before = this.#place(entry)
    this.#ledger.replace(before && countedOf(before), countedOf(entry))
    if (before !== null) this.#queue.noteDead()
    this.#queue.push(entry)
  }

  async delete(key: EntryKey): Promise<boolean> {
    this.#check()
    const entry = this.#find(key)
    if (entry === null) return false
    this.#remove(entry)
    this.#queue.noteDead()
    return true
  }

  async list(query: ListQuery): Promise<ListPage> {
    this.#check()
    const place = this.#channels.get(query.channel)?.get(toHex(query.target))
    return place === undefined ? { entries: [], next: null } : takePage(walk(shelfOf(place), query.after), query)
  }

  async *entries(channel?: string): AsyncGenerator<Entry> {
    this.#check()
    for (const name of channel === undefined ? [...this.#channels.keys()] : [channel]) {
      // Maps are walked while they change, and sorting a million keys would hold up everything else.
      for (const place of this.#channels.get(name)?.values() ?? []) {
        this.#check()
        if (isShelf(place)) yield* place.entries.values()
        else yield place
      }
    }
  }

  async sweep(nowMs: number, limit: number): Promise<ReadonlyMap<string, number>> {
    this.#check()
    const counts = new Map<string, number>()
    for (let left = limit; left > 0; left--) {
      const entry = this.#queue.pop(nowMs)
      if (entry === null) break
      this.#remove(entry)
      counts.set(entry.channel, (counts.get(entry.channel) ?? 0) + 1)
    }
    return counts
  }

  usage(channel?: string): StoreUsage {
    return this.#ledger.usage(channel)
  }

  usageOfOwner(channel: string, owner: Uint8Array): StoreUsage {
    return this.#ledger.usageOfOwner(channel, owner)
  }

  countOf(channel: string, target: Uint8Array): number {
    return this.#ledger.countOf(channel, target)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#channels.clear()
  }

  #check(): void {
    if (this.#closed) throw new DHTError('STORE_FAILED', 'The store is closed')
  }

  #find({ channel, target, subkey }: EntryKey): Entry | null {
    const place = this.#channels.get(channel)?.get(toHex(target))
    if (place === undefined) return null
    if (isShelf(place)) return place.entries.get(toHex(subkey)) ?? null
    return b4a.equals(place.subkey, subkey) ? place : null
  }

  /** @returns the entry whose place it takes, or null */
  #place(entry: Entry): Entry | null {
    const { channel } = entry
    let places = this.#channels.get(channel)
    if (places === undefined) this.#channels.set(channel, (places = new Map()))
    const key = toHex(entry.target)
    const place = places.get(key)
    if (place === undefined || (!isShelf(place) && b4a.equals(place.subkey, entry.subkey))) {
      places.set(key, entry)
      return place ?? null
    }
    const shelf = shelfOf(place)
    if (shelf !== place) places.set(key, shelf)
    const subkey = toHex(entry.subkey)
    const before = shelf.entries.get(subkey) ?? null
    shelf.entries.set(subkey, entry)
    // Sorting anew for each newcomer would make a large set that is written and read costly.
    if (before === null) shelf.order?.splice(indexBehind(shelf.order, subkey), 0, subkey)
    return before
  }

  #remove(entry: Entry): void {
    const places = this.#channels.get(entry.channel)!
    const target = toHex(entry.target)
    const place = places.get(target)!
    this.#ledger.replace(countedOf(entry), null)
    if (isShelf(place)) {
      place.entries.delete(toHex(entry.subkey))
      place.order = null
      if (place.entries.size > 0) return
    }
    places.delete(target)
    if (places.size === 0) this.#channels.delete(entry.channel)
  }
}

function isShelf(place: Place): place is Shelf {
  return 'entries' in place
}

function shelfOf(place: Place): Shelf {
  return isShelf(place) ? place : { entries: new Map([[toHex(place.subkey), place]]), order: null }
}

/** The entries behind `after`, in order. */
function* walk(shelf: Shelf, after: Uint8Array | null): Generator<Entry> {
  const order = (shelf.order ??= [...shelf.entries.keys()].sort())
  for (let i = after === null ? 0 : indexBehind(order, toHex(after)); i < order.length; i++) {
    const entry = shelf.entries.get(order[i]!)
    if (entry !== undefined) yield entry
  }
}

/** Index of the first of these sorted keys that is greater. */
function indexBehind(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (keys[middle]! <= key) low = middle + 1
    else high = middle
  }
  return low
}
