/**
 * Brings records that are kept here to nodes that should have them, and do not: to newcomers as they turn up, to whoever
 * a regular look finds missing, and to those who take over when we leave. Each is offered by its version first, so what
 * is there already is not sent again.
 */
import type { DHT } from '../../node/dht.js'
import type { Session } from '../../node/session.js'
import type { Cancel, Clock } from '../../primitives/clock.js'
import { commonPrefixLength } from '../../primitives/id.js'
import type { Contact } from '../../routing/contact.js'
import type { Calls } from '../client/calls.js'
import type { Entry, EntryKey } from '../entry.js'
import { decideHandover, LARGE_HOLDERS, rankOf } from '../rules/placement.js'
import { HOLDERS } from '../rules/quorum.js'
import type { RecordStore } from '../store/contract.js'
import type { Accounts } from './accounts.js'
import { BoundedMap } from './bounded-map.js'
import { Distribution } from './distribution.js'
import { Offers } from './offers.js'

export interface TransferOptions {
  readonly node: DHT
  readonly store: RecordStore
  readonly clock: Clock
  readonly calls: Calls
  /** 0: newcomers and regular looks are none of our business. */
  readonly refreshIntervalMs: number
  readonly onError: (error: unknown) => void
  /** Where it is counted what went out. */
  readonly accounts: Accounts
}

/** Newcomers are collected for so long: those that join together cost one pass through the store. */
const WELCOME_DELAY_MS = 1_000

/** Newcomers that wait for a pass; more are found by the regular look. */
const MAX_NEWCOMERS = 256

/** A contact that comes and goes in our table, as quick ones do, is welcomed only so often. */
const WELCOME_AGAIN_MS = 60_000

/** BOUNDED: newcomers that are remembered for that. */
const MAX_WELCOMED = 1024

/** Of the holders of a record, so many look after it: more than one, for the nearest may be dead or malicious. */
const CARETAKERS = 3

/** Entries after which others have their turn; one that is looked up in the table counts for as many as it takes time. */
const SLICE = 256
const LOOK_WORK = 15

/** A newcomer, and the most bits that a record may share with us for it to be a holder. */
interface Scope {
  readonly newcomer: Contact
  readonly mostBits: number
}

export class Transfer {
  readonly #options: TransferOptions
  readonly #offers: Offers
  /** By address. BOUNDED: by MAX_NEWCOMERS. */
  readonly #newcomers = new Map<string, Contact>()
  /** When each was welcomed last, by address: monotonic ms. */
  readonly #welcomed = new BoundedMap<number>(MAX_WELCOMED)
  /** BOUNDED: by the newcomers, times the ranks there are. */
  readonly #timers = new Set<Cancel>()
  readonly #onAdd = (contact: Contact): void => this.#note(contact)
  #isWelcoming = false
  #closed = false

