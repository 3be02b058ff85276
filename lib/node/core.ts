/**
 * Puts the parts of a node together and passes datagrams between them; the decisions are theirs.
 *
 * The way of a request of ours: `send` → client → socket → … → `onDatagram` → client → contacts, identity → handler.
 * The way of others': `onDatagram` → server → contacts → command handler or the application → server → socket.
 */
import { addressKey, type AddressScope, addressScope, parseIPv4 } from '../primitives/address.js'
import type { Clock } from '../primitives/clock.js'
import { DHTError } from '../primitives/errors.js'
import { idFromIp, type NodeInfo } from '../primitives/id.js'
import type { Random } from '../primitives/random.js'
import { throwLater } from '../primitives/report.js'
import { DelayedPings } from '../commands/delayed-ping.js'
import { handleDownHint } from '../commands/down-hint.js'
import { handleFindNode } from '../commands/find-node.js'
import { handlePing } from '../commands/ping.js'
import { handlePingNat } from '../commands/ping-nat.js'
import { ClosestReplies } from '../query/closest-replies.js'
import { type AskHandler, Lookup } from '../query/lookup.js'
import { Traversal } from '../query/traversal.js'
import type { Contact } from '../routing/contact.js'
import { K } from '../routing/table.js'
import { Client } from '../rpc/client.js'
import type { Exchange, ExchangeHandler, Outgoing, SendOptions } from '../rpc/exchange.js'
import type { Reply } from '../rpc/reply.js'
import type { Request } from '../rpc/request.js'
import { type CommandOutcome, type Inbound, Server } from '../rpc/server.js'
import { createStats, type Stats } from '../rpc/stats.js'
import { Tokens } from '../rpc/tokens.js'
import type { DatagramSocket, Transport } from '../transport/contract.js'
import { hashEquals } from '../wire/bytes.js'
import { COMMAND, encodeDownHint, encodePingNat, ERROR } from '../wire/commands.js'
import { datagramKind } from '../wire/datagram.js'
import { Contacts } from './contacts.js'
import { Endpoint } from './endpoint.js'
import { Identity, type ProbeAnswer } from './identity.js'
import type { NodeConfig } from './options.js'
import { Resolver } from './resolver.js'

/** What the core tells the node it is the inside of. */
export interface CoreEvents {
  onContactAdded(contact: Contact): void
  onContactRemoved(contact: Contact): void
  onNatUpdate(host: string | null, port: number): void
  onPersistent(): void
  onEphemeral(): void
  /** Hands a request to the application; false when nobody listens. */
  onRequest(request: Request): boolean
}

export interface Platform {
  transport: Transport
  clock: Clock
  random: Random
}

/** Transmissions after the first of what the node asks for itself. */
const INTERNAL_RETRIES = 2

/** Nodes asked to probe our server socket. */
const PROBES = 5

/** Verified senders that are no contacts, remembered to spare their next request a hash. */
const MAX_VERIFIED = 256

/** How often a contact's unchanged view of our address is counted anew. */
const RESAMPLE_MS = 30 * 60_000

const DEFAULT_SEND: SendOptions = {
  retries: INTERNAL_RETRIES,
  timeoutMs: 0,
  ttl: 0,
  socket: null,
  relayed: false,
  forced: false,
  group: null,
}

export class Core {
  readonly config: NodeConfig
  readonly clock: Clock
  readonly random: Random
  readonly transport: Transport
  readonly stats: Stats = createStats()
  readonly endpoint: Endpoint
  readonly client: Client
  readonly server: Server
  readonly contacts: Contacts
  readonly identity: Identity
  readonly resolver: Resolver
  readonly delayedPings: DelayedPings
  /** Set while the sockets are closed on purpose: nothing goes out or comes in. */
  closed: 'suspended' | 'destroyed' | null = null
  /** Down hints sent in this tick. */
  hintsSent = 0
  /** When the last lookup started: a busy node needs no refresh. */
  lastLookupAt: number
  readonly #events: CoreEvents
  /** Ids by address key. BOUNDED: by MAX_VERIFIED, emptied when full. */
  readonly #verified = new Map<number, Uint8Array>()

