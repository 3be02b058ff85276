/**
 * How much lies where: entries and bytes of a store as a whole, by channel, by owner within a channel, and by key.
 * Pure bookkeeping for storage engines; counts in steps, so it is exact when it is told of every change.
 */
import { toHex } from '../hex.js'
import { type Entry, entrySizeBytes } from '../entry.js'
import type { StoreUsage } from './contract.js'

/** An entry, as far as it counts. */
export interface Counted {
  readonly channel: string
  /** 32-byte key. */
  readonly target: Uint8Array
  /** 32-byte public key, or null. */
  readonly owner: Uint8Array | null
  readonly sizeBytes: number
}

/** What counts of an entry. */
export function countedOf(entry: Entry): Counted {
  const { channel, target, owner } = entry
  return { channel, target, owner, sizeBytes: entrySizeBytes(entry) }
}

interface Account {
  entries: number
  bytes: number
}

const NOTHING: StoreUsage = { entries: 0, bytes: 0 }

export class UsageLedger {
  readonly #total: Account = { entries: 0, bytes: 0 }
  /** By channel. BOUNDED: by the entries of the store; an account without entries is dropped. */
  readonly #channels = new Map<string, Account>()
  /** By channel and owner. BOUNDED: likewise. */
  readonly #owners = new Map<string, Account>()
  /** Entries by channel and target. BOUNDED: likewise. Numbers alone, as there are as many keys as entries in most stores. */
  readonly #keys = new Map<string, number>()

  /** Takes note that `before` was replaced by `after`; null: there is none. */
  replace(before: Counted | null, after: Counted | null): void {
    if (before !== null) this.#count(before, -1)
    if (after !== null) this.#count(after, 1)
  }

  /** Everything, or one channel. */
  usage(channel?: string): StoreUsage {
    return { ...(channel === undefined ? this.#total : (this.#channels.get(channel) ?? NOTHING)) }
  }

  usageOfOwner(channel: string, owner: Uint8Array): StoreUsage {
    return { ...(this.#owners.get(accountKey(channel, owner)) ?? NOTHING) }
  }

  countOf(channel: string, target: Uint8Array): number {
    return this.#keys.get(accountKey(channel, target)) ?? 0
  }

  #count(entry: Counted, sign: 1 | -1): void {
    const bytes = sign * entry.sizeBytes
    this.#total.entries += sign
    this.#total.bytes += bytes
    add(this.#channels, entry.channel, sign, bytes)
    const key = accountKey(entry.channel, entry.target)
    const count = (this.#keys.get(key) ?? 0) + sign
    if (count === 0) this.#keys.delete(key)
    else this.#keys.set(key, count)
    if (entry.owner !== null) add(this.#owners, accountKey(entry.channel, entry.owner), sign, bytes)
  }
}

function accountKey(channel: string, bytes: Uint8Array): string {
  return `${toHex(bytes)}/${channel}`
}

function add(accounts: Map<string, Account>, key: string, entries: number, bytes: number): void {
  let account = accounts.get(key)
  if (account === undefined) accounts.set(key, (account = { entries: 0, bytes: 0 }))
  account.entries += entries
  account.bytes += bytes
  if (account.entries === 0) accounts.delete(key)
}
