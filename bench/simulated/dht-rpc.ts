/**
 * Networks of real dht-rpc nodes, of our own nodes, or of both, in one simulated network: each node on a host with an
 * address of its own, on virtual time, from a seed.
 *
 * dht-rpc gets its sockets through its `udx` option and everything else by redirected globals. From a seed a run
 * repeats to the last datagram, because the random bytes of sodium are drawn from it too.
 */
import type { Clock } from '../../lib/primitives/clock.js'
import type { Random } from '../../lib/primitives/random.js'
import type { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { redirectTimers, type TimerRedirection } from '../../lib/simulation/redirected-timers.js'
import { seededRandom } from '../../lib/simulation/seeded-random.js'
import { createUdx } from '../../lib/simulation/udx.js'
import type { SynchronousTransport } from '../../lib/simulation/udx.js'
import { type BenchNode, type BenchOptions, loadSubject, type Subject, type SubjectName } from '../subject.js'

/** Port of every node: each has a host of its own. */
const PORT = 10_001

/**
 * Nodes that join together: as many, but no more than a quarter of those there are. More at once leaves tables poorer
 * than those of a network that has grown.
 */
const LEAST_WAVE = 10
const WAVE_SHARE = 0.25

/** Virtual time after which what does not end is given up. A join on a bad network takes ten seconds. */
const PATIENCE_MS = 10 * 60_000

/**
 * Stream of the seed that all dht-rpc nodes share; ours have one each, from here on. Beyond those that a simulation with
 * the same seed uses.
 */
const GLOBAL_STREAM = 2 ** 20

/** Virtual time between two turns of the real event loop, so that output is shown and signals are heard. */
const TURN_MS = 1_000

/** The package whose random bytes dht-rpc uses. The specifier is a value because it ships no types. */
const SODIUM_PACKAGE: string = 'sodium-universal'

/** A machine of the simulated network; a `SimulatedHost` is one. */
export interface PlaceHost {
  readonly address: string
  readonly transport: SynchronousTransport
  readonly clock: Clock
  /** Ends it without a word to anybody. */
  kill(): void
  /** Does so and makes the network forget it. */
  remove(): void
}

/** Where a network lives: a `Simulation`, for one. */
export interface Place {
  readonly clock: VirtualClock
  /** A new host with a public address of its own. */
  createHost(): PlaceHost
}

export interface MixedNetworkOptions {
  /** Nodes, the bootstrapper among them. */
  size: number
  /** What ids, transaction ids and all other choices of the nodes come from. */
  seed: number
  /** Implementation of the node at an index, the bootstrapper being 0. Default: dht-rpc for all. */
  kindOf?: (index: number) => SubjectName
  /** Loads an implementation, or a class that extends it. Default: the bare one. */
  load?: (name: SubjectName) => Promise<Subject>
  /** Nodes that join at the same time, when there are this many. Default: a quarter of them, at least 10. */
  waveOf?: (nodes: number) => number
  /** Called after each wave with the number of nodes there are. */
  onProgress?: (nodes: number) => void
}

/** Options of one more node. */
export interface MemberOptions {
  kind?: SubjectName
  /** Default false, as all nodes of the network. */
  ephemeral?: boolean
  /** Default: a new one. */
  host?: PlaceHost
}

/** A node and where it is. */
export interface Member {
  readonly kind: SubjectName
  readonly host: PlaceHost
  readonly port: number
  readonly node: SimulatedBenchNode
}

/** What a query yields. */
export interface SimulatedReply {
  from: Peer
  closerNodes: Peer[] | null
}

export interface Peer {
  id: Uint8Array | null
  host: string
  port: number
}

export interface SimulatedQuery {
  /** Nearest first. */
  closestNodes: Peer[]
  on(event: 'data', listener: (reply: SimulatedReply) => void): unknown
  finished(): Promise<void>
}

/** The part of a node that simulations use, of either implementation. */
export interface SimulatedBenchNode extends Omit<BenchNode, 'findNode' | 'on'> {
  findNode(target: Uint8Array): SimulatedQuery
  query(
    message: { target: Uint8Array; command: number; value: Uint8Array },
    options: { commit: boolean },
  ): SimulatedQuery
  on(event: 'request', listener: (request: { reply(value: Uint8Array | null): void }) => void): unknown
  destroy(): Promise<void>
}

/** What is left behind when a network was closed. All zero, or something leaks. */
export interface Leftovers {
  /** Redirected timers that were neither fired nor cleared. */
  timers: number
}

interface SimulatedSubject {
  new (options: SimulatedOptions): SimulatedBenchNode
  bootstrapper(port: number, host: string, options: SimulatedOptions): SimulatedBenchNode
}

interface Sodium {
  randombytes_buf(out: Uint8Array): void
}

/** Options passed to either implementation: dht-rpc takes `udx`, ours takes the others. */
interface SimulatedOptions extends BenchOptions {
  port?: number
  transport?: SynchronousTransport
  clock?: Clock
  random?: Random
}

/**
 * A running network. While it is there, the timers of this process are redirected, so there is one at a time.
 *
 * @example
 * const sim = new Simulation({ seed: 7 })
 * const network = await MixedNetwork.start(sim, { size: 1000, seed: 7 })
 * const query = network.members[7].node.findNode(target)
 * await network.run(query.finished())
 * await network.close()
 */
export class MixedNetwork {
  /** The living, bootstrapper first, then in the order of joining. BOUNDED: by the nodes that were asked for. */
  members: Member[] = []
  readonly #place: Place
  readonly #subjects: Record<SubjectName, SimulatedSubject>
  readonly #redirection: TimerRedirection
  readonly #seed: number
  #lastStream = GLOBAL_STREAM
  readonly #bootstrap: string[] = []
  #closed: Promise<Leftovers> | null = null

  private constructor(
    place: Place,
    subjects: Record<SubjectName, SimulatedSubject>,
    { seed, redirection }: { seed: number; redirection: TimerRedirection },
  ) {
    this.#place = place
    this.#subjects = subjects
    this.#seed = seed
    this.#redirection = redirection
  }

  /** Starts the bootstrapper, then the others in waves; resolves when all have joined. */
  static async start(place: Place, options: MixedNetworkOptions): Promise<MixedNetwork> {
    // Before the timers are redirected: loading takes real time.
    const { load = loadSubject } = options
    const subjects = {
      xorpc: (await load('xorpc')) as unknown as SimulatedSubject,
      'dht-rpc': (await load('dht-rpc')) as unknown as SimulatedSubject,
    }
    const { default: sodium } = (await import(SODIUM_PACKAGE)) as { default: Sodium }
    const redirection = redirectTimers(place.clock, { random: seededRandom(options.seed, GLOBAL_STREAM), sodium })
    const network = new MixedNetwork(place, subjects, { seed: options.seed, redirection })
    try {
      await network.#grow(options)
    } catch (err) {
      await network.close()
      throw err
    }
    return network
  }

  /** Starts one more node, which has joined when this resolves. */
  async add(options: MemberOptions = {}): Promise<Member> {
    const member = this.launch(options)
    await this.run(member.node.fullyBootstrapped())
    return member
  }

  /** Starts one more node and does not wait: it joins while time passes. */
  launch({ kind = 'dht-rpc', ephemeral = false, host = this.#place.createHost() }: MemberOptions = {}): Member {
    const options = { bootstrap: this.#bootstrap, port: PORT, ephemeral, ...this.#platform(kind, host) }
    return this.#keep(kind, host, new this.#subjects[kind](options))
  }

  /**
   * Ends nodes for good, all at once and without a word to anybody. They are destroyed only when their hosts are dead:
   * dht-rpc's timers are those of the process, and would run on, and its datagrams be counted, on a dead host.
   */
  async kill(members: Iterable<Member>): Promise<void> {
    const dead = new Set(members)
    this.members = this.members.filter((member) => !dead.has(member))
    for (const { host } of dead) host.kill()
    await this.run(Promise.all([...dead].map(({ node }) => node.destroy())))
  }

  /**
   * Ends one node for good, without a word to anybody, and does not wait for it. The network forgets its host: the
   * memory of thousands that come and go would add up.
   */
  drop(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1)
    member.host.remove()
    // It has nobody to tell; a lookup of its own that this ends is not anybody's failure.
    member.node.destroy().catch(() => {})
  }

  /**
   * Lets time pass until the promise is settled; resolves or rejects as it does.
   *
   * Rejects when that takes longer than `limitMs` of virtual time, by default ten minutes.
   */
  async run<T>(promise: Promise<T>, limitMs = PATIENCE_MS): Promise<T> {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    promise.then(settle, settle)
    await this.#runUntil(() => isSettled, limitMs)
    if (!isSettled) throw new Error(`not settled within ${limitMs} ms of virtual time`)
    return promise
  }

  /** Lets virtual time pass. */
  async advance(ms: number): Promise<void> {
    await this.#runUntil(() => false, ms)
  }

  /** Real milliseconds from an arbitrary start; `performance.now` is virtual here. */
  realNow(): number {
    return this.#redirection.realNow()
  }

  /** Destroys all nodes and gives the process its timers back. Idempotent. */
  close(): Promise<Leftovers> {
    return (this.#closed ??= this.#close())
  }

  async #close(): Promise<Leftovers> {
    try {
      await this.run(Promise.all(this.members.map(({ node }) => node.destroy())))
      return { timers: this.#redirection.pending }
    } finally {
      this.#redirection.restore()
    }
  }

  async #grow({ size, kindOf = onlyTheirs, waveOf = aQuarter, onProgress }: MixedNetworkOptions): Promise<void> {
    await this.run(this.#createBootstrapper(kindOf(0)).node.fullyBootstrapped())
    while (this.members.length < size) {
      const count = Math.min(waveOf(this.members.length), size - this.members.length)
      const joining = Array.from({ length: count }, () => this.launch({ kind: kindOf(this.members.length) }))
      await this.run(Promise.all(joining.map(({ node }) => node.fullyBootstrapped())))
      onProgress?.(this.members.length)
    }
  }

  async #runUntil(predicate: () => boolean, limitMs: number): Promise<void> {
    for (let leftMs = limitMs; leftMs > 0; leftMs -= TURN_MS) {
      if (await this.#place.clock.runUntil(predicate, Math.min(TURN_MS, leftMs))) return
      await this.#redirection.realTurn()
    }
  }

  #createBootstrapper(kind: SubjectName): Member {
    const host = this.#place.createHost()
    this.#bootstrap.push(`${host.address}:${PORT}`)
    return this.#keep(kind, host, this.#subjects[kind].bootstrapper(PORT, host.address, this.#platform(kind, host)))
  }

  #platform(kind: SubjectName, { transport, clock }: PlaceHost): SimulatedOptions {
    if (kind === 'dht-rpc') return { udx: createUdx(transport) }
    return { transport, clock, random: seededRandom(this.#seed, ++this.#lastStream) }
  }

  #keep(kind: SubjectName, host: PlaceHost, node: SimulatedBenchNode): Member {
    const member = { kind, host, port: PORT, node }
    this.members.push(member)
    return member
  }
}

function onlyTheirs(): SubjectName {
  return 'dht-rpc'
}

function aQuarter(nodes: number): number {
  return Math.max(LEAST_WAVE, Math.floor(nodes * WAVE_SHARE))
}