  constructor(config: NodeConfig, platform: Platform, events: CoreEvents) {
    const { clock, random, transport } = platform
    this.config = config
    this.clock = clock
    this.random = random
    this.transport = transport
    this.#events = events
    this.lastLookupAt = clock.now()
    this.endpoint = new Endpoint(transport, config, (...datagram) => this.onDatagram(...datagram))
    this.delayedPings = new DelayedPings(clock, config.maxPingDelay)
    this.contacts = this.#createContacts()
    this.identity = this.#createIdentity()
    this.client = this.#createClient()
    this.server = this.#createServer()
    this.resolver = new Resolver(
      {
        lookup: (name) => transport.lookup(name),
        answers: ({ host, port }) => this.#answers(host, port),
      },
      clock,
      config.bootstrap,
    )
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
    const kind = datagramKind(bytes)
    if (kind === 'request') {
      if (port > 0) this.server.receive(bytes, host, port, socket)
      else datagrams.dropped.malformed++
    } else if (kind === 'response') {
      this.client.receive(bytes, host, port, socket)
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

  closedError(): DHTError {
    return new DHTError(this.closed === 'destroyed' ? 'NODE_DESTROYED' : 'IO_SUSPENDED')
  }

  /** Tells `to` that a node it named does not answer, within the budget of the tick. */
  hint(to: { host: string; ip: number; port: number }, dead: { ip: number; port: number }): void {
    const { sendDownHints, downHintsRateLimit } = this.config
    if (!sendDownHints || this.closed !== null) return
    if (downHintsRateLimit !== -1 && this.hintsSent >= downHintsRateLimit) return
    this.hintsSent++
    this.#sendInternal(COMMAND.DOWN_HINT, to, null, encodeDownHint(dead.ip, dead.port), null, IGNORE)
  }

  /** The walk of a lookup, with this node's rules. */
  createTraversal(
    target: Uint8Array,
    options: { concurrency?: number | undefined; onlySeeds?: boolean; k?: number } = {},
  ): Traversal {
    const { filterNode } = this.config
    return new Traversal({
      target,
      selfId: this.contacts.table.id,
      k: options.k ?? K,
      concurrency: options.concurrency ?? this.config.concurrency,
      onlySeeds: options.onlySeeds ?? false,
      allowScope: this.#homeScope(),
      ...(filterNode !== null && { accept: (id, host, port) => this.contacts.accepts({ id, host, port }) }),
    })
  }

  /**
   * A lookup of the node's own, for the sake of the routing table. Resolves when it is over, however it ended.
   *
   * @param onFirstReply called with the first reply
   */
  async findNode(
    target: Uint8Array,
    options: { k?: number; concurrency?: number; onFirstReply?: (reply: Reply) => void } = {},
  ): Promise<void> {
    const traversal = this.createTraversal(target, options)
    this.lastLookupAt = this.clock.now()
    for (const { host, port, id } of this.contacts.table.closest(target, 2 * K)) traversal.addSeed(host, port, id)
    if (traversal.candidates.length < K) {
      for (const { host, port } of await this.resolver.resolve()) traversal.addSeed(host, port)
    }
    await new Promise<void>((resolve) => {
      let first = options.onFirstReply
      const lookup = new Lookup({
        traversal,
        closest: new ClosestReplies(target, traversal.k),
        ask: (candidate, handler) =>
          this.ask(
            { command: COMMAND.FIND_NODE, internal: true, target, value: null },
            candidate,
            handler,
            DEFAULT_SEND,
          ),
        hint: (referrer, dead) => this.hint(referrer, dead),
        isPassing: isPassing,
        isTimeout: isTimeout,
        onReply: (reply) => {
          first?.(reply)
          first = undefined
        },
        onEnd: () => resolve(),
      })
      lookup.pump()
    })
  }

  /** Asks a candidate of a lookup. Returns what takes the request back. */
  ask(
    message: { command: number; internal: boolean; target: Uint8Array; value: Uint8Array | null },
    to: { host: string; ip: number; port: number; id: Uint8Array },
    handler: AskHandler,
    options: SendOptions,
  ): (error: Error) => void {
    if (this.closed !== null) {
      handler.onFailure(this.closedError())
      return () => {}
    }
    const { host, ip, port, id } = to
    const exchange = this.client.send({ ...message, host, ip, port, id, token: null }, options, handler)
    return (error) => this.client.cancel(exchange, error)
  }

  #sendInternal(
    command: number,
    to: { host: string; ip: number; port: number },
    id: Uint8Array | null,
    value: Uint8Array | null,
    socket: DatagramSocket | null,
    handler: ExchangeHandler,
  ): void {
    const { host, ip, port } = to
    const message: Outgoing = { host, ip, port, id, internal: true, command, token: null, target: null, value }
    this.client.send(message, socket === null ? DEFAULT_SEND : { ...DEFAULT_SEND, socket }, handler)
  }

  /** Where we live: contacts of that scope are plausible. Known from our own address, once others told it. */
  #homeScope(): AddressScope {
    const own = this.identity.host ?? this.config.host
    const scope = addressScope(parseIPv4(own))
    return scope === 'unusable' ? 'public' : scope
  }

