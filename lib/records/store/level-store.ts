/**
 * Entries in an abstract-level database: on disk with classic-level, in a page's IndexedDB with browser-level, in memory
 * with memory-level, or any other.
 *
 * Two rows an entry, written in one batch:
 *
 *     'e' channel 0 target(32) subkey                        -> the entry (entry-codec.ts)
 *     'x' heldUntilMs(8, big-endian) channel 0 target subkey -> its size, and the owner (32) where it has one
 *
 * so that the order of the first ones is that of the contract, the second ones tell what ends next, and opening counts what
 * lies where from the second ones alone.
 *
 * Durability: what `put` resolved for survives the end of the process at once, as the engine has handed it to the system.
 * It survives the end of the machine after `syncIntervalMs` at the latest: a write with `sync` then flushes all before it.
 */
import b4a from 'b4a'
import { type Cancel, type Clock, systemClock } from '../../primitives/clock.js'
import { DHTError } from '../../primitives/errors.js'
import { ByteReader } from '../codec/byte-reader.js'
import { encodeFields, raw, uint } from '../codec/fields.js'
import { type Entry, type EntryKey, entrySizeBytes } from '../entry.js'
import type { ListPage, ListQuery, RecordStore, StoreUsage } from './contract.js'
import { decodeEntry, encodeEntry } from './entry-codec.js'
import { type Counted, countedOf, UsageLedger } from './usage-ledger.js'

/**
 * Any abstract-level database (version 2 or newer), by its shape. Keys and values are bytes to us, whatever encodings it has
 * by default.
 */
export interface LevelDatabase {
  open(): Promise<void>
  close(): Promise<void>
  get(key: never, options: object): unknown
  put(key: never, value: never, options: object): Promise<void>
  batch(operations: never[], options: object): Promise<void>
  iterator(options: object): unknown
}

export interface LevelStoreOptions {
  /** Longest time in ms until an acknowledged write survives a power failure; 0: it does at once. Default 1000. */
  syncIntervalMs?: number
  /** Default: the machine's. */
  clock?: Clock
}

const ENTRIES = Uint8Array.of(0x65) // e
const EXPIRIES = Uint8Array.of(0x78) // x
/** What is written to have all before it flushed. */
const MARK = Uint8Array.of(0x73) // s

const TIME_BYTES = 8
const KEY_BYTES = 32

/** Row limits of a range read at a time: entries of 1 kB then take 100 kB. */
const ROWS = 100

const BINARY = { keyEncoding: 'view', valueEncoding: 'view' } as const

/** The same, as it is used. */
interface Database {
  open(): Promise<void>
  close(): Promise<void>
  get(key: Uint8Array, options: object): Promise<Uint8Array | undefined>
  put(key: Uint8Array, value: Uint8Array, options: object): Promise<void>
  batch(operations: Operation[], options: object): Promise<void>
  iterator(options: object): AsyncIterable<Row> & { all(): Promise<Row[]> }
}

type Row = [key: Uint8Array, value: Uint8Array]

type Operation = { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array }

/**
 * A {@link RecordStore} in a database.
 *
 * @example
 * import { ClassicLevel } from 'classic-level'
 * const records = new Records(node, { store: new LevelStore(new ClassicLevel('./records')) })
 */
export class LevelStore implements RecordStore {
  /** Rows that were no entries, and were passed over. */
  damaged = 0
  /** Flushes that the engine refused. While the last one was, each write is flushed by itself, and fails if that does. */
  failedSyncs = 0
  readonly #database: Database
  readonly #ledger = new UsageLedger()
  readonly #syncIntervalMs: number
  readonly #clock: Clock
  #cancelSync: Cancel | null = null
  #syncing: Promise<void> | null = null
  #isSyncFailing = false
  #closed = false

  /**
   * @param database the store's own from now on: it opens and closes it. Share one by passing a sublevel of it
   * @throws TypeError for what is no database, RangeError for an interval that is none
   */
  constructor(database: LevelDatabase, { syncIntervalMs = 1000, clock = systemClock }: LevelStoreOptions = {}) {
    if (typeof (database as Partial<LevelDatabase> | null)?.batch !== 'function') {
      throw new TypeError('database must be an abstract-level database')
    }
    if (!(syncIntervalMs >= 0 && syncIntervalMs < Infinity)) throw new RangeError('syncIntervalMs must be 0 or more')
    this.#database = database as unknown as Database
    this.#syncIntervalMs = syncIntervalMs
    this.#clock = clock
  }

