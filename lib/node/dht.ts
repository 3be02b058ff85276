/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The node as users see it: checks what they pass, starts the work, tells what happened. The work is done by the core
 * and its parts.
 */
import { Emitter, type EmitterClass } from '../primitives/emitter.js'
import { throwLater } from '../primitives/report.js'
import type { NetworkSizeEstimate } from '../query/network-size.js'
import type { Query, QueryMessage, QueryOptions } from '../query/query.js'
import type { Recency } from '../routing/recency.js'
import type { RoutingTable } from '../routing/table.js'
import type { Reply } from '../rpc/reply.js'
import type { Request } from '../rpc/request.js'
import type { Stats } from '../rpc/stats.js'
import type { DatagramSocket, SocketAddress } from '../transport/contract.js'
import { COMMAND, ERROR } from '../wire/commands.js'
import { checkAddress, checkLimits, type Destination } from './arguments.js'
import { listContacts, localAddress, remoteAddress } from './addresses.js'
import { Application, ERROR_HANDLER_FAILED } from './application.js'
import { type BootstrapNode, bootstrapperOptions } from './bootstrap-list.js'
import { type WaitOptions, waitFor } from './call.js'
import { Core } from './core.js'
import type { DHTEvents, Tell } from './events.js'
import type { Health } from './health.js'
import type { EphemeralReason } from './identity.js'
import { Lifecycle } from './lifecycle.js'
import { DEFAULTS, type DHTConfig, type DHTOptions, parseOptions, publicConfig } from './options.js'
import { platformOf } from './platform.js'
import { createQuery } from './query-host.js'
import {
  checkRequest,
  createDelayedPing,
  createPing,
  type PingOptions,
  type RequestMessage,
  type RequestOptions,
  sendRequest,
} from './requests.js'
import { measureRoundTrips, type RoundTripStats } from './round-trip-stats.js'
import { exportContacts, type SavedContacts } from './saved-contacts.js'
import { Session } from './session.js'

/** The inside of a node, for the modules of this package that are built on it. @internal */
export const coreOf = (node: DHT): Core => inside(node)
let inside: (node: DHT) => Core

/**
 * A node of a Kademlia DHT, on the wire protocol of `dht-rpc` v6.
 *
 * Starts by itself one micro-task after construction. Events: {@link DHTEvents}.
 *
 * @example
 * const node = new DHT({ bootstrap: ['localhost:10001'] })
 * node.on('request', (req) => req.reply(values.get(toHex(req.target))))
 * await node.fullyBootstrapped()
 */
export class DHT extends (Emitter as unknown as EmitterClass<DHTEvents>) {
  static readonly DEFAULTS = DEFAULTS
  /** No error. */
  static readonly OK: number = ERROR.OK
  /** The node does not know the command. */
  static readonly ERROR_UNKNOWN_COMMAND: number = ERROR.UNKNOWN_COMMAND
  /** The token is not one the node gave to this address, or it has expired. */
  static readonly ERROR_INVALID_TOKEN: number = ERROR.INVALID_TOKEN
  /** The node's application failed while it handled the request. */
  static readonly ERROR_HANDLER_FAILED: number = ERROR_HANDLER_FAILED

  /** Counters, changed in place. */
  stats: Stats

  static {
    inside = (node: DHT): Core => node.#core
  }

  readonly #core: Core
  readonly #lifecycle: Lifecycle
  readonly #application: Application

