/**
 * What happened to what is kept here: of all of it together, and by channel.
 *
 * Anybody may name a channel, so only those have an account of their own that the options name, and some of the others
 * that something was kept in; what is more counts in the total alone.
 *
 * Pure bookkeeping.
 */
import type { RefusalReason } from '../rules/refusal.js'

/** What came in. */
export interface AdmissionCounts {
  /** New or newer versions stored. */
  stored: number
  /** What was there already. */
  known: number
  /** Refusals by reason. */
  refused: { [reason in RefusalReason]?: number }
}

/** What went out to other holders. */
export interface TransferCounts {
  /** Versions offered. */
  offered: number
  /** Versions sent, because the other node lacked them. */
  sent: number
  /** Of these, those it took. */
  accepted: number
}

export interface Account {
  readonly admitted: AdmissionCounts
  readonly handedOver: TransferCounts
  /** Entries deleted after their end. */
  swept: number
}

/** Channels that are counted by themselves, beside those that are named. */
const MAX_CHANNELS = 256

export class Accounts {
  readonly total: Account = createAccount()
  /** BOUNDED: by the channels that are named, and MAX_CHANNELS of those that something was kept in. */
  readonly #channels = new Map<string, Account>()
  readonly #limit: number

  /** @param named channels that have an account from the start */
  constructor(named: readonly string[] = []) {
    for (const name of named) this.#channels.set(name, createAccount())
    this.#limit = this.#channels.size + MAX_CHANNELS
  }

  /** By channel, of those that have one. */
  get channels(): ReadonlyMap<string, Account> {
    return this.#channels
  }

  /** Counts something in a channel that something is, or was, kept in. */
  count(channel: string, note: (account: Account) => void): void {
    note(this.total)
    const account = this.#open(channel)
    if (account !== null) note(account)
  }

  /** A refusal: who names a channel in which nothing is kept gets no account of it. */
  countRefusal(reason: RefusalReason, channel: string): void {
    for (const account of [this.total, this.#channels.get(channel)]) {
      if (account !== undefined) account.admitted.refused[reason] = (account.admitted.refused[reason] ?? 0) + 1
    }
  }

  #open(channel: string): Account | null {
    const known = this.#channels.get(channel)
    if (known !== undefined) return known
    if (this.#channels.size >= this.#limit) return null
    const account = createAccount()
    this.#channels.set(channel, account)
    return account
  }
}

export function createAccount(): Account {
  return {
    admitted: { stored: 0, known: 0, refused: {} },
    handedOver: { offered: 0, sent: 0, accepted: 0 },
    swept: 0,
  }
}

/** As it is now, to be given away. */
export function copyAccount({ admitted, handedOver, swept }: Account): Account {
  return { admitted: { ...admitted, refused: { ...admitted.refused } }, handedOver: { ...handedOver }, swept }
}
