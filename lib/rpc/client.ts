/**
 * Requests of ours: transaction ids, the congestion window and its queue, timeouts, retries, and matching of replies.
 *
 * Invariants:
 * - every exchange is settled exactly once, by reply, final timeout, cancellation or shutdown;
 * - the window equals the number of exchanges in state `sent` that are neither forced nor late;
 * - a transaction id is random, and held by one unsettled exchange at a time; a reply counts only from the address
 *   asked (or any, where the request said so);
 * - one timer serves all timeouts.
 */
import type { Clock } from '../primitives/clock.js'
import { DHTError } from '../primitives/errors.js'
import { parseIPv4 } from '../primitives/address.js'
import type { Random } from '../primitives/random.js'
import type { DatagramSocket } from '../transport/contract.js'
import { copyBytes } from '../wire/bytes.js'
import { setTid } from '../wire/datagram.js'
import type { NetworkSeal } from '../wire/network-seal.js'
import { encodeRequest } from '../wire/request.js'
import { decodeResponse, peekResponseTid } from '../wire/response.js'
import { CongestionWindow } from './congestion.js'
import { ExchangeList } from './exchange-list.js'
import { Exchange, type ExchangeHandler, type Outgoing, type SendOptions } from './exchange.js'
import { Reply } from './reply.js'
import { LATE_MS, Patience } from './patience.js'
import type { RetryBounds, RoundTripEstimate } from './round-trip.js'
import { commandStats, type Stats } from './stats.js'
import { SweepTimer } from './sweep-timer.js'
import { TidTable } from './tid-table.js'

/** What the client needs of the node it works for. */
export interface ClientHost {
  /** The socket requests leave from now, or null while there is none. */
  outgoingSocket(): DatagramSocket | null
  /** The id to put into a datagram that leaves from this socket, or null (wire-protocol 7). */
  senderId(socket: DatagramSocket): Uint8Array | null
  /** The id of the sender if the 32 bytes at `idAt` are the hash of its address, else null. */
  identify(ip: number, port: number, bytes: Uint8Array, idAt: number): Uint8Array | null
  /** Round-trip estimate of one peer, or null. */
  estimateOf(key: number): RoundTripEstimate | null
  /**
   * A reply has been accepted, and is delivered next. `exchange`: what it answers, where it came from the very address
   * that was asked; null: it was relayed.
   */
  onResponse(reply: Reply, ip: number, socket: DatagramSocket, exchange: Exchange | null): void
  /** All transmissions stayed unanswered. `evidence`: meanwhile somebody else did answer, so the network works. */
  onUnanswered(exchange: Exchange, evidence: boolean): void
}

export interface ClientOptions {
  clock: Clock
  random: Random
  stats: Stats
  maxWindow: number
  bounds: RetryBounds
  /** Of a private network; default null: the public one. */
  seal?: NetworkSeal | null
}

/** BOUNDED: requests of our own caller beyond this many waiting are refused with QUEUE_FULL. */
const MAX_QUEUED = 65536

/** Forced requests wait too when this many transaction ids are taken: a free one must be found soon. */
const MAX_TIDS = 49_152

/** Timeouts due within this time of each other are handled together; far below any round trip that matters. */
const SWEEP_SLACK_MS = 5

/** A sweep this late means that the process stood still, and answers may lie unread in the socket. */
const STALL_MS = 100

/** After a stall the answers get this long to be read before a timeout counts. */
const STALL_GRACE_MS = 100

/** Stalls in a row that are forgiven: a process that is always late must still settle its requests. */
const MAX_STALLS = 3