  constructor(options: TransferOptions) {
    this.#options = options
    const { store, clock, accounts, node } = options
    this.#offers = new Offers({ store, clock, accounts, maxWindow: node.config.maxWindow })
    if (options.refreshIntervalMs === 0) return
    options.node.on('add-node', this.#onAdd)
    this.#scheduleRefresh()
  }

  close(): void {
    this.#closed = true
    this.#offers.close()
    this.#options.node.off('add-node', this.#onAdd)
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  /** Brings every record to the holders that it will have without us. @returns how many were taken */
  async handOver(session: Session): Promise<number> {
    const { handedOver } = this.#options.accounts.total
    const before = handedOver.accepted
    await this.#distribute(session, () => true)
    return handedOver.accepted - before
  }

  #note(contact: Contact): void {
    if (this.#newcomers.size >= MAX_NEWCOMERS) return
    const address = `${contact.host}:${contact.port}`
    const now = this.#options.clock.now()
    if (now - (this.#welcomed.get(address) ?? -Infinity) < WELCOME_AGAIN_MS) return
    this.#welcomed.set(address, now)
    this.#newcomers.set(address, contact)
    if (this.#isWelcoming) return
    this.#isWelcoming = true
    this.#after(WELCOME_DELAY_MS, async () => {
      this.#isWelcoming = false
      const newcomers = [...this.#newcomers.values()]
      this.#newcomers.clear()
      await this.#welcome(newcomers)
    })
  }

  /** Finds out which records each newcomer should have, and offers them when it is our turn. */
  async #welcome(newcomers: readonly Contact[]): Promise<void> {
    const { node, store } = this.#options
    const ownId = node.id
    if (ownId === null || store.usage().entries === 0) return
    const plans = new Map<Contact, Map<number, EntryKey[]>>()
    const scopes = newcomers.map((newcomer) => this.#scopeOf(newcomer, ownId))
    for await (const { entry, spend } of this.#walk()) {
      if (entry.kind === 'peer') continue
      const ownBits = commonPrefixLength(entry.target, ownId)
      const near = scopes.filter(({ mostBits }) => ownBits <= mostBits)
      if (near.length === 0) continue
      spend(LOOK_WORK)
      this.#plan(plans, entry, ownId, near)
    }
    if (this.#closed) return
    for (const [newcomer, plan] of plans) {
      for (const [delayMs, keys] of plan) this.#after(delayMs, () => this.#offerTo(newcomer, keys))
    }
  }

  /**
   * Which records a newcomer can be a holder of. Where twenty nodes share more bits with us than it does, all of them are
   * closer than it to what shares as many with us: in a large network that is nearly all that we keep.
   */
  #scopeOf(newcomer: Contact, ownId: Uint8Array): Scope {
    const bits = commonPrefixLength(newcomer.id, ownId)
    let nearer = 0
    for (const { id } of this.#options.node.table.recency) if (commonPrefixLength(id, ownId) > bits) nearer++
    return { newcomer, mostBits: nearer >= HOLDERS ? bits : Infinity }
  }

  #plan(plans: Map<Contact, Map<number, EntryKey[]>>, entry: Entry, ownId: Uint8Array, scopes: readonly Scope[]): void {
    const near = this.#options.node.table.closest(entry.target, HOLDERS + 1).map(({ id }) => id)
    // Of the entry its key alone: all of them together may be more than there is memory.
    const { channel, target, subkey } = entry
    const key = { channel, target, subkey }
    for (const { newcomer } of scopes) {
      const others = near.filter((id) => id !== newcomer.id)
      const decision = decideHandover(target, ownId, newcomer.id, others, holdersOf(entry))
      if (!decision.hand) continue
      let plan = plans.get(newcomer)
      if (plan === undefined) plans.set(newcomer, (plan = new Map()))
      const keys = plan.get(decision.delayMs)
      if (keys === undefined) plan.set(decision.delayMs, [key])
      else keys.push(key)
    }
  }

  #scheduleRefresh(): void {
    this.#after(this.#options.refreshIntervalMs, async () => {
      try {
        await this.#refresh()
      } finally {
        if (!this.#closed) this.#scheduleRefresh()
      }
    })
  }

  /** A look after the records that are closest to us. */
  async #refresh(): Promise<void> {
    const { node, calls } = this.#options
    const isOurs = ({ target }: Entry): boolean => {
      if (node.id === null) return false
      const near = node.table.closest(target, CARETAKERS).map(({ id }) => id)
      return rankOf(target, node.id, near) < CARETAKERS
    }
    await calls.run({}, (session) => this.#distribute(session, isOurs))
  }

  /** Brings entries to those of the nodes they should lie on that lack them. */
  async #distribute(session: Session, isWanted: (entry: Entry) => boolean): Promise<void> {
    const { clock, node } = this.#options
    const knownAround = (target: Uint8Array): number => node.table.closest(target, HOLDERS).length
    const distribution = new Distribution({ session, clock, offers: this.#offers, knownAround })
    for await (const { entry, spend } of this.#walk()) {
      if (!this.#offers.isWorthIt(entry)) continue
      spend(LOOK_WORK)
      if (isWanted(entry)) await distribution.add(entry)
    }
    await distribution.finish()
  }

  async #offerTo(newcomer: Contact, keys: readonly EntryKey[]): Promise<void> {
    await this.#options.calls.run({}, (session) => this.#offers.offerTo(session, newcomer, keys))
  }

  /** What is kept, until we are closed. Others have their turn in between, the sooner the more is spent on the entries. */
  async *#walk(): AsyncGenerator<{ entry: Entry; spend: (work: number) => void }> {
    let work = 0
    const spend = (more: number): void => void (work += more)
    for await (const entry of this.#options.store.entries()) {
      if (this.#closed) return
      yield { entry, spend }
      if (++work < SLICE) continue
      work = 0
      await this.#pause()
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(0, resolve))
  }

  #after(delayMs: number, work: () => Promise<void>): void {
    const cancel = this.#options.clock.after(
      delayMs,
      () => {
        this.#timers.delete(cancel)
        work().catch((error: unknown) => {
          if (!this.#closed && !this.#options.node.destroyed && !this.#options.node.suspended) {
            this.#options.onError(error)
          }
        })
      },
      true,
    )
    this.#timers.add(cancel)
  }
}

/** How many nodes an entry should lie on. */
function holdersOf({ kind }: Entry): number {
  return kind === 'chunk' ? LARGE_HOLDERS : HOLDERS
}
