/**
 * The class that stands in for the one of the package `dht-rpc`, so that HyperDHT and Hyperswarm run on xorpc without a
 * changed line. All of what exists for that alone is in this folder.
 *
 * It is the node itself, and differs from it where those packages rely on another shape (`io`, the sockets while
 * suspended), on other errors, or on more tolerance (bad arguments reject, unusable nodes are skipped). Replies are
 * accepted from another address than the one asked, which `req.relay` needs; only to requests of the application's, and
 * only with a transaction id that nobody can guess.
 */
import { hasCode } from '../primitives/errors.js'
import type { WaitOptions } from '../node/call.js'
import { type BootstrapNode, checkBootstrapper } from '../node/bootstrap-list.js'
import type { Destination } from '../node/arguments.js'
import { coreOf, DHT as Node } from '../node/dht.js'
import type { DHTConfig, DHTOptions as NodeOptions } from '../node/options.js'
import { createQuery } from '../node/query-host.js'
import type { PingOptions, RequestMessage, RequestOptions } from '../node/requests.js'
import type { Query, QueryMessage, QueryOptions } from '../query/query.js'
import type { Reply } from '../rpc/reply.js'
import type { DatagramSocket } from '../transport/contract.js'
import { COMMAND } from '../wire/commands.js'
import { bindFailure, nodeDestroyed, plainly } from './errors.js'
import { Io } from './io.js'
import { type DHTOptions, toNodeOptions } from './options.js'
import { RpcQuery, toQueryOptions } from './query.js'
import { measureQuery, type RpcRoundTripStats } from './round-trips.js'
import { createWatchedTransport, type WatchedTransport } from './udp-transport.js'

/** Settings in force. The last two are those of HyperDHT, which sets the fields that they show. */
export interface RpcConfig extends DHTConfig {
  randomPunchInterval: unknown
  connectionKeepAlive: unknown
}

/** Fields that HyperDHT sets on itself. */
interface SubclassFields {
  _randomPunchInterval?: unknown
  connectionKeepAlive?: unknown
}

/**
 * A DHT node with the surface of `dht-rpc` 6, on xorpc. Made to be extended.
 *
 * @example
 * class Counter extends DHT {
 *   override onrequest(req: Request): boolean {
 *     if (req.command !== 7) return false
 *     req.reply(req.value)
 *     return true
 *   }
 * }
 */
export class DHT extends Node {
  /** What dht-rpc has here; `concurrency` is 20 in fact (see `config`). */
  static override readonly DEFAULTS = { concurrency: 10, maxWindow: 80, maxPingDelay: 10_000 }

  /** Sockets, port range and interfaces. */
  readonly io: Io

  /** @param options see {@link DHTOptions}; all optional */
  constructor(options: DHTOptions = {}) {
    const transport = options.transport ?? createWatchedTransport(options.udx ?? undefined)
    super(toNodeOptions(options, transport))
    this.io = new Io(coreOf(this), () => (transport as Partial<WatchedTransport>).watcher ?? null)
  }

  /**
   * A node that others join the network through.
   * @throws Error: `Port is required`, `Host is required`, `Invalid host`, `Host must be a IPv4 address`
   */
  static override bootstrapper<C extends typeof Node>(
    this: C,
    port: number,
    host: string,
    options: DHTOptions = {},
  ): InstanceType<C> {
    plainly(() => checkBootstrapper(port, host))
    return super.bootstrapper.call(this, port, host, options as NodeOptions) as InstanceType<C>
  }

  override get config(): RpcConfig {
    const { concurrency, maxWindow, maxPingDelay, sendDownHints, downHintsRateLimit } = super.config
    const { _randomPunchInterval: randomPunchInterval, connectionKeepAlive } = this as SubclassFields
    const told = { concurrency, maxWindow, randomPunchInterval, connectionKeepAlive, sendDownHints, downHintsRateLimit }
    // dht-rpc does not have it here, which shows where somebody compares the whole.
    return Object.defineProperty(told, 'maxPingDelay', { value: maxPingDelay, enumerable: false }) as RpcConfig
  }