export class Client {
  readonly #host: ClientHost
  readonly #clock: Clock
  readonly #stats: Stats
  readonly #seal: NetworkSeal | null
  readonly #patience: Patience
  readonly #window: CongestionWindow
  /** Exchanges that have a transaction id. BOUNDED: by 65,536 ids, in practice by the window and forced requests. */
  readonly #byTid: TidTable<Exchange>
  /** Exchanges that wait for a socket. BOUNDED: by MAX_QUEUED. */
  readonly #waiting = new ExchangeList()
  /** Exchanges that wait for room in the window, first come first served. BOUNDED: by MAX_QUEUED. */
  readonly #queue = new ExchangeList()
  /** Exchanges with a running timeout. BOUNDED: by the window, and by requests that were forced. */
  readonly #sent = new ExchangeList()
  readonly #timer: SweepTimer
  #stalls = 0
  #lastResponseAt = -Infinity

  constructor(host: ClientHost, options: ClientOptions) {
    this.#host = host
    this.#clock = options.clock
    this.#stats = options.stats
    this.#seal = options.seal ?? null
    this.#byTid = new TidTable(options.random)
    this.#patience = new Patience((key) => host.estimateOf(key), options.bounds)
    this.#window = new CongestionWindow(options.maxWindow)
    this.#timer = new SweepTimer(options.clock, (now, lateMs) => this.#sweep(now, lateMs))
  }

  /** Unsettled exchanges. */
  get pending(): number {
    return this.#sent.size + this.#waiting.size + this.#queue.size
  }

  /** Transmissions that count in the congestion window now. */
  get inFlight(): number {
    return this.#window.inFlight
  }

  /** Round-trip estimate over all peers. */
  get networkEstimate(): Readonly<RoundTripEstimate> {
    return this.#patience.networkEstimate
  }