  #answers(host: string, port: number): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.closed !== null) return resolve(false)
      this.#sendInternal(COMMAND.PING, { host, ip: parseIPv4(host), port }, null, null, null, {
        onReply: () => resolve(true),
        onFailure: () => resolve(false),
      })
    })
  }

  #createContacts(): Contacts {
    const { filterNode } = this.config
    const guarded = filterNode === null ? null : (node: NodeInfo) => guard(() => filterNode(node), false)
    return new Contacts(
      {
        now: () => this.clock.now(),
        ping: (node, settled) => {
          if (this.closed !== null) return settled(false)
          const { host, port, id } = node
          this.#sendInternal(COMMAND.PING, { host, ip: parseIPv4(host), port }, id, null, null, {
            onReply: (reply) => settled(reply.from.id !== null),
            onFailure: () => settled(false),
          })
        },
        onAdd: (contact) => this.#events.onContactAdded(contact),
        onRemove: (contact) => this.#events.onContactRemoved(contact),
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
        pingNat: (node) => this.pingNat(node),
        onNatUpdate: (host, port) => this.#events.onNatUpdate(host, port),
        onId: (id) => this.contacts.changeId(id),
        onPersistent: () => this.#events.onPersistent(),
        onEphemeral: () => this.#events.onEphemeral(),
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

  /** Asks a node to answer to our server socket, from the other one. */
  pingNat(node: { host: string; port: number }): Promise<ProbeAnswer | null> {
    const { host, port } = node
    const ip = parseIPv4(host)
    const { clientSocket, serverSocket, serverPort } = this.endpoint
    return new Promise((resolve) => {
      if (this.closed !== null || clientSocket === null) return resolve(null)
      this.#sendInternal(COMMAND.PING_NAT, { host, ip, port }, null, encodePingNat(serverPort), clientSocket, {
        onReply: (reply, socket) =>
          resolve({ key: addressKey(ip, port), onServerSocket: socket === serverSocket, toKey: reply.toKey }),
        onFailure: () => resolve(null),
      })
    })
  }

  async #probeTargets(): Promise<readonly { host: string; port: number }[]> {
    const targets = new Map<number, { host: string; port: number }>()
    for (const contact of this.contacts.table.recency) {
      targets.set(contact.key, contact)
      if (targets.size === PROBES) return [...targets.values()]
    }
    for (const { host, port } of await this.resolver.resolve())
      targets.set(addressKey(parseIPv4(host), port), { host, port })
    return [...targets.values()].slice(0, PROBES)
  }

  #createClient(): Client {
    const { clock, random, stats } = this
    return new Client(
      {
        outgoingSocket: () => this.outgoingSocket,
        senderId: (socket) => this.#senderId(socket),
        identify: (ip, port, bytes, idAt) => this.#identify(ip, port, bytes, idAt),
        estimateOf: (key) => this.contacts.table.byKey(key),
        onResponse: (reply, ip, socket, asked) => this.#onResponse(reply, ip, socket, asked),
        onUnanswered: (exchange, evidence) => this.#onUnanswered(exchange, evidence),
      },
      { clock, random, stats, maxWindow: this.config.maxWindow, bounds: this.config.retryBounds },
    )
  }

  #onResponse(reply: Reply, ip: number, socket: DatagramSocket, asked: boolean): void {
    if (!asked) return
    const { id, host, port } = reply.from
    const contact = this.contacts.onAnswer(host, ip, port, id)
    // On the other socket our address is another one.
    if (socket !== this.outgoingSocket) return
    if (contact !== null) this.#sample(contact, reply)
    else if (id === null) this.identity.sample(addressKey(ip, port), reply.toKey, false)
  }

  #sample(contact: Contact, reply: Reply): void {
    const now = this.clock.now()
    const unchanged = contact.to !== null && addressKey(parseIPv4(contact.to.host), contact.to.port) === reply.toKey
    if (unchanged && contact.sampledAt !== 0 && now - contact.sampledAt < RESAMPLE_MS) return
    if (!unchanged) contact.to = { host: reply.to.host, port: reply.to.port }
    contact.sampledAt = now
    this.identity.sample(contact.key, reply.toKey, true)
  }

  #onUnanswered(exchange: Exchange, evidence: boolean): void {
    const { internal, command, ip, port } = exchange.message
    const key = addressKey(ip, port)
    if (internal && (command === COMMAND.PING || command === COMMAND.FIND_NODE)) {
      this.contacts.onUnanswered(key, evidence)
      return
    }
    // The application of a living node may be silent, and a firewall swallows PING_NAT: only a check tells.
    const contact = this.contacts.table.byKey(key)
    if (contact !== null && this.closed === null && command !== COMMAND.PING_NAT) this.contacts.check(contact)
  }

  #createServer(): Server {
    const { clock, stats, transport } = this
    return new Server(
      {
        senderId: (socket) => this.#senderId(socket),
        identify: (ip, port, bytes, idAt) => this.#identify(ip, port, bytes, idAt),
        closest: (target) => this.contacts.table.closest(target),
        onRequest: ({ host, ip, port, id }) => {
          if (id !== null) this.contacts.onRequest(host, ip, port, id)
        },
        handleInternal: (inbound) => this.#handleInternal(inbound),
        handleApplication: (request) => this.#events.onRequest(request),
      },
      { clock, stats, tokens: new Tokens({ random: this.random }), maxDatagramBytes: transport.maxDatagramBytes },
    )
  }

  #handleInternal(inbound: Inbound): CommandOutcome {
    const { server } = this
    switch (inbound.message.command) {
      case COMMAND.PING:
        return handlePing(inbound, (...answer) => server.answer(...answer))
      case COMMAND.PING_NAT:
        return handlePingNat(inbound, (...answer) => server.answer(...answer))
      case COMMAND.FIND_NODE:
        return handleFindNode(inbound, (...answer) => server.answer(...answer))
      case COMMAND.DOWN_HINT:
        return handleDownHint(
          inbound,
          (...answer) => server.answer(...answer),
          (key) => this.contacts.onDownHint(key),
        )
      case COMMAND.DELAYED_PING:
        return this.delayedPings.handle(
          inbound,
          ({ message, host, ip, port, socket }) =>
            () =>
              server.respond({
                tid: message.tid,
                host,
                ip,
                port,
                socket,
                target: null,
                token: false,
                closerNodes: false,
                error: 0,
                value: null,
              }),
        )
      default:
        server.answer(inbound, ERROR.UNKNOWN_COMMAND, { token: false, closerNodes: true })
        return 'handled'
    }
  }

  /** Persistent nodes name their id, and only on the socket it is the hash of (wire-protocol 7). */
  #senderId(socket: DatagramSocket): Uint8Array | null {
    return this.identity.ephemeral || socket !== this.endpoint.serverSocket ? null : this.contacts.table.id
  }

  #identify(ip: number, port: number, bytes: Uint8Array, idAt: number): Uint8Array | null {
    const key = addressKey(ip, port)
    const known = this.contacts.table.byKey(key)?.id ?? this.#verified.get(key)
    if (known !== undefined) return hashEquals(bytes, idAt, known) ? known : null
    const id = idFromIp(ip, port)
    if (!hashEquals(bytes, idAt, id)) return null
    if (this.#verified.size >= MAX_VERIFIED) this.#verified.clear()
    this.#verified.set(key, id)
    return id
  }
}

const IGNORE: ExchangeHandler = { onReply() {}, onFailure() {} }

/** Nobody answered, or the system refused this one datagram: the lookup goes on without that node. */
export function isPassing(error: Error): boolean {
  return error instanceof DHTError && (error.code === 'REQUEST_TIMEOUT' || error.code === 'SEND_FAILED')
}

export function isTimeout(error: Error): boolean {
  return error instanceof DHTError && error.code === 'REQUEST_TIMEOUT'
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
