/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A network of nodes in memory, on virtual time and one seed: the thing users touch. It puts clock, network, hosts and
 * nodes together; what they do is decided elsewhere.
 *
 * Invariants: no real timer, socket, wall clock or system randomness is used; the network, each node and the user draw
 * from streams of their own, so what one draws does not change the others.
 */
import { checkInteger } from '../node/arguments.js'
import { describe } from '../node/describe.js'
import { coreOf, DHT } from '../node/dht.js'
import type { DHTOptions } from '../node/options.js'
import { DHTError } from '../primitives/errors.js'
import { VirtualClock } from '../primitives/virtual-clock.js'
import { checkCallback, checkMeasure, checkOptions } from './arguments.js'
import { Churn, type ChurnOptions } from './churn.js'
import { HOST_OPTIONS, type HostOptions, NETWORK_OPTIONS, type NetworkOptions, SimulatedNetwork } from './network.js'
import { SimulatedHost } from './host.js'
import { HostileHost, type OnHostileDatagram } from './hostile-host.js'
import { SeededRandom } from './seeded-random.js'
import { trueClosest } from './true-closest.js'

/** The port that the network's own bootstrappers use in reality as well. */
const BOOTSTRAP_PORT = 49737

/** Longest virtual time that something may take: joining a half-dead network takes one minute at most. */
const PATIENCE_MS = 10 * 60_000

/** Streams of the seed for the user's choices and for churn; each node has one of the numbers after these. */
const USER_STREAM = 3
const CHURN_STREAM = 4

/** Nodes that join together: as many, but no more than a quarter of those there are. */
const LEAST_WAVE = 10
const WAVE_SHARE = 0.25

/** More than fit into any memory. */
const MAX_NODES = 1_000_000

export interface SimulationOptions {
  /** Everything that is random follows from it. Any number; default 1. */
  seed?: number
  /** What the network is like: see {@link NetworkOptions}. Default: a median round trip of 130 ms, 10 % jitter, no loss. */
  network?: NetworkOptions
  /** Makes nodes, where they are not plain `DHT`s. Must pass the options on. */
  create?: (options: DHTOptions) => DHT
}

/** Where a node runs, and of which class it is. */
export interface NodeHostOptions<N extends DHT = DHT> extends HostOptions {
  /** A host that is there already. Default: one of its own. */
  host?: SimulatedHost
  /** Makes the node, where it is not a plain `DHT`. Must pass the options on. */
  create?: (options: DHTOptions) => N
}

/**
 * A whole network in one process. The same seed and the same calls give the same run, down to each datagram.
 *
 * @example
 * const sim = new Simulation({ seed: 7, network: { loss: 0.01 } })
 * const nodes = await sim.startNodes(100)
 * for (const node of sim.random.sample(nodes, 20)) sim.hostOf(node).kill()
 * const target = sim.random.bytes(32)
 * const query = nodes[0].findNode(target)
 * await sim.run(query.finished())
 * console.log(query.closestNodes, sim.trueClosest(target, 20))
 * await sim.destroy()
 */
export class Simulation {
  readonly clock = new VirtualClock()
  readonly network: SimulatedNetwork
  /** For choices of your own. */
  readonly random: SeededRandom
  readonly #churnRandom: SeededRandom
  /** BOUNDED: by the user's calls of `churn`. */
  readonly #churns: Churn[] = []
  readonly #seed: number
  readonly #create: (options: DHTOptions) => DHT
  /** By node, in the order of making. BOUNDED: by the nodes that were made and not removed. */
  readonly #hosts = new Map<DHT, SimulatedHost>()
  /** BOUNDED: by the user's calls of `bootstrapper`. */
  readonly #bootstrap: { host: string; port: number }[] = []
  /** BOUNDED: by the user's calls of `hostileHost`. */
  readonly #hostileHosts: HostileHost[] = []
  #stream = CHURN_STREAM
  #destroyed: Promise<void> | null = null

