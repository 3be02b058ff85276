/**
 * Brings records that are kept here to nodes that should have them, and do not: to newcomers as they turn up, to whoever
 * a regular look finds missing, and to those who take over when we leave. Each is offered by its version first, so what
 * is there already is not sent again.
 */
import b4a from 'b4a'
import type { DHT } from '../../node/dht.js'
import type { Session } from '../../node/session.js'
import type { Cancel, Clock } from '../../primitives/clock.js'
import { commonPrefixLength } from '../../primitives/id.js'
import type { Peer, Reply } from '../../rpc/reply.js'
import type { Contact } from '../../routing/contact.js'
import type { Calls } from '../client/calls.js'
import { isOfOneNode, requestWithToken } from '../client/deliver.js'
import { RequestPool } from '../client/request-pool.js'
import { SegmentUpload } from '../client/segment-upload.js'
import { treeOf } from '../codec/chunk-tree.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { encodeMutablePut } from '../codec/hyperdht.js'
import { decodeBits, decodePutReply, encodeOffered, encodePut, MAX_OFFER_BYTES } from '../codec/messages.js'
import { encodeRecord } from '../codec/record.js'
import type { Entry, EntryKey } from '../entry.js'
import { isAlive } from '../rules/lifetime.js'
import { decideHandover, LARGE_HOLDERS, rankOf } from '../rules/placement.js'
import { HOLDERS } from '../rules/quorum.js'
import type { RecordStore } from '../store/contract.js'
import type { Accounts, TransferCounts } from './accounts.js'
import { BoundedMap } from './bounded-map.js'
import { claimOf } from './claim.js'

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

/** Records on the way to one node, and lookups at a time, in a handover. */
const SEND_WINDOW = 8

/** Of the holders of a record, so many look after it: more than one, for the nearest may be dead or malicious. */
const CARETAKERS = 3

/** Entries after which others have their turn; one whose holders have to be found counts for as many as it takes time. */
const SLICE = 256
const NEAR_WORK = 15

/** A newcomer, and the most bits that a record may share with us for it to be a holder. */
interface Scope {
  readonly newcomer: Contact
  readonly mostBits: number
}

export class Transfer {
  readonly #options: TransferOptions
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
    if (options.refreshIntervalMs === 0) return
    options.node.on('add-node', this.#onAdd)
    this.#scheduleRefresh()
  }

