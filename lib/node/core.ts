/**
 * Puts the parts of a node together and passes datagrams between them; the decisions are theirs.
 *
 * The way of a request of ours: `send` → client → socket → … → `onDatagram` → client → contacts, identity → handler.
 * The way of others': `onDatagram` → server → contacts → command handler or the application → server → socket.
 */
import { type Address, addressKey, type AddressScope, addressScope, keyOf, parseIPv4 } from '../primitives/address.js'
import type { Clock } from '../primitives/clock.js'
import { DHTError } from '../primitives/errors.js'
import type { NodeInfo } from '../primitives/id.js'
import type { Random } from '../primitives/random.js'
import { throwLater } from '../primitives/report.js'
import { DelayedPings } from '../commands/delayed-ping.js'
import type { Contact } from '../routing/contact.js'
import { K } from '../routing/table.js'
import { Client } from '../rpc/client.js'
import { createSendOptions } from '../rpc/exchange.js'
import type { Exchange, ExchangeHandler, Outgoing, SendOptions } from '../rpc/exchange.js'
import type { Reply } from '../rpc/reply.js'
import type { Request } from '../rpc/request.js'
import { InboundLimits } from '../rpc/inbound-limits.js'
import { type CommandOutcome, type Inbound, Server } from '../rpc/server.js'
import { createStats, type Stats } from '../rpc/stats.js'
import { Tokens } from '../rpc/tokens.js'
import type { DatagramSocket, Transport } from '../transport/contract.js'
import { COMMAND } from '../wire/commands.js'
import { datagramKind } from '../wire/datagram.js'
import { NetworkSeal, SEAL_BYTES } from '../wire/network-seal.js'
import { Contacts } from './contacts.js'
import { Endpoint } from './endpoint.js'
import { Errands, NEWCOMER_SEND } from './errands.js'
import type { Tell } from './events.js'
import { Identity } from './identity.js'
import { createCommandHandler } from './internal-commands.js'
import { Lookups } from './lookups.js'
import type { NodeConfig } from './options.js'
import { NetworkWatch } from './network-watch.js'
import type { Platform } from './platform.js'
import { type Resolved, Resolver } from './resolver.js'
import { Reunion } from './reunion.js'
import { Senders } from './senders.js'
import { Tracing } from './tracing.js'

/** What the core tells the node it is the inside of. */
export interface CoreEvents {
  tell: Tell
  /** Hands a request to the application; false when nobody listens. */
  onRequest(request: Request): boolean
}

/** Transmissions after the first of a request of the caller's. */
const REQUEST_RETRIES = 3

/** Nodes asked to probe our server socket. */
const PROBES = 5

/** How often a contact's unchanged view of our address is counted anew. */
const RESAMPLE_MS = 30 * 60_000

export class Core {
  readonly config: NodeConfig
  readonly clock: Clock
  readonly random: Random
  readonly transport: Transport
  /** Most bytes of a message. */
  readonly maxDatagramBytes: number
  readonly stats: Stats = createStats()
  readonly endpoint: Endpoint
  readonly client: Client
  readonly server: Server
  readonly contacts: Contacts
  readonly identity: Identity
  readonly resolver: Resolver
  readonly delayedPings: DelayedPings
  readonly errands: Errands
  readonly lookups: Lookups
  readonly watch: NetworkWatch
  readonly reunion: Reunion
  readonly tracing: Tracing
  /** Set while there are no sockets: nothing goes out or comes in. `failed`: they could not be bound. */
  closed: 'suspended' | 'destroyed' | 'failed' | null = null
  #bindError: DHTError | null = null
  /** When the last lookup started: a busy node needs no refresh. */
  lastLookupAt: number
  /** How requests of the caller's are sent that say nothing else; shared by all of them. */
  readonly requestOptions: SendOptions
  readonly #events: CoreEvents
  /** null: in the public network. */
  readonly #seal: NetworkSeal | null
  readonly #senders: Senders
  readonly #handleCommand: (inbound: Inbound) => CommandOutcome
  /** Our address as contacts see it, shared by all that see the same. */
  #seenAs: { key: number; address: Address } | null = null