  /** @throws TypeError or RangeError for options that make no sense */
  constructor(options: SimulationOptions = {}) {
    checkOptions(options, 'a simulation', ['seed', 'network', 'create'])
    const { seed = 1, network = {}, create = (nodeOptions) => new DHT(nodeOptions) } = options
    checkOptions(network, 'network', NETWORK_OPTIONS)
    checkCallback(create, 'create')
    this.network = new SimulatedNetwork({ ...network, seed, clock: this.clock })
    this.random = new SeededRandom(seed, USER_STREAM)
    this.#churnRandom = new SeededRandom(seed, CHURN_STREAM)
    this.#seed = seed
    this.#create = create
  }

  /** The nodes that were made and not removed, in order, bootstrappers included. */
  get nodes(): DHT[] {
    return [...this.#hosts.keys()]
  }

  /** Those whose host is up and that are not destroyed. */
  get livingNodes(): DHT[] {
    const living: DHT[] = []
    for (const [node, host] of this.#hosts) if (host.up && !node.destroyed) living.push(node)
    return living
  }

  /** Where nodes made from now on join, unless their options say otherwise. */
  get bootstrap(): readonly { host: string; port: number }[] {
    return this.#bootstrap
  }

  /**
   * A new host, without a node. See {@link HostOptions}.
   *
   * @throws Error when its address is taken; TypeError or RangeError for options that make no sense
   */
  createHost(options: HostOptions = {}): SimulatedHost {
    this.#checkThere()
    return this.network.createHost(options)
  }

  /**
   * A node that others join through, on a host of its own and port 49737. The first node that joins makes one, if you
   * have not; a second one is an addition.
   *
   * @throws TypeError or RangeError for options that make no sense, and as {@link createHost}
   */
  bootstrapper(options: DHTOptions = {}, hostOptions: HostOptions = {}): DHT {
    checkNodeOptions(options)
    const host = this.createHost(hostOptions)
    const node = DHT.bootstrapper(BOOTSTRAP_PORT, host.address, { ...this.#platform(host), ...options })
    this.#bootstrap.push({ host: host.address, port: BOOTSTRAP_PORT })
    this.#hosts.set(node, host)
    return node
  }

  /**
   * A node on a host of its own that has not joined yet. It starts with the next virtual time that passes.
   *
   * @throws TypeError or RangeError for options that make no sense, what `create` throws, and as {@link createHost}
   */
  createNode<N extends DHT = DHT>(options: DHTOptions = {}, nodeHost: NodeHostOptions<N> = {}): N {
    checkNodeOptions(options)
    checkNodeHost(nodeHost)
    const { host, create = this.#create, ...hostOptions } = nodeHost as NodeHostOptions
    this.#checkThere()
    if (this.#bootstrap.length === 0 && options.bootstrap === undefined) this.bootstrapper()
    const at = host ?? this.createHost(hostOptions)
    try {
      const node: unknown = create({ bootstrap: this.#bootstrap.slice(), ...this.#platform(at), ...options })
      if (!(node instanceof DHT)) throw new TypeError(`create must return a DHT, got ${describe(node)}`)
      if (coreOf(node).clock !== (options.clock ?? at.clock)) {
        // It would be on the network and the time of this machine. Another transport alone may be meant: one through a gateway.
        void node.destroy()
        throw new TypeError('create must pass its options on to the node')
      }
      this.#hosts.set(node, at)
      return node as N // who names a class without a `create` of its own means that of the simulation
    } catch (err) {
      if (host === undefined) at.remove()
      throw err
    }
  }

  /** A node that has joined. @throws as {@link createNode} */
  startNode<N extends DHT = DHT>(options: DHTOptions = {}, nodeHost: NodeHostOptions<N> = {}): Promise<N> {
    const node = this.createNode(options, nodeHost)
    return this.run(node.fullyBootstrapped()).then(() => node)
  }

  /**
   * Nodes that have joined, persistent ones unless the options say otherwise. They join in growing waves, ten at first
   * and then a quarter of the network at a time: more at once than the others have room for would leave tables poorer
   * than those of a network that has grown.
   *
   * @param hostOptions the same for all, or a function of the number of the node, from 0
   * @param onProgress called with the number of those that have joined, after each wave
   * @throws TypeError or RangeError for arguments that make no sense
   */
  startNodes<N extends DHT = DHT>(
    count: number,
    options: DHTOptions = { ephemeral: false },
    hostOptions: NodeHostOptions<N> | ((i: number) => NodeHostOptions<N>) = {},
    onProgress?: (joined: number) => void,
  ): Promise<N[]> {
    checkInteger(count, 'count', 0, MAX_NODES)
    checkCallback(onProgress, 'onProgress')
    checkNodeOptions(options)
    if (typeof hostOptions !== 'function') checkNodeHost(hostOptions)
    this.#checkThere()
    const optionsOf = typeof hostOptions === 'function' ? hostOptions : () => hostOptions
    return this.#grow(count, (i) => this.createNode(options, optionsOf(i)), onProgress)
  }

  async #grow<N extends DHT>(
    count: number,
    create: (i: number) => N,
    onProgress?: (joined: number) => void,
  ): Promise<N[]> {
    const nodes: N[] = []
    while (nodes.length < count) {
      const size = Math.max(LEAST_WAVE, Math.floor(this.#hosts.size * WAVE_SHARE))
      const wave: N[] = []
      for (let i = nodes.length; i < Math.min(nodes.length + size, count); i++) {
        wave.push(create(i))
      }
      await this.run(Promise.all(wave.map((node) => node.fullyBootstrapped())))
      nodes.push(...wave)
      onProgress?.(nodes.length)
    }
    return nodes
  }

  /** The host a node runs on. @throws Error for a node that is not of this simulation, or was removed */
  hostOf(node: DHT): SimulatedHost {
    const host = this.#hosts.get(node)
    if (host === undefined) throw new Error('this node is not of this simulation, or was removed')
    return host
  }

  /**
   * The address others reach a node at, as if there were no NAT: its host's address and the port of its server socket.
   * @throws Error for a node that is not of this simulation, or not bound
   */
  addressOf(node: DHT): { host: string; port: number } {
    const port = node.serverSocket?.address()?.port
    if (port === undefined) throw new Error('this node is not bound')
    return { host: this.hostOf(node).address, port }
  }

  /** Kills the host of a node for good, and forgets both: the memory of thousands that come and go would add up. */
  remove(node: DHT): void {
    this.hostOf(node).remove()
    this.#hosts.delete(node)
  }

  /**
   * Makes nodes come and go from now on, until it is stopped or the simulation destroyed. Those that have left are
   * removed: they are no longer among {@link nodes}.
   *
   * @throws TypeError or RangeError for options that make no sense
   * @example
   * const churn = sim.churn({ halfLifeMs: 30 * 60_000, graceful: 0.2 })
   * await sim.advance(3_600_000)
   * churn.stop()
   * console.log(churn.joins, churn.leaves)
   */
  churn(options: ChurnOptions): Churn {
    this.#checkThere()
    const bootstrap = new Set(this.#bootstrap.map(({ host }) => host))
    const nodes = options?.nodes ?? this.livingNodes.filter((node) => !bootstrap.has(this.hostOf(node).address))
    const host = {
      clock: this.clock,
      random: this.#churnRandom,
      create: () => this.createNode({ ephemeral: false }),
      check: (node: DHT) => void this.hostOf(node),
      remove: (node: DHT) => {
        if (this.#hosts.has(node)) this.remove(node)
      },
    }
    const churn = new Churn(host, { ...options, nodes })
    this.#churns.push(churn)
    return churn
  }

  /**
   * A host run by your code: it sees what comes in on a port, and sends what it likes.
   *
   * @param onDatagram gets what comes in; default: nothing is done about it
   * @param options as of any host, and `port`, default any
   * @throws TypeError or RangeError for arguments that make no sense
   */
  hostileHost(
    onDatagram: OnHostileDatagram = () => {},
    options: HostOptions & { port?: number } = {},
  ): Promise<HostileHost> {
    checkCallback(onDatagram, 'onDatagram')
    checkOptions(options, 'a hostile host', [...HOST_OPTIONS, 'port'])
    const { port = 0, ...hostOptions } = options
    checkInteger(port, 'port', 0, 65535)
    const made = HostileHost.create(this.createHost(hostOptions), this.network, port, onDatagram)
    return made.then((hostile) => {
      this.#hostileHosts.push(hostile)
      return hostile
    })
  }

  /**
   * The living persistent nodes nearest to a target, nearest first: the truth that no node of a network can see, to
   * compare lookups with.
   *
   * @throws TypeError or RangeError for a target that is not 32 bytes, or a `k` that is no count
   */
  trueClosest(target: Uint8Array, k = 20): DHT[] {
    return trueClosest(this.livingNodes, target, k)
  }

  /**
   * Lets virtual time pass until the promise is settled.
   *
   * @param options `limitMs`: the most virtual time it may take, `Infinity`: any; default 600000 (10 min)
   * @returns what it was settled with; rejects when it is not within the limit, or when a timer throws
   * @throws TypeError or RangeError for what is no promise, or no time
   */
  run<T>(promise: PromiseLike<T>, options: { limitMs?: number } = {}): Promise<T> {
    if (typeof promise?.then !== 'function') throw new TypeError(`promise must be a promise, got ${describe(promise)}`)
    checkOptions(options, 'run', ['limitMs'])
    const { limitMs = PATIENCE_MS } = options
    if (limitMs !== Infinity) checkMeasure(limitMs, 'limitMs')
    return this.#run(promise, limitMs)
  }

  async #run<T>(promise: PromiseLike<T>, limitMs: number): Promise<T> {
    let settled = false
    const done = () => void (settled = true)
    promise.then(done, done)
    await this.clock.runUntil(() => settled, limitMs)
    if (!settled) throw new Error(`not settled within ${limitMs} ms of virtual time`)
    return promise
  }

  /** Lets virtual time pass. Rejects when a timer throws. @throws TypeError or RangeError for what is no time */
  advance(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  /**
   * Ends churn, all nodes and hostile hosts. Idempotent. What is on the clock then, `clock.pending`, are timers that your own
   * code has left.
   */
  destroy(): Promise<void> {
    return (this.#destroyed ??= this.#destroy())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy()
  }

  async #destroy(): Promise<void> {
    for (const churn of this.#churns) churn.stop()
    const nodes = this.nodes
    this.#hosts.clear()
    await this.run(Promise.all(nodes.map((node) => node.destroy())))
    await Promise.all(this.#hostileHosts.map((hostile) => hostile.close()))
    this.clock.discardMoot()
  }

  /** @throws DHTError NODE_DESTROYED */
  #checkThere(): void {
    if (this.#destroyed !== null) throw new DHTError('NODE_DESTROYED', 'Simulation destroyed')
  }

  #platform(host: SimulatedHost) {
    const random = new SeededRandom(this.#seed, ++this.#stream)
    return { transport: host.transport, clock: host.clock, random }
  }
}

/** The node itself checks them one by one. @throws TypeError */
function checkNodeOptions(options: DHTOptions): void {
  if (typeof options === 'object' && options !== null) return
  throw new TypeError(`options of a node must be an object, got ${describe(options)}`)
}

/** @throws TypeError */
function checkNodeHost(options: NodeHostOptions): void {
  checkOptions(options, 'a node’s host', [...HOST_OPTIONS, 'host', 'create'])
  const { host, create } = options
  checkCallback(create, 'create')
  if (host === undefined) return
  if (!(host instanceof SimulatedHost)) throw new TypeError(`host must be a SimulatedHost, got ${describe(host)}`)
  const doubled = HOST_OPTIONS.filter((name) => options[name as keyof HostOptions] !== undefined)
  if (doubled.length > 0) throw new TypeError(`${doubled.join(', ')}: a host that is there has its own`)
}
