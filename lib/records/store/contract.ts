/**
 * What a storage engine has to do. It keeps entries and counts their bytes; it decides nothing: signatures, order, life
 * and limits have been looked at before `put` is called, and after `get` has returned.
 *
 * Rules for implementers:
 * - An entry that `put` has resolved for is returned by every later `get`, `list` and `entries`, until it is replaced,
 *   deleted or swept. A failed `put` has changed nothing.
 * - `get`, `list` and `entries` return entries with buffers that nobody changes any more.
 * - One caller at a time writes a key; different keys are written at the same time.
 * - `usage` is exact at any moment between calls, also after a restart.
 * - Wall time comes from the caller; an engine has no clock.
 * - After `close` every call rejects.
 *
 * `recordStoreChecks` (conformance.ts) checks all of it.
 */
import type { Entry, EntryKey } from '../entry.js'

/** What lies in a store, or belongs to one owner there. */
export interface StoreUsage {
  /** Number of entries. */
  readonly entries: number
  /** Their `entrySizeBytes` together. */
  readonly bytes: number
}

/** Which entries of a key to list. */
export interface ListQuery {
  readonly channel: string
  /** 32-byte key. */
  readonly target: Uint8Array
  /** Only subkeys behind this one, in bytewise order; null: from the start. */
  readonly after: Uint8Array | null
  /** Only entries admitted at or after this wall time in ms; 0: all. */
  readonly sinceMs: number
  /** At most so many. */
  readonly limit: number
  /** Stops before the values, proofs and signatures together exceed this, but gives one entry at least. */
  readonly limitBytes: number
}

export interface ListPage {
  /** In bytewise order of their subkeys. */
  readonly entries: readonly Entry[]
  /** Pass it as `after` for the next page; null: there is none. */
  readonly next: Uint8Array | null
}

export interface RecordStore {
  /** Called once, before anything else. */
  open(): Promise<void>
  /** The entry of a key, or null. */
  get(key: EntryKey): Promise<Entry | null>
  /** Keeps an entry, in place of the one that had its key. Resolves when it is as durable as the engine makes it. */
  put(entry: Entry): Promise<void>
  /** Forgets the entry of a key; false when there was none. */
  delete(key: EntryKey): Promise<boolean>
  /** The entries under a target, page by page. */
  list(query: ListQuery): Promise<ListPage>
  /**
   * All entries, or those of a channel, in any order. What is put or deleted meanwhile may be among them, in either form,
   * and more than once; every other one is, once. Must not hold up the process, however many there are.
   */
  entries(channel?: string): AsyncIterable<Entry>
  /**
   * Deletes entries whose `heldUntilMs` is at or before `nowMs`, at most `limit` of them.
   *
   * @returns how many were deleted, by channel; all together fewer than `limit` when none is left
   */
  sweep(nowMs: number, limit: number): Promise<ReadonlyMap<string, number>>
  /** Everything, or what lies in a channel. */
  usage(channel?: string): StoreUsage
  /** What counts against an owner, in a channel. */
  usageOfOwner(channel: string, owner: Uint8Array): StoreUsage
  /** How many entries lie under a target. */
  countOf(channel: string, target: Uint8Array): number
  /** Lets go of everything. What was put stays, where the engine is durable. Idempotent. */
  close(): Promise<void>
}