  constructor(config: NodeConfig, platform: Platform, events: CoreEvents) {
    const { clock, random, transport } = platform
    this.config = config
    this.clock = clock
    this.random = random
    this.transport = transport
    this.#events = events
    this.#seal = config.networkId === null ? null : new NetworkSeal(config.networkId)
    this.maxDatagramBytes = transport.maxDatagramBytes - (this.#seal === null ? 0 : SEAL_BYTES)
    this.lastLookupAt = clock.now()
    this.requestOptions = createSendOptions({ retries: REQUEST_RETRIES, relayed: config.acceptRelayed })
    this.endpoint = new Endpoint(transport, config, this.onDatagram.bind(this))
    this.delayedPings = new DelayedPings(clock, config.maxPingDelay)
    this.errands = this.#createErrands()
    this.lookups = new Lookups(this)
    this.watch = new NetworkWatch(this, events.tell)
    this.reunion = new Reunion(this)
    this.tracing = new Tracing(clock, config.trace)
    this.#senders = new Senders((key) => this.contacts.table.byKey(key)?.id ?? null)
    this.contacts = this.#createContacts()
    this.identity = this.#createIdentity()
    this.client = this.#createClient()
    this.server = this.#createServer()
    this.#handleCommand = createCommandHandler(this.server, this.delayedPings, (key) => this.contacts.onDownHint(key))
    this.resolver = this.#createResolver()
  }

  /** The socket requests leave from and replies are expected on (wire-protocol 9.1). */
  get outgoingSocket(): DatagramSocket | null {
    return this.identity.firewalled ? this.endpoint.clientSocket : this.endpoint.serverSocket
  }

  /** A datagram arrived on one of our sockets, or was handed to us from another one. */
  onDatagram(bytes: Uint8Array, host: string, port: number, socket: DatagramSocket): void {
    const { datagrams } = this.stats
    datagrams.received++
    if (this.closed !== null) {
      datagrams.dropped.suspended++
      return
    }
    const opened = this.#seal === null ? bytes : this.#seal.open(bytes)
    const kind = datagramKind(opened ?? bytes)
    if (opened === null) {
      datagrams.dropped[kind === 'short' ? 'short' : 'foreign']++
    } else if (kind === 'request') {
      if (port > 0 && port < 65536) this.server.receive(opened, host, port, socket)
      else datagrams.dropped.malformed++
    } else if (kind === 'response') {
      this.client.receive(opened, host, port, socket)
    } else {
      datagrams.dropped[kind]++
    }
  }

  /**
   * Sends a request of ours.
   * @throws DHTError NODE_DESTROYED, IO_SUSPENDED, QUEUE_FULL
   */
  send(message: Outgoing, options: SendOptions, handler: ExchangeHandler): Exchange {
    if (this.closed !== null) throw this.closedError()
    return this.client.send(message, options, handler)
  }

  /** Takes a request back: it fails with this error, unless it is settled. */
  cancel(exchange: Exchange, error: Error): void {
    this.client.cancel(exchange, error)
  }

  /** The sockets could not be bound: every request from now on fails with this error. */
  fail(error: DHTError): void {
    if (this.closed === null) this.closed = 'failed'
    this.#bindError = error
  }

  closedError(): DHTError {
    if (this.closed === 'failed') return this.#bindError!
    return new DHTError(this.closed === 'destroyed' ? 'NODE_DESTROYED' : 'IO_SUSPENDED')
  }

  /** Tells a node that one it named does not answer. */
  hint(to: { host: string; port: number }, dead: { ip: number; port: number }): void {
    if (this.config.sendDownHints) this.errands.hint(to, dead)
  }

  /** Where we live: contacts of that scope are plausible. Known from our own address, once others told it. */
  get homeScope(): AddressScope {
    const own = this.identity.host ?? this.config.host
    const scope = addressScope(parseIPv4(own))
    return scope === 'unusable' ? 'public' : scope
  }

  /** Whether a host is of our own network: loopback is always, private addresses are where we live among them. */
  #isNear(ip: number): boolean {
    const scope = addressScope(ip)
    return scope === 'loopback' || (scope === 'private' && this.homeScope !== 'public')
  }