  async open(): Promise<void> {
    this.#check()
    await this.#attempt(async () => {
      await this.#database.open()
      for await (const [key, value] of this.#database.iterator(rangeOf(EXPIRIES))) {
        const counted = parseExpiry(key, value)
        if (counted === null) this.damaged++
        else this.#ledger.replace(null, counted)
      }
    })
  }

  get(key: EntryKey): Promise<Entry | null> {
    this.#check()
    return this.#attempt(() => this.#read(key))
  }

  async put(entry: Entry): Promise<void> {
    this.#check()
    await this.#attempt(async () => {
      const before = await this.#read(entry)
      const operations: Operation[] = [
        { type: 'put', key: entryKey(entry), value: encodeEntry(entry) },
        { type: 'put', key: expiryKey(entry), value: expiryValue(entry) },
      ]
      if (before !== null && before.heldUntilMs !== entry.heldUntilMs) {
        operations.unshift({ type: 'del', key: expiryKey(before) })
      }
      await this.#write(operations)
      this.#ledger.replace(before && countedOf(before), countedOf(entry))
    })
  }

  delete(key: EntryKey): Promise<boolean> {
    this.#check()
    return this.#attempt(async () => {
      const entry = await this.#read(key)
      if (entry === null) return false
      await this.#write(deletionOf(entry))
      this.#ledger.replace(countedOf(entry), null)
      return true
    })
  }

  list({ channel, target, after, sinceMs, limit, limitBytes }: ListQuery): Promise<ListPage> {
    this.#check()
    return this.#attempt(async () => {
      const range = rangeOf(b4a.concat([ENTRIES, channelPrefix(channel), target]))
      // The first key behind one is that key and a zero.
      if (after !== null) range.gte = b4a.concat([range.gte, after, Uint8Array.of(0)])
      const entries: Entry[] = []
      let sizeBytes = 0
      for await (const entry of this.#walk(range, channel)) {
        if (entry.storedAtMs < sinceMs) continue
        sizeBytes += entry.value.length + entry.proof.length + entry.signature.length
        if (entries.length > 0 && (entries.length >= limit || sizeBytes > limitBytes)) {
          return { entries, next: entries.at(-1)!.subkey }
        }
        entries.push(entry)
      }
      return { entries, next: null }
    })
  }

  async *entries(channel?: string): AsyncGenerator<Entry> {
    this.#check()
    const prefix = channel === undefined ? ENTRIES : b4a.concat([ENTRIES, channelPrefix(channel)])
    yield* this.#walk(rangeOf(prefix), channel)
  }

  sweep(nowMs: number, limit: number): Promise<ReadonlyMap<string, number>> {
    this.#check()
    return this.#attempt(async () => {
      const counts = new Map<string, number>()
      // What stands behind the time begins with a lower byte than that.
      const range = { ...rangeOf(EXPIRIES), lt: b4a.concat([EXPIRIES, timeBytes(nowMs), Uint8Array.of(0xff)]) }
      for (let left = limit; left > 0;) {
        const rows = await this.#database.iterator({ ...range, limit: Math.min(ROWS, left) }).all()
        if (rows.length === 0) break
        left -= rows.length
        const operations: Operation[] = []
        for (const [key] of rows) {
          operations.push({ type: 'del', key }, { type: 'del', key: entryKeyOfExpiry(key) })
        }
        await this.#write(operations)
        for (const [key, value] of rows) {
          const counted = parseExpiry(key, value)
          if (counted === null) continue
          this.#ledger.replace(counted, null)
          counts.set(counted.channel, (counts.get(counted.channel) ?? 0) + 1)
        }
      }
      return counts
    })
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

  /** Flushes what was written, and closes the database. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const isPending = this.#cancelSync !== null
    this.#cancelSync?.()
    this.#cancelSync = null
    await this.#attempt(async () => {
      if (isPending) await this.#database.put(MARK, MARK, { ...BINARY, sync: true })
      await this.#syncing
      await this.#database.close()
    })
  }

  async #read(key: EntryKey): Promise<Entry | null> {
    const bytes = await this.#database.get(entryKey(key), BINARY)
    if (bytes === undefined) return null
    const entry = decodeEntry(bytes, key.channel)
    if (entry === null) this.damaged++
    return entry
  }

  async *#walk(range: Range, channel?: string): AsyncGenerator<Entry> {
    for await (const [key, value] of this.#database.iterator(range)) {
      const entry = decodeEntry(value, channel ?? channelOf(key))
      if (entry === null) this.damaged++
      else yield entry
    }
  }

  async #write(operations: Operation[]): Promise<void> {
    const sync = this.#syncIntervalMs === 0 || this.#isSyncFailing
    await this.#database.batch(operations, { ...BINARY, sync })
    if (sync) this.#isSyncFailing = false
    else this.#cancelSync ??= this.#clock.after(this.#syncIntervalMs, () => this.#sync(), true)
  }

  #sync(): void {
    this.#cancelSync = null
    this.#syncing = this.#database.put(MARK, MARK, { ...BINARY, sync: true }).catch(() => {
      this.failedSyncs++
      this.#isSyncFailing = true
    })
  }

  #check(): void {
    if (this.#closed) throw new DHTError('STORE_FAILED', 'The store is closed')
  }

  /** Errors of the engine under one code, with the engine's own as the cause. */
  async #attempt<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (cause) {
      throw new DHTError('STORE_FAILED', `The record store failed: ${(cause as Error).message}`, { cause })
    }
  }
}