  /** The bootstrap nodes, as dht-rpc shows them: a suggested IP stays part of the host. */
  override get bootstrapNodes(): readonly BootstrapNode[] {
    return super.bootstrapNodes.map((node) =>
      node.suggestedIp ? { host: `${node.suggestedIp}@${node.host}`, port: node.port } : node,
    )
  }

  /** The UDX socket that requests leave from; the closed one while suspended, null before it was bound. */
  override get socket(): DatagramSocket | null {
    return this.firewalled ? this.io.clientSocket : this.io.serverSocket
  }

  /** Rejects with the system's error when the sockets cannot be bound. */
  override async bind(options?: WaitOptions): Promise<void> {
    if (this.destroyed) return
    try {
      await super.bind(options)
    } catch (error) {
      throw bindFailure(error)
    }
  }

  /** Resolves when the node has joined as well as it can, or was destroyed. */
  override async fullyBootstrapped(options?: WaitOptions): Promise<void> {
    try {
      await super.fullyBootstrapped(options)
    } catch (error) {
      if (!hasCode(error, 'NODE_DESTROYED')) throw bindFailure(error)
    }
  }

  override query<T = Reply>(message: QueryMessage, options: QueryOptions<T> = {}): Query<T> {
    return this.#query(message, false, options)
  }

  override findNode<T = Reply>(target: Uint8Array, options: QueryOptions<T> = {}): Query<T> {
    return this.#query({ target, command: COMMAND.FIND_NODE }, true, options)
  }

  /** Never throws: rejects, also for bad arguments. */
  override request(message: RequestMessage, to: Destination, options?: RequestOptions): Promise<Reply> {
    return this.#attempt(() => super.request(message, to, withoutNull(options)))
  }

  /** Never throws: rejects, also for bad arguments. */
  override ping(to: Destination, options?: PingOptions): Promise<Reply> {
    return this.#attempt(() => super.ping(to, { ...withoutNull(options), relayed: false }))
  }

  /** Throws when the delay is above `maxPingDelay`; rejects for all other reasons. */
  override delayedPing(to: Destination, delayMs: number, options?: RequestOptions): Promise<Reply> {
    const { maxPingDelay } = coreOf(this).config
    if (delayMs > maxPingDelay) throw new Error(`Delay exceeds max delay: ${maxPingDelay}ms`)
    return this.#attempt(() => super.delayedPing(to, delayMs, { ...withoutNull(options), relayed: false }))
  }

  /** The first external IPv4 interface (`en0` preferred) or 127.0.0.1, whatever the node is bound to. */
  override localAddress(): { host: string; port: number } | null {
    const { endpoint, transport } = coreOf(this)
    if (this.io.serverSocket === null) return null
    const external = transport.networkInterfaces().filter(({ family, internal }) => family === 4 && !internal)
    const chosen = external.find(({ name }) => name === 'en0') ?? external[0]
    return { host: chosen?.host ?? '127.0.0.1', port: endpoint.serverPort }
  }

  override rttStats(): Promise<RpcRoundTripStats> {
    return measureQuery(this.findNode(this.nodes.latest?.id ?? this.table.id))
  }

  /** Rejects with the system's error when the sockets cannot be bound again. */
  override async resume(options?: object): Promise<void> {
    try {
      await super.resume(options)
    } catch (error) {
      throw bindFailure(error)
    }
  }

  #query<T>(message: QueryMessage, internal: boolean, options: QueryOptions<T> | null): Query<T> {
    if (this.destroyed) throw nodeDestroyed()
    const checked = toQueryOptions(this, message, options ?? {})
    return createQuery(coreOf(this), this, message, internal, checked, RpcQuery)
  }

  #attempt(ask: () => Promise<Reply>): Promise<Reply> {
    if (this.destroyed) return Promise.reject(nodeDestroyed())
    try {
      return ask()
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

/** Options without those that are null: the default is meant. */
function withoutNull<T extends object>(options: T | null | undefined): T | undefined {
  if (options === undefined || options === null) return undefined
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)) as T
}