  #createErrands(): Errands {
    return new Errands(
      {
        isClosed: () => this.closed !== null,
        client: () => this.client,
        sockets: () => {
          const { clientSocket: client, serverSocket: server, serverPort } = this.endpoint
          return client === null || server === null ? null : { client, server, serverPort }
        },
      },
      this.config.downHintsRateLimit,
    )
  }

  #createResolver(): Resolver {
    return new Resolver(
      { lookup: (name) => this.transport.lookup(name), answers: (address) => this.errands.answers(address) },
      this.clock,
      this.config.bootstrap,
    )
  }

  #createContacts(): Contacts {
    const { filterNode } = this.config
    const guarded = filterNode === null ? null : (node: NodeInfo) => guard(() => filterNode(node), false)
    return new Contacts(
      {
        now: () => Math.floor(this.clock.now()),
        isNear: (ip) => this.#isNear(ip),
        isAsking: (ip, port) => this.client.isAsking(ip, port),
        ping: (node, settled) => this.errands.ping(node, settled),
        askNewcomer: (node, settled) => this.errands.ping(node, settled, NEWCOMER_SEND),
        onLost: ({ host, port }) => this.lookups.remember(host, port),
        onSilenced: (contact) => this.reunion.onLost(contact),
        onAdd: (contact) => {
          this.reunion.onFound(contact)
          this.#senders.forget(contact.key)
          this.#events.tell('add-node', contact)
        },
        onRemove: (contact) => this.#events.tell('remove-node', contact),
      },
      this.random.bytes(32),
      K,
      guarded,
    )
  }

  #createIdentity(): Identity {
    const { firewalled, adaptive, ephemeral, stableAfterMs, bootstrap } = this.config
    return new Identity(
      {
        now: () => this.clock.now(),
        serverPort: () => this.endpoint.serverPort,
        probeTargets: () => this.#probeTargets(),
        pingNat: (node) => this.errands.pingNat(node),
        onNatUpdate: (host, port) => this.#events.tell('nat-update', host, port),
        onId: (id) => this.contacts.changeId(id),
        onPersistent: () => this.#events.tell('persistent'),
        onEphemeral: () => this.#events.tell('ephemeral'),
      },
      {
        firewalled,
        adaptive,
        forced: ephemeral === false,
        stableAfterMs,
        maxUnidentified: Math.max(1, bootstrap.length),
      },
    )
  }

  async #probeTargets(): Promise<readonly Resolved[]> {
    const targets = new Map<number, Resolved>()
    for (const contact of this.contacts.table.recency) {
      if (targets.size < PROBES) targets.set(contact.key, contact)
    }
    if (targets.size < PROBES) {
      for (const node of await this.resolver.resolve()) targets.set(keyOf(node.host, node.port), node)
    }
    return [...targets.values()].slice(0, PROBES)
  }

  #createClient(): Client {
    const { clock, random, stats } = this
    return new Client(
      {
        outgoingSocket: () => this.outgoingSocket,
        senderId: (socket) => this.#senderId(socket),
        identify: (ip, port, bytes, idAt) => this.#senders.identify(ip, port, bytes, idAt),
        estimateOf: (key) => this.contacts.table.byKey(key),
        onResponse: (reply, ip, socket, exchange) => this.#onResponse(reply, ip, socket, exchange),
        onUnanswered: (exchange, evidence) => this.#onUnanswered(exchange, evidence),
      },
      { clock, random, stats, maxWindow: this.config.maxWindow, bounds: this.config.retryBounds, seal: this.#seal },
    )
  }

  #onResponse(reply: Reply, ip: number, socket: DatagramSocket, exchange: Exchange | null): void {
    if (exchange === null) return
    const { id, host, port } = reply.from
    this.server.onAnswer(ip)
    // With a timeout of its own a request may be answered after a time of the caller's choice (DELAYED_PING).
    const rttMs = exchange.options.timeoutMs > 0 ? NaN : reply.rtt
    const contact = this.contacts.onAnswer(host, ip, port, id, rttMs)
    // On the other socket our address is another one.
    if (socket !== this.outgoingSocket) return
    if (contact !== null) this.#sample(contact, reply)
    else if (id === null) this.identity.sample(addressKey(ip, this.#isNear(ip) ? port : 0), reply.toKey, false)
  }

  #sample(contact: Contact, reply: Reply): void {
    const now = this.clock.now()
    const { toKey } = reply
    if (this.#seenAs?.key !== toKey) {
      this.#seenAs = { key: toKey, address: { host: reply.to.host, port: reply.to.port } }
    }
    const { address } = this.#seenAs
    if (contact.to === address && contact.sampledAt !== 0 && now - contact.sampledAt < RESAMPLE_MS) return
    contact.to = address
    contact.sampledAt = Math.floor(now)
    // One vote for a host, however many nodes it runs; on a local network, where many share one, for a node.
    this.identity.sample(addressKey(contact.ip, this.#isNear(contact.ip) ? contact.port : 0), toKey, true)
  }

  #onUnanswered(exchange: Exchange, evidence: boolean): void {
    const { internal, command, ip, port } = exchange.message
    const key = addressKey(ip, port)
    if (internal && command === COMMAND.PING) {
      this.contacts.onUnanswered(key, evidence, exchange.firstSentAt)
      return
    }
    // A lookup is impatient, the application of a living node may be silent, and a firewall swallows PING_NAT.
    if (this.closed === null && command !== COMMAND.PING_NAT) this.contacts.onSilence(key)
  }

  #createServer(): Server {
    const { clock, stats } = this
    const { inboundLimits } = this.config
    return new Server(
      {
        senderId: (socket) => this.#senderId(socket),
        identify: (ip, port, bytes, idAt) => this.#senders.identify(ip, port, bytes, idAt),
        closest: (target, targetAt) => this.contacts.table.closestAddresses(target, targetAt),
        isExempt: (ip) => inboundLimits?.limitOwnNetwork !== true && this.#isNear(ip),
        onRequest: ({ host, ip, port, id }) => {
          if (id !== null) this.contacts.onRequest(host, ip, port, id)
        },
        handleInternal: (inbound) => this.#handleCommand(inbound),
        handleApplication: (request) => this.#events.onRequest(request),
      },
      {
        clock,
        stats,
        tokens: new Tokens({ random: this.random }),
        maxDatagramBytes: this.maxDatagramBytes,
        seal: this.#seal,
        limits: inboundLimits === null ? null : new InboundLimits(inboundLimits),
      },
    )
  }

  /** Persistent nodes name their id, and only on the socket it is the hash of (wire-protocol 7). */
  #senderId(socket: DatagramSocket): Uint8Array | null {
    return this.identity.ephemeral || socket !== this.endpoint.serverSocket ? null : this.contacts.table.id
  }
}

/** The user's callback must not break what called it. */
function guard<T>(fn: () => T, fallback: T): T {
  try {
    return fn()
  } catch (error) {
    throwLater(error)
    return fallback
  }
}