interface Range {
  gte: Uint8Array
  lt: Uint8Array
  keyEncoding: 'view'
  valueEncoding: 'view'
}

/** All keys that begin with `prefix`, which is not all ones. */
function rangeOf(prefix: Uint8Array): Range {
  let length = prefix.length
  while (prefix[length - 1] === 0xff) length--
  const lt = Uint8Array.from(prefix.subarray(0, length)) // a Buffer's slice would share its memory
  lt[length - 1]!++
  return { gte: prefix, lt, ...BINARY }
}

function channelPrefix(channel: string): Uint8Array {
  return b4a.concat([b4a.from(channel), Uint8Array.of(0)])
}

/** The part of keys that says where an entry lies. */
function placeOf({ channel, target, subkey }: EntryKey): Uint8Array {
  return b4a.concat([channelPrefix(channel), target, subkey])
}

function entryKey(key: EntryKey): Uint8Array {
  return b4a.concat([ENTRIES, placeOf(key)])
}

function expiryKey(entry: Entry): Uint8Array {
  return b4a.concat([EXPIRIES, timeBytes(entry.heldUntilMs), placeOf(entry)])
}

function entryKeyOfExpiry(key: Uint8Array): Uint8Array {
  return b4a.concat([ENTRIES, key.subarray(1 + TIME_BYTES)])
}

/** A time so that later ones are higher in bytewise order. */
function timeBytes(ms: number): Uint8Array {
  const bytes = b4a.alloc(TIME_BYTES)
  new DataView(bytes.buffer, bytes.byteOffset).setFloat64(0, Math.max(0, ms))
  return bytes
}

function expiryValue(entry: Entry): Uint8Array {
  const size = uint(entrySizeBytes(entry))
  return entry.owner === null ? encodeFields([size]) : encodeFields([size, raw(entry.owner)])
}

/** What an expiry row says of its entry; null where it is none. */
function parseExpiry(key: Uint8Array, value: Uint8Array): Counted | null {
  const end = key.indexOf(0, 1 + TIME_BYTES)
  const reader = new ByteReader(value)
  const sizeBytes = reader.uint()
  const owner = reader.rest === 0 ? null : reader.take(KEY_BYTES)
  if (reader.failed || end === -1 || end + 1 + KEY_BYTES > key.length) return null
  const channel = b4a.toString(key.subarray(1 + TIME_BYTES, end))
  return { channel, target: key.subarray(end + 1, end + 1 + KEY_BYTES), owner, sizeBytes }
}

function channelOf(key: Uint8Array): string {
  return b4a.toString(key.subarray(1, key.indexOf(0)))
}

function deletionOf(entry: Entry): Operation[] {
  return [
    { type: 'del', key: entryKey(entry) },
    { type: 'del', key: expiryKey(entry) },
  ]
}
