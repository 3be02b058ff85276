/**
 * Brings many records to the nodes that should hold them, whoever these are. Keys that are kept by one node lie near each
 * other, so a few lookups find the holders of all of them (rules/neighbourhood.ts), and each holder is offered what
 * concerns it in few datagrams. A lookup for each record would cost fifty requests.
 */
import type { Session } from '../../node/session.js'
import type { Clock } from '../../primitives/clock.js'
import type { Peer } from '../../rpc/reply.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { encodeOffered, MAX_OFFER_BYTES } from '../codec/messages.js'
import type { Entry, EntryKey } from '../entry.js'
import { toHex } from '../hex.js'
import { Neighbourhood } from '../rules/neighbourhood.js'
import { LARGE_HOLDERS } from '../rules/placement.js'
import { HOLDERS } from '../rules/quorum.js'
import type { Offers } from './offers.js'

export interface DistributionOptions {
  /** All requests are made in it. */
  readonly session: Session
  readonly clock: Clock
  readonly offers: Offers
  /** How many nodes our table knows around a key, up to twenty. */
  readonly knownAround: (target: Uint8Array) => number
}

/** A node that should hold something. */
interface Holder {
  readonly id: Uint8Array
  readonly peer: Peer
}

/** What is to be offered to a node. */
interface Batch {
  readonly peer: Peer
  keys: EntryKey[]
  bytes: number
}

/** Batches on the way at a time. */
const BATCH_WINDOW = 8

/** What was looked up is believed for so long: less than it takes a node to be taken for dead by others. */
const FRESH_MS = 60_000

/** BOUNDED: nodes of a neighbourhood. Who keeps records from everywhere has them looked up anew, part by part. */
const MAX_NODES = 512

/** Cells that an answer may be put together from; there are two to five in most cases. */
const MAX_LOOKUPS = 16

/** A lookup has found all nodes there are where our table has fewer than twenty, and it found such a share of these. */
const WHOLE_SHARE = 0.75

export class Distribution {
  readonly #options: DistributionOptions
  #around = new Neighbourhood<Holder>()
  #aroundSince = -Infinity
  /** By id. BOUNDED: by the nodes of the neighbourhood, with a datagram for each. */
  readonly #batches = new Map<string, Batch>()
  /** Ids of nodes that do not answer. BOUNDED: likewise. */
  readonly #silent = new Set<string>()
  /** BOUNDED: by BATCH_WINDOW. */
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  constructor(options: DistributionOptions) {
    this.#options = options
  }

  /**
   * An entry is to be on all nodes that it should lie on. Resolves when it is on its way, or in a batch; rejects when the
   * call is over, or the store fails, as `finish` does.
   */
  async add(entry: Entry): Promise<void> {
    const { channel, target, subkey } = entry
    const bytes = encodeOffered(entry).length
    for (const { id, peer } of await this.#holdersOf(entry)) {
      const name = toHex(id)
      if (this.#silent.has(name)) continue
      let batch = this.#batches.get(name)
      if (batch === undefined) this.#batches.set(name, (batch = { peer, keys: [], bytes: 0 }))
      if (batch.bytes + bytes > MAX_OFFER_BYTES) await this.#send(name, batch)
      // Of the entry its key alone: all of them together may be more than there is memory.
      batch.keys.push({ channel, target, subkey })
      batch.bytes += bytes
    }
  }

  /** Sends the rest. Resolves when everything has been answered, or will not be. */
  async finish(): Promise<void> {
    await this.#sendAll()
    await Promise.all(this.#running)
    if (this.#failure !== null) throw this.#failure.error
  }

  async #sendAll(): Promise<void> {
    for (const [name, batch] of this.#batches) if (batch.keys.length > 0) await this.#send(name, batch)
    this.#batches.clear()
  }

  async #send(name: string, batch: Batch): Promise<void> {
    const { peer, keys } = batch
    batch.keys = []
    batch.bytes = 0
    const { offers, session } = this.#options
    const offer = async (): Promise<void> => {
      try {
        if (!(await offers.offerTo(session, peer, keys))) this.#silent.add(name)
      } catch (error) {
        this.#failure ??= { error }
      }
    }
    const one: Promise<void> = offer().finally(() => this.#running.delete(one))
    this.#running.add(one)
    if (this.#running.size >= BATCH_WINDOW) await Promise.race(this.#running)
    if (this.#failure !== null) throw this.#failure.error
  }

  async #holdersOf(entry: Entry): Promise<readonly Holder[]> {
    const { target, kind } = entry
    const count = kind === 'chunk' ? LARGE_HOLDERS : HOLDERS
    await this.#renewAround()
    for (let lookups = 0; lookups < MAX_LOOKUPS; lookups++) {
      const nearest = this.#around.closest(target, count)
      if ('nodes' in nearest) return nearest.nodes
      const found = await this.#lookUp(nearest.unknown, entry)
      if (!this.#isAll(nearest.unknown, found)) break
      this.#around.note(nearest.unknown, found)
    }
    return (await this.#lookUp(target, entry)).slice(0, count)
  }

  async #renewAround(): Promise<void> {
    const now = this.#options.clock.now()
    if (now - this.#aroundSince < FRESH_MS && this.#around.size <= MAX_NODES) return
    await this.#sendAll()
    this.#around = new Neighbourhood()
    this.#aroundSince = now
    this.#silent.clear()
  }

  /** The closest nodes that know the command. @param entry one that lies thereabouts: it is what they are asked about */
  async #lookUp(target: Uint8Array, entry: Entry): Promise<Holder[]> {
    const message = { target, command: RECORD_COMMAND.OFFER, value: encodeOffered(entry) }
    const query = this.#options.session.query(message)
    await query.finished()
    return query.closestReplies.map(({ from }) => ({ id: from.id!, peer: from }))
  }

  /** Whether other keys may go by it: it found twenty nodes, or as many as there can be. */
  #isAll(target: Uint8Array, found: readonly Holder[]): boolean {
    if (found.length >= HOLDERS) return true
    const known = this.#options.knownAround(target)
    return found.length > 0 && known < HOLDERS && found.length >= WHOLE_SHARE * known
  }
}