  /**
   * @param options see {@link DHTOptions}; all optional
   * @throws TypeError or RangeError for an option that makes no sense
   */
  constructor(options: DHTOptions = {}) {
    super()
    const config = parseOptions(options)
    const tell: Tell = (event, ...args) => void this.#tell(event, ...args)
    this.#core = new Core(config, platformOf(options), {
      tell,
      onRequest: (request) => this.#application.handle(request),
    })
    this.#application = new Application({
      onrequest: (request) => this.onrequest(request),
      tellError: (error, request) => this.#tell('request-error', error, request),
    })
    this.stats = this.#core.stats
    this.#lifecycle = new Lifecycle(this.#core, tell)
    for (const { host, port } of config.nodes.toReversed()) this.addNode({ host, port })
    this.#lifecycle.start()
  }

  /**
   * A node that others join the network through: persistent at once, its address known from the start.
   *
   * @param port its port, as others reach it
   * @param host its public IPv4 address; pass `options.host` to bind to one interface only
   * @throws TypeError or RangeError: `Port is required`, `Host is required`, `Invalid host`, `Host must be a IPv4 address`
   * @example
   * const bootstrap = DHT.bootstrapper(10001, '127.0.0.1')
   */
  static bootstrapper<C extends typeof DHT>(
    this: C,
    port: number,
    host: string,
    options: DHTOptions = {},
  ): InstanceType<C> {
    const node = new this(bootstrapperOptions(port, host, options))
    node.#core.identity.fixAddress(host, port)
    return node as InstanceType<C>
  }

  /** Our 32-byte id, hash(host, port); null while ephemeral. Shared: read only. */
  get id(): Uint8Array | null {
    return this.ephemeral ? null : this.table.id
  }

  /** Our public IPv4 address, as others see it; null while unknown. */
  get host(): string | null {
    return this.#core.identity.host
  }

  /** Our public port; 0 while unknown, or when it differs from peer to peer. */
  get port(): number {
    return this.#core.identity.port
  }

  /** Whether our NAT shows every peer another port. */
  get randomized(): boolean {
    return this.host !== null && this.port === 0
  }

  /** Whether we are in nobody's routing table: true until our address is known and stable. */
  get ephemeral(): boolean {
    return this.#core.identity.ephemeral
  }

  /** Why we are ephemeral; null while persistent. See {@link EphemeralReason}. */
  get ephemeralReason(): EphemeralReason | null {
    return this.#core.identity.ephemeralReason
  }

  /** Whether our server socket can not, or not for sure, be reached from outside. */
  get firewalled(): boolean {
    return this.#core.identity.firewalled
  }

  /** Whether the node turns persistent by itself. */
  get adaptive(): boolean {
    return this.#core.config.adaptive
  }

  get bootstrapped(): boolean {
    return this.#lifecycle.bootstrapped
  }

  get destroyed(): boolean {
    return this.#core.closed === 'destroyed'
  }

  get suspended(): boolean {
    return this.#core.closed === 'suspended'
  }

  /** false when nobody has answered for a while. */
  get online(): boolean {
    return this.health.online
  }

  /** true when most requests have been failing for a while. */
  get degraded(): boolean {
    return this.health.degraded
  }

  /** Details behind `online` and `degraded`. */
  get health(): Health {
    return this.#lifecycle.upkeep.health
  }

  /** How many nodes the network has, as far as our own lookups tell; null while unknown. */
  get networkSize(): NetworkSizeEstimate | null {
    return this.#core.watch.size
  }

  /** The routing table; another one after our id changed. */
  get table(): RoutingTable {
    return this.#core.contacts.table
  }

  /** The contacts of the table in the order in which they were last heard. */
  get nodes(): Recency {
    return this.table.recency
  }

  /** The bootstrap nodes, parsed. */
  get bootstrapNodes(): readonly BootstrapNode[] {
    return this.#core.config.bootstrap
  }

  /** Settings in force. */
  get config(): DHTConfig {
    return publicConfig(this.#core.config)
  }

  /** The local socket that requests leave from now; null while not bound. */
  get socket(): DatagramSocket | null {
    return this.#core.outgoingSocket
  }

  /** The local socket on the port that others know; null while not bound. */
  get serverSocket(): DatagramSocket | null {
    return this.#core.endpoint.serverSocket
  }

  /** The local socket that requests leave from while we may be firewalled; null while not bound. */
  get clientSocket(): DatagramSocket | null {
    return this.#core.endpoint.clientSocket
  }

  /** The UDX instance behind the sockets; null on other transports. */
  get udx(): unknown {
    return this.#core.transport.native
  }

  /**
   * Binds the sockets; the node does it by itself.
   * @returns resolves when they are bound; rejects with DHTError BIND_FAILED
   */
  bind(options?: WaitOptions): Promise<void> {
    if (this.#core.closed !== null) return Promise.reject(this.#core.closedError())
    return this.#wait(() => this.#core.endpoint.bind(), options)
  }

  /**
   * Waits until the node has joined the network, as well as it can: also when nobody answers.
   *
   * @returns rejects with DHTError BIND_FAILED, NODE_DESTROYED, DEADLINE_EXCEEDED or the signal's reason
   */
  fullyBootstrapped(options?: WaitOptions): Promise<void> {
    return this.#wait(() => this.#lifecycle.joined, options)
  }

  /** Other name of {@link fullyBootstrapped}. */
  ready(options?: WaitOptions): Promise<void> {
    return this.fullyBootstrapped(options)
  }

  /**
   * Walks to the nodes closest to a target, asking each the same, and streams their replies.
   *
   * @param message `target` 32 bytes, `command` of the application, `value`
   * @throws TypeError or RangeError for bad arguments; DHTError NODE_DESTROYED
   * @example
   * await node.query({ target, command: PUT, value }, { commit: true }).finished()
   */
  query<T = Reply>(message: QueryMessage, options: QueryOptions<T> = {}): Query<T> {
    return createQuery(this.#core, this, message, false, options)
  }

  /**
   * Walks to the nodes closest to a target, without asking anything else.
   * @throws TypeError or RangeError for bad arguments; DHTError NODE_DESTROYED
   */
  findNode<T = Reply>(target: Uint8Array, options: QueryOptions<T> = {}): Query<T> {
    return createQuery(this.#core, this, { target, command: COMMAND.FIND_NODE }, true, options)
  }

  /**
   * Asks one node.
   *
   * @returns its reply, also when that carries an error number; rejects with DHTError REQUEST_TIMEOUT,
   *   REQUEST_DESTROYED, IO_SUSPENDED, NODE_DESTROYED, SEND_FAILED, DEADLINE_EXCEEDED, or the signal's reason
   * @throws TypeError or RangeError for bad arguments
   */
  request(message: RequestMessage, to: Destination, options?: RequestOptions): Promise<Reply> {
    return sendRequest(this.#core, checkRequest(message), checkAddress(to), options, 0)
  }

  /** Asks one node for a sign of life. Rejects and throws as {@link request}. */
  ping(to: Destination, options?: PingOptions): Promise<Reply> {
    const message = createPing(options?.size, this.#core.maxDatagramBytes)
    return sendRequest(this.#core, message, checkAddress(to), options, 0)
  }

  /**
   * A ping that the other node answers after a delay.
   *
   * @param delayMs up to the other node's limit, usually 10000; above our own `maxPingDelay` it throws
   */
  delayedPing(to: Destination, delayMs: number, options?: RequestOptions): Promise<Reply> {
    const message = createDelayedPing(delayMs, this.#core.config.maxPingDelay)
    return sendRequest(this.#core, message, checkAddress(to), options, delayMs)
  }

  /** A bag of requests that can be given up together. */
  session(): Session {
    return new Session(this, (exchange, error) => this.#core.client.cancel(exchange, error))
  }

  /** Looks up a known id in the background, which freshens the routing table. Rejects only where *options* end the wait. */
  refresh(options?: WaitOptions): Promise<void> {
    return this.#wait(() => this.#lifecycle.refresh(), options)
  }

  /** Puts a node into the routing table without asking it. @throws TypeError or RangeError for a bad address */
  addNode(node: { host: string; port: number }): void {
    const { host, ip, port } = checkAddress(node, 'node')
    this.#core.contacts.add(host, ip, port)
  }

  /** The contacts, most recently heard first. `limit`: at most so many. @throws TypeError or RangeError */
  toArray({ limit = Infinity }: { limit?: number } = {}): { host: string; port: number }[] {
    return listContacts(this.nodes, limit)
  }

  /** Our contacts as plain data, for the option `contacts` of a later run. */
  exportContacts(): SavedContacts {
    return exportContacts(this.#core)
  }

  /** Local address of the socket that requests leave from; null while not bound. */
  address(): SocketAddress | null {
    return this.socket?.address() ?? null
  }

  /** Our address in the local network: the one bound to, or the first external interface's; null while not bound. */
  localAddress(): { host: string; port: number } | null {
    return localAddress(this.#core)
  }

  /** The address others can reach us at; null when there is none, or it is not known. */
  remoteAddress(): { host: string; port: number } | null {
    return remoteAddress(this.#core)
  }

  /** Feeds a datagram that arrived on a socket of the caller's. What is no message of this protocol is ignored. */
  onmessage(socket: DatagramSocket, bytes: Uint8Array, from: { host: string; port: number }): void {
    this.#core.onDatagram(bytes, from.host, from.port, socket)
  }

  /**
   * Called for every request of the application's; subclasses may override it. What it throws, or rejects with, is
   * told by `request-error`.
   *
   * @returns false when nobody listens: the asker then gets ERROR_UNKNOWN_COMMAND
   */
  onrequest(request: Request): unknown {
    const listeners = this.rawListeners('request')
    for (const listener of listeners) this.#application.run(request, () => listener.call(this, request))
    return listeners.length > 0
  }

  /** Averages over one lookup of the newest contact's id; NaN without replies. */
  rttStats(options?: WaitOptions): Promise<RoundTripStats> {
    return measureRoundTrips(this.findNode(this.nodes.latest?.id ?? this.table.id, { ...options }))
  }

  /** Closes the sockets and lets go of everything that keeps a process alive. Requests under way fail. Idempotent. */
  suspend(options?: WaitOptions | object): Promise<void> {
    return this.#wait(() => this.#lifecycle.suspend(), options)
  }

  /** Opens the same ports again, and finds out what changed meanwhile. Idempotent. Rejects with BIND_FAILED. */
  resume(options?: WaitOptions | object): Promise<void> {
    return this.#wait(() => this.#lifecycle.resume(), options)
  }

  /** Ends the node: what is under way fails, sockets and timers are closed. Idempotent; never rejects. */
  destroy(_options?: unknown): Promise<void> {
    return this.#lifecycle.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy()
  }

  /** Waits for work that goes on, once it has begun, whether or not somebody waits for it. */
  #wait(begin: () => Promise<void>, options: WaitOptions | undefined): Promise<void> {
    checkLimits(options)
    return waitFor(begin, this.#core.clock, options)
  }

  /** Tells listeners. What they throw is uncaught, as it should be, but only after our work is done. */
  #tell<E extends keyof DHTEvents>(event: E, ...args: DHTEvents[E]): boolean {
    try {
      return this.emit(event, ...args)
    } catch (error) {
      throwLater(error)
      return true
    }
  }
}