  /**
   * Starts an exchange. It may be settled before this returns: where the system refuses to send.
   * @throws DHTError QUEUE_FULL
   */
  send(message: Outgoing, options: SendOptions, handler: ExchangeHandler): Exchange {
    if (this.#queue.size + this.#waiting.size >= MAX_QUEUED) throw new DHTError('QUEUE_FULL')
    const exchange = new Exchange(message, options, handler)
    this.#stats.requests.active++
    this.#stats.requests.total++
    options.group?.attach(exchange)
    this.#dispatch(exchange)
    return exchange
  }

  /** Whether a request to this address is on its way. Looks at all of them. */
  isAsking(ip: number, port: number): boolean {
    for (const { message } of this.#sent) if (message.ip === ip && message.port === port) return true
    return false
  }

  /** Settles the exchange with this error, unless it is settled. */
  cancel(exchange: Exchange, error: Error): void {
    if (exchange.state === 'settled') return
    this.#settle(exchange)
    exchange.handler.onFailure(error)
    this.#drainQueue()
  }

  /** Settles everything with this error, newest first, without sending what is still queued. */
  cancelAll(error: Error): void {
    const all = [...this.#sent, ...this.#waiting, ...this.#queue].reverse()
    this.#timer.stop()
    // The books first: a handler that sends again finds an empty window, and its timeout a timer.
    for (const exchange of all) this.#settle(exchange)
    for (const exchange of all) exchange.handler.onFailure(error)
  }

  /** The sockets exist now: what waited for them goes out. */
  start(): void {
    for (const exchange of Array.from(this.#waiting)) {
      if (exchange.state !== 'waiting') continue
      this.#waiting.remove(exchange)
      this.#dispatch(exchange)
    }
  }

  /** A response datagram. Counts it, and settles the exchange it belongs to. */
  receive(bytes: Uint8Array, host: string, port: number, socket: DatagramSocket): void {
    const { dropped } = this.#stats.datagrams
    const tid = peekResponseTid(bytes)
    const exchange = tid === -1 ? null : this.#byTid.get(tid)
    if (exchange === null) {
      if (tid === -1) dropped.malformed++
      else dropped.unknownTid++
      return
    }
    const { message } = exchange
    const asked = port === message.port && host === message.host
    if (!asked && !exchange.options.relayed) {
      dropped.wrongSource++
      return
    }
    const decoded = decodeResponse(bytes)
    if (decoded === null) {
      dropped.malformed++
      return
    }
    const ip = asked ? message.ip : parseIPv4(host)
    const now = this.#clock.now()
    const rtt = now - exchange.sentAt(tid)
    const id = this.#identify(exchange, asked, ip, port, bytes, decoded.idAt)
    const reply = new Reply(bytes, decoded, { id, host, port }, rtt)
    this.#account(exchange, asked, now, rtt)
    this.#settle(exchange)
    this.#host.onResponse(reply, ip, socket, asked ? exchange : null)
    exchange.handler.onReply(reply, socket)
    this.#drainQueue()
  }

  #identify(exchange: Exchange, asked: boolean, ip: number, port: number, bytes: Uint8Array, idAt: number) {
    if (idAt === -1) return null
    const known = asked ? exchange.message.id : null
    if (known === null) return this.#host.identify(ip, port, bytes, idAt)
    for (let i = 0; i < known.length; i++) if (bytes[idAt + i] !== known[i]) return null
    return known
  }

  #account(exchange: Exchange, asked: boolean, now: number, rtt: number): void {
    const { datagrams, requests } = this.#stats
    const { message } = exchange
    this.#lastResponseAt = now
    datagrams.responses++
    requests.responses++
    if (message.internal) {
      const stats = commandStats(this.#stats, message.command)
      if (stats !== null) stats.rx++
    }
    // The way of a relayed answer is another one.
    if (asked) this.#patience.onAnswer(exchange, rtt)
  }

  #dispatch(exchange: Exchange): void {
    const socket = exchange.socket ?? exchange.options.socket ?? this.#host.outgoingSocket()
    if (socket === null) {
      exchange.state = 'waiting'
      this.#waiting.add(exchange)
    } else if (this.#mustWait(exchange)) {
      this.#enqueue(exchange)
    } else {
      this.#transmit(exchange, socket)
    }
  }

  #mustWait({ options }: Exchange): boolean {
    if (this.#byTid.size >= MAX_TIDS) return true
    return !options.forced && (this.#window.full || this.#queue.size > 0)
  }

  #enqueue(exchange: Exchange): void {
    exchange.state = 'queued'
    this.#queue.add(exchange)
  }

  #transmit(exchange: Exchange, socket: DatagramSocket): void {
    const { message, options } = exchange
    const now = this.#clock.now()
    exchange.state = 'sent'
    exchange.onTransmission(now)
    if (exchange.transmissions > 1) exchange.evidence = this.#lastResponseAt > exchange.firstSentAt
    this.#sent.add(exchange)
    exchange.dueAt = now + this.#patience.timeoutMs(exchange)
    if (!options.forced) this.#window.acquire()
    this.#stats.datagrams.sent++
    this.#timer.arm(exchange.dueAt, now)
    try {
      if (exchange.bytes === null) this.#encode(exchange, socket)
      else this.#renew(exchange)
      const bytes = this.#seal === null ? exchange.bytes! : this.#seal.seal(exchange.bytes!)
      socket.trySend(bytes, message.port, message.host, options.ttl)
    } catch (cause) {
      // What the system refuses to send is as lost as what the network drops; but nobody needs to wait for it.
      this.#stats.datagrams.sent--
      this.#fail(exchange, new DHTError('SEND_FAILED', undefined, { cause }))
    }
  }

  #encode(exchange: Exchange, socket: DatagramSocket): void {
    const { message } = exchange
    exchange.socket = socket
    exchange.tid = this.#byTid.take(exchange)
    exchange.bytes = encodeRequest({
      tid: exchange.tid,
      ip: message.ip,
      port: message.port,
      id: this.#host.senderId(socket),
      token: message.token,
      internal: message.internal,
      command: message.command,
      target: message.target,
      value: message.value,
    })
    if (message.internal) {
      const stats = commandStats(this.#stats, message.command)
      if (stats !== null) stats.tx++
    }
  }

  /**
   * Each transmission has a transaction id of its own, so that an answer tells which one it answers and how long it
   * took (the ambiguity that Karn's rule would otherwise leave slow peers without an estimate for).
   */
  #renew(exchange: Exchange): void {
    exchange.tid = this.#byTid.take(exchange)
    // A copy: the bytes sent before belong to the socket.
    exchange.bytes = copyBytes(exchange.bytes!, 0, exchange.bytes!.length)
    setTid(exchange.bytes, exchange.tid)
  }

