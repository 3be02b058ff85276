/** The holder's side, put together: store, admission, commands, sweeping, handing over. */
import type { DHT } from '../../node/dht.js'
import type { Session } from '../../node/session.js'
import type { Cancel } from '../../primitives/clock.js'
import type { Request } from '../../rpc/request.js'
import type { Calls } from '../client/calls.js'
import { isChunkCommand, isRecordCommand } from '../codec/commands.js'
import { isHyperdhtCommand } from '../codec/hyperdht.js'
import { HYPERDHT_TTL_MS, type RecordsConfig } from '../options.js'
import type { Entry } from '../entry.js'
import type { ChannelLimits } from '../rules/limits.js'
import { type RefusalReason, REFUSALS } from '../rules/refusal.js'
import type { RecordStore, StoreUsage } from '../store/contract.js'
import { Accounts, type AdmissionCounts, copyAccount, createAccount, type TransferCounts } from './accounts.js'
import { Admission } from './admission.js'
import { ChunkHolder } from './chunk-holder.js'
import { claimOf } from './claim.js'
import { HyperdhtHolder } from './hyperdht-holder.js'
import { mountHandler } from './mount.js'
import { RecordHolder } from './record-holder.js'
import { Summaries } from './summaries.js'
import { Transfer } from './transfer.js'

/** Ended entries are swept away so often, and so many at a time. */
const SWEEP_INTERVAL_MS = 10_000
const SWEEP_LIMIT = 10_000

/** One channel. */
export interface ChannelStats {
  /** What is kept here. */
  readonly usage: StoreUsage
  /** What came in. */
  readonly admitted: AdmissionCounts
  /** What it accepts; null: nothing any more. */
  readonly limits: ChannelLimits | null
  /** What went out to other holders. */
  readonly handedOver: TransferCounts
  /** Entries deleted after their end. */
  readonly swept: number
}

export interface HolderStats {
  /** What is kept here. */
  readonly usage: StoreUsage
  /** What came in. */
  readonly admitted: AdmissionCounts
  /** The same by channel: the default one (`''`), `hyperdht`, those with options, and up to 256 that something was kept in. */
  readonly channels: Readonly<Record<string, ChannelStats>>
  /** What went out to other holders. */
  readonly handedOver: TransferCounts
  /** Entries deleted after their end. */
  readonly swept: number
}

export class Holder {
  readonly store: RecordStore
  readonly admission: Admission
  readonly summaries: Summaries
  /** Resolves when the store is open. */
  readonly opened: Promise<void>
  readonly #accounts: Accounts
  readonly #transfer: Transfer
  readonly #chunks: ChunkHolder
  readonly #config: RecordsConfig
  readonly #onError: (error: unknown) => void
  readonly #unmount: () => void
  #cancelSweep: Cancel = () => {}
  #isOpen = false
  #closed = false

  constructor(node: DHT, config: RecordsConfig, calls: Calls, onError: (error: unknown) => void) {
    const { store, limitsOf, maxClockSkewMs, random, clock } = config
    const wallTime = (): number => clock.wallTime()
    this.store = store
    this.#config = config
    this.#onError = onError
    const summaries = new Summaries({ store, clock })
    this.summaries = summaries
    const accounts = new Accounts(config.namedChannels)
    this.#accounts = accounts
    this.admission = new Admission({
      store,
      wallTime,
      limitsOf,
      maxClockSkewMs,
      defaultTtlMs: HYPERDHT_TTL_MS,
      accounts,
      onStored: (entry) => summaries.noteStored(entry),
    })
    const records = new RecordHolder({ store, admission: this.admission, summaries, wallTime })
    const chunks = new ChunkHolder({ store, admission: this.admission, wallTime, now: () => clock.now() })
    this.#chunks = chunks
    const servesHyperdht = config.hyperdht ?? !('createServer' in node)
    const hyperdht = servesHyperdht
      ? new HyperdhtHolder({ store, admission: this.admission, random, wallTime, ownId: () => node.id })
      : null
    const { refreshIntervalMs } = config
    this.#transfer = new Transfer({ node, store, clock, calls, refreshIntervalMs, onError, accounts })
    this.opened = store.open()
    this.opened.then(() => (this.#isOpen = true), onError)
    this.#unmount = mountHandler(node, (request) => {
      const { command } = request
      const own = isRecordCommand(command) ? records : isChunkCommand(command) ? chunks : null
      const handler = own ?? (isHyperdhtCommand(command) ? hyperdht : null)
      if (handler === null) return false
      void this.#answer(request, handler)
      return true
    })
    this.#scheduleSweep()
  }

  static statsOf(holder: Holder | null): HolderStats {
    const usage = holder?.store.usage() ?? { entries: 0, bytes: 0 }
    const channels = holder === null ? {} : holder.#channelStats()
    return { usage, channels, ...(holder === null ? createAccount() : copyAccount(holder.#accounts.total)) }
  }

  /** Hands everything to the nodes that will be its holders without us. */
  handOver(session: Session): Promise<number> {
    return this.#transfer.handOver(session)
  }

  /** Verifies an entry of an earlier run, and keeps it if all is well. @returns what became of it */
  async restore(entry: Entry): Promise<'stored' | 'known' | RefusalReason> {
    const claim = claimOf(entry)
    if (claim === null) return 'UNSUPPORTED'
    const { refusal, changed } = await this.admission.admit(claim, null, entry.heldUntilMs)
    return refusal === null ? (changed ? 'stored' : 'known') : refusal.reason
  }

  #channelStats(): Record<string, ChannelStats> {
    const channels: Record<string, ChannelStats> = {}
    for (const [name, account] of this.#accounts.channels) {
      const limits = this.#config.limitsOf(name)
      channels[name] = { usage: this.store.usage(name), limits, ...copyAccount(account) }
    }
    return channels
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#unmount()
    this.#cancelSweep()
    this.#transfer.close()
    this.#chunks.close()
    await this.opened.catch(() => {})
    await this.store.close()
    this.summaries.close()
  }

  async #answer(request: Request, handler: { handle(request: Request): Promise<void> | null }): Promise<void> {
    try {
      if (!this.#isOpen) await this.opened
      await handler.handle(request)
    } catch (error) {
      if (this.#closed) return
      if (!request.answered) request.error(REFUSALS.STORE_FAILED)
      this.#onError(error)
    }
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#config.clock.after(SWEEP_INTERVAL_MS, () => void this.#sweep(), true)
  }

  async #sweep(): Promise<void> {
    try {
      await this.opened
      await this.admission.sweep(SWEEP_LIMIT)
    } catch (error) {
      if (!this.#closed) this.#onError(error)
    }
    if (!this.#closed) this.#scheduleSweep()
  }
}
