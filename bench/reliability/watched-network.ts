/**
 * A simulated network whose lookups are held against the truth while nodes die, come and restart.
 *
 * A lookup is exact when its result are the closest nodes there are, all of them, in order. Who stays settled from a minute
 * before a lookup until its end must be found; who joined in the minute before, or left during the lookup, may be in the
 * result or not; anybody else there makes it wrong. Nodes that live but are no longer settled do not excuse a result that
 * is too short.
 */
import type { DHT, DHTOptions } from '../../index.js'
import { keyOf } from '../../lib/primitives/address.js'
import { type NetworkOptions, Simulation, trueClosest } from '../../lib/simulation/index.js'
import { addBooks, type Books, booksOf, emptyBooks } from './books.js'

/** Nodes of a result. */
const K = 20

/** The settling minute. */
export const SETTLE_MS = 60_000

/** Joins and first checks are over. */
const YOUNG_MS = 5 * 60_000

export interface WatchedNetworkOptions {
  seed: number
  /** Persistent nodes, without the bootstrapper. */
  nodes: number
  network?: NetworkOptions
}

/** What came of one lookup. */
export interface Verdict {
  startMs: number
  durationMs: number
  /** Ended with an error. */
  failed: boolean
  exact: boolean
  /** The same without grace: who has joined when the lookup starts must be found. */
  strictlyExact: boolean
  /** Share of the true 20 closest, of those that had joined when it started, that were found. */
  recall: number
}

interface Member {
  node: DHT
  /** When it became persistent; Infinity while it is not. */
  since: number
}

interface Running {
  asker: DHT
  target: Uint8Array
  startMs: number
  /** By address, who was there at the start or came later: all that may be found. */
  seen: Map<number, Member>
}

export class WatchedNetwork {
  readonly sim: Simulation
  readonly verdicts: Verdict[] = []
  /** Lookups whose asker died before they were over. They count as nothing. */
  interrupted = 0
  /** Of nodes that are gone. */
  readonly #books: Books = emptyBooks()
  /** By address. BOUNDED: by the size of the network. */
  readonly #members = new Map<number, Member>()
  /** BOUNDED: by the lookups under way. */
  readonly #running = new Set<Running>()

  private constructor(sim: Simulation) {
    this.sim = sim
  }

  /** A network that has grown, and is a few minutes old. */
  static async start({ seed, nodes, network = {} }: WatchedNetworkOptions): Promise<WatchedNetwork> {
    const watched = new WatchedNetwork(new Simulation({ seed, network }))
    const { sim } = watched
    for (const node of [sim.bootstrapper(), ...(await sim.startNodes(nodes))]) watched.#watch(node)
    await sim.advance(YOUNG_MS)
    return watched
  }

  get now(): number {
    return this.sim.clock.now()
  }

  /** Nodes that live, the bootstrapper first. */
  get living(): DHT[] {
    return [...this.#members.values()].map(({ node }) => node)
  }

  /** `count` nodes by chance, never the bootstrapper. */
  pick(count: number): DHT[] {
    return this.sim.random.sample(this.living.slice(1), count)
  }

  /** A node dies without a word. @returns where it was, to start another one there */
  kill(node: DHT): { address: string; port: number } {
    const { host: address, port } = this.sim.addressOf(node)
    addBooks(this.#books, node.stats.datagrams)
    this.#members.delete(keyOf(address, port))
    for (const running of this.#running) if (running.asker === node && this.#running.delete(running)) this.interrupted++
    this.sim.remove(node)
    return { address, port }
  }

  /** A node starts, on a host of its own or at an address that is free again. */
  launch(options: DHTOptions = {}, at?: { address: string; port: number }): DHT {
    const place = at === undefined ? {} : { port: at.port, anyPort: false }
    const node = this.sim.createNode({ ephemeral: false, ...place, ...options }, at && { address: at.address })
    node.once('listening', () => this.#watch(node))
    return node
  }

  /** Starts a lookup from a node that has been there for a minute; its verdict comes when it is over. */
  lookUp(): void {
    const { random } = this.sim
    const settled = [...this.#members.values()].filter(({ since }) => since <= this.now - SETTLE_MS)
    const asker = random.pick(settled).node
    const running = { asker, target: random.bytes(32), startMs: this.now, seen: new Map(this.#members) }
    this.#running.add(running)
    const query = asker.findNode(running.target)
    query.finished().then(
      () => this.#end(running, query.closestNodes),
      () => this.#end(running, null),
    )
  }

  /** Lets the lookups end, and all nodes. @returns the books of all nodes that ever were */
  async end(): Promise<Books> {
    while (this.#running.size > 0) await this.sim.advance(1000)
    const books = booksOf(this.living)
    // The network has counted, too.
    books.unaccounted += Math.abs(this.sim.network.stats.delivered - books.received - this.#books.received)
    for (const name of ['received', 'handled', 'dropped', 'unaccounted'] as const) books[name] += this.#books[name]
    await this.sim.destroy()
    return books
  }

  #watch(node: DHT): void {
    const { host, port } = this.sim.addressOf(node)
    const member: Member = { node, since: node.ephemeral ? Infinity : this.now }
    node.on('persistent', () => (member.since = this.now))
    node.on('ephemeral', () => (member.since = Infinity))
    this.#members.set(keyOf(host, port), member)
    for (const { seen } of this.#running) seen.set(keyOf(host, port), member)
  }

  #end(running: Running, found: readonly { host: string; port: number }[] | null): void {
    if (!this.#running.delete(running)) return
    const { startMs } = running
    const keys = found?.map(({ host, port }) => keyOf(host, port)) ?? []
    this.verdicts.push({
      startMs,
      durationMs: this.now - startMs,
      failed: found === null,
      exact: this.#isExact(running, keys, SETTLE_MS),
      strictlyExact: this.#isExact(running, keys, 0),
      recall: this.#recall(running, keys),
    })
  }

  /** Who must be found: settled when the lookup started, and still there. */
  #settled({ asker, startMs }: Running, settleMs: number): Map<DHT, number> {
    const settled = new Map<DHT, number>()
    for (const [key, { node, since }] of this.#members) {
      if (node !== asker && since <= startMs - settleMs) settled.set(node, key)
    }
    return settled
  }

  #isExact(running: Running, found: number[], settleMs: number): boolean {
    if (found.length < K || found.some((key) => !running.seen.has(key))) return false
    const settled = this.#settled(running, settleMs)
    const must = new Set(settled.values())
    const kept = found.filter((key) => must.has(key))
    const truth = this.#closest(running, settled, kept.length)
    return kept.every((key, i) => key === truth[i])
  }

  #recall(running: Running, found: number[]): number {
    const truth = this.#closest(running, this.#settled(running, 0), K)
    return truth.filter((key) => found.includes(key)).length / truth.length
  }

  #closest({ target }: Running, settled: Map<DHT, number>, count: number): number[] {
    if (count === 0) return []
    return trueClosest(settled.keys(), target, count).map((node) => settled.get(node)!)
  }
}