  close(): void {
    this.#closed = true
    this.#options.node.off('add-node', this.#onAdd)
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  /** Brings every record to the holders that it will have without us. @returns how many were taken */
  async handOver(session: Session): Promise<number> {
    const { handedOver } = this.#options.accounts.total
    const before = handedOver.accepted
    await inWindow(this.#options.store.entries(), SEND_WINDOW, (entry) => this.#offerAround(entry, session))
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
    let work = 0
    for await (const entry of store.entries()) {
      work++
      if (entry.kind === 'peer') continue
      const ownBits = commonPrefixLength(entry.target, ownId)
      const near = scopes.filter(({ mostBits }) => ownBits <= mostBits)
      if (near.length > 0) {
        work += NEAR_WORK
        this.#plan(plans, entry, ownId, near)
      }
      if (work >= SLICE) {
        work = 0
        await this.#pause()
      }
      if (this.#closed) return
    }
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

  /** Offers records to one node, batch by batch. */
  #offerTo(to: Peer, keys: readonly EntryKey[]): Promise<void> {
    return this.#options.calls.run({}, async (session) => {
      for (let at = 0; at < keys.length && !this.#closed;) {
        const batch: Entry[] = []
        const offers: Uint8Array[] = []
        for (let bytes = 0; at < keys.length; at++) {
          const entry = await this.#options.store.get(keys[at]!)
          if (entry === null || !this.#isWorthIt(entry)) continue
          const offer = encodeOffered(entry)
          bytes += offer.length
          if (offers.length > 0 && bytes > MAX_OFFER_BYTES) break
          batch.push(entry)
          offers.push(offer)
        }
        if (batch.length > 0 && !(await this.#offerBatch(session, to, batch, b4a.concat(offers)))) return
      }
    })
  }

  /** @returns false when the node does not answer, or does not know the command */
  async #offerBatch(session: Session, to: Peer, batch: readonly Entry[], value: Uint8Array): Promise<boolean> {
    for (const { channel } of batch) this.#count(channel, 'offered')
    const reply = await attempt(session.request({ command: RECORD_COMMAND.OFFER, value }, to))
    if (reply === null || reply.error !== 0 || reply.value === null) return false
    const wanted = decodeBits(reply.value, batch.length)
    const entries = batch.filter((_, i) => wanted[i])
    await inWindow(entries, SEND_WINDOW, (entry) => this.#send(session, entry, to, reply.token))
    return true
  }

  /** Finds the closest nodes to a record, and brings it to those that lack it. */
  async #offerAround(entry: Entry, session: Session): Promise<void> {
    if (!this.#isWorthIt(entry)) return
    const { target } = entry
    const query = session.query({ target, command: RECORD_COMMAND.OFFER, value: encodeOffered(entry) })
    await query.finished()
    const closest = query.closestReplies.slice(0, holdersOf(entry))
    const replies = closest.filter(({ value }) => value !== null)
    this.#count(entry.channel, 'offered', replies.length)
    const lacking = replies.filter(({ value }) => decodeBits(value!, 1)[0])
    await Promise.all(lacking.map(({ from, token }) => this.#send(session, entry, from, token)))
  }

  async #send(session: Session, entry: Entry, to: Peer, token: Uint8Array | null): Promise<void> {
    if (entry.kind === 'chunk') return this.#sendSegment(session, entry, to, token)
    const value = encodeHandover(entry)
    if (value === null) return
    this.#count(entry.channel, 'sent')
    const message = { command: RECORD_COMMAND.PUT, target: entry.target, value }
    const reply = await attempt(requestWithToken({ session }, message, to, token))
    const answer = reply === null || reply.value === null ? null : decodePutReply(reply.value)
    if (reply?.error === 0 && answer?.refusal === null) this.#count(entry.channel, 'accepted')
  }

  async #sendSegment(session: Session, entry: Entry, to: Peer, token: Uint8Array | null): Promise<void> {
    const { clock, node } = this.#options
    const { channel, target: address, value: bytes, expiresAtMs } = entry
    if (!isAlive(expiresAtMs, clock.wallTime())) return
    this.#count(channel, 'sent')
    const pool = new RequestPool({ session, clock, maxWindow: node.config.maxWindow / SEND_WINDOW })
    const segment = { bytes, tree: treeOf(bytes) }
    const delivery = { channel, expiresAtMs, address, segment: async () => segment }
    const { status } = await new SegmentUpload(pool, pool.lane(to, token), delivery).run({ status: 'none' })
    if (status === 'stored') this.#count(channel, 'accepted')
  }

  #count(channel: string, what: keyof TransferCounts, count = 1): void {
    this.#options.accounts.count(channel, ({ handedOver }) => (handedOver[what] += count))
  }

  #isWorthIt({ kind, heldUntilMs }: Entry): boolean {
    return kind !== 'peer' && isAlive(heldUntilMs, this.#options.clock.wallTime())
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
    const { node, store, calls } = this.#options
    await calls.run({}, async (session) => {
      for await (const entry of store.entries()) {
        if (this.#closed || node.id === null) return
        const near = node.table.closest(entry.target, CARETAKERS).map(({ id }) => id)
        if (rankOf(entry.target, node.id, near) < CARETAKERS) await this.#offerAround(entry, session)
      }
    })
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

/** A record as one holder hands it to another, with the time that is left of its life. */
function encodeHandover(entry: Entry): Uint8Array | null {
  const claim = claimOf(entry)
  if (claim === null) return null
  const body =
    claim.kind === 'record'
      ? encodeRecord(claim.record)
      : claim.kind === 'mutable'
        ? encodeMutablePut(claim.put)
        : claim.value
  const { channel, expiresAtMs, heldUntilMs } = entry
  return encodePut({ kind: claim.kind, expected: null, kept: { channel, expiresAtMs, heldUntilMs }, body })
}

/** The reply, or null where it is a matter of that node that there is none. */
async function attempt(request: Promise<Reply>): Promise<Reply | null> {
  try {
    return await request
  } catch (error) {
    if (isOfOneNode(error)) return null
    throw error
  }
}

/** Does the work for each, so many at a time. */
async function inWindow<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  for await (const item of items) {
    const one: Promise<void> = work(item).finally(() => running.delete(one))
    one.catch(() => {}) // heard below, where it is the first to fail
    running.add(one)
    if (running.size >= limit) await Promise.race(running)
  }
  await Promise.all(running)
}