  #sweep(now: number, lateMs: number): void {
    if (lateMs > STALL_MS && this.#stalls < MAX_STALLS) {
      this.#stalls++
      this.#postpone(now + STALL_GRACE_MS)
    } else {
      if (lateMs <= STALL_MS) this.#stalls = 0
      this.#expire(now + SWEEP_SLACK_MS)
    }
    this.#drainQueue()
    this.#rearm()
  }

  #postpone(until: number): void {
    for (const exchange of this.#sent) if (exchange.dueAt < until) exchange.dueAt = until
  }

  #expire(horizon: number): void {
    // A copy: what is sent again goes to the end of the list, where it would be visited again.
    for (const exchange of Array.from(this.#sent)) {
      if (exchange.state === 'sent' && exchange.dueAt <= horizon) this.#onTimeout(exchange)
    }
  }

  #rearm(): void {
    let next = Infinity
    for (const { dueAt } of this.#sent) if (dueAt < next) next = dueAt
    if (next < Infinity) this.#timer.arm(next, this.#clock.now())
  }

  #onTimeout(exchange: Exchange): void {
    const isLast = exchange.transmissions > exchange.options.retries
    if (isLast && (exchange.late || exchange.handler.mayRepeat?.() !== true)) {
      if (exchange.options.lookup && !exchange.late) {
        this.#onLate(exchange)
        return
      }
      this.#stats.requests.timeouts++
      // Of more than one transmission the last must have had its chance: a network that came back after it is no proof.
      const single = exchange.transmissions === 1
      const evidence = single ? this.#lastResponseAt > exchange.firstSentAt : exchange.evidence
      this.#fail(exchange, new DHTError('REQUEST_TIMEOUT'))
      this.#host.onUnanswered(exchange, evidence)
      return
    }
    this.#stats.requests.retries++
    if (!exchange.options.forced) this.#window.release()
    this.#sent.remove(exchange)
    exchange.state = 'waiting'
    const { transmissions } = exchange
    this.#dispatch(exchange)
    if (!this.#isSettled(exchange)) exchange.handler.onOverdue?.(transmissions, false)
  }

  /** Nothing more is sent, and its place in the window is free, but its answer is welcome for a while. */
  #onLate(exchange: Exchange): void {
    exchange.late = true
    exchange.dueAt = this.#clock.now() + LATE_MS
    if (!exchange.options.forced) this.#window.release()
    exchange.handler.onOverdue?.(exchange.transmissions, true)
  }

  #isSettled(exchange: Exchange): boolean {
    return exchange.state === 'settled'
  }

  #fail(exchange: Exchange, error: Error): void {
    this.#settle(exchange)
    exchange.handler.onFailure(error)
  }

  /** Takes the exchange out of everything that holds it. */
  #settle(exchange: Exchange): void {
    const { state } = exchange
    exchange.state = 'settled'
    if (state === 'sent') {
      this.#sent.remove(exchange)
      if (!exchange.options.forced && !exchange.late) this.#window.release()
    } else if (state === 'queued') {
      this.#queue.remove(exchange)
    } else if (this.#waiting.has(exchange)) {
      this.#waiting.remove(exchange)
    }
    if (exchange.tid !== -1) this.#byTid.release(exchange.tid)
    if (exchange.earlier !== null) for (const { tid } of exchange.earlier) this.#byTid.release(tid)
    this.#stats.requests.active--
    exchange.options.group?.detach(exchange)
  }

  #drainQueue(): void {
    for (let exchange = this.#queue.first; exchange !== null; exchange = this.#queue.first) {
      if (this.#window.full) return
      const socket = exchange.socket ?? exchange.options.socket ?? this.#host.outgoingSocket()
      if (socket === null) return
      this.#queue.remove(exchange)
      this.#transmit(exchange, socket)
    }
  }
}
