/** A {@link Client} on virtual time, with a host and a socket that write down what happens to them. */
import { outgoing, sendOptions } from '../helpers/exchanges.js'
import { addressKey, parseIPv4 } from '../../lib/primitives/address.js'
import type { Cancel, Clock } from '../../lib/primitives/clock.js'
import { idFromIp } from '../../lib/primitives/id.js'
import type { Random } from '../../lib/primitives/random.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { Client, type ClientHost } from '../../lib/rpc/client.js'
import type { Exchange, ExchangeHandler, Outgoing, SendOptions } from '../../lib/rpc/exchange.js'
import type { Reply } from '../../lib/rpc/reply.js'
import { DEFAULT_RETRY_BOUNDS, type RetryBounds, type RoundTripEstimate } from '../../lib/rpc/round-trip.js'
import { createStats } from '../../lib/rpc/stats.js'
import type { DatagramSocket } from '../../lib/transport/contract.js'
import { type DecodedRequest, decodeRequest } from '../../lib/wire/request.js'
import { encodeResponse, type ResponseFields } from '../../lib/wire/response.js'
import { seededRandom } from '../helpers/contacts.js'

export const HOST = '20.0.0.1'
export const PORT = 10001

/** A datagram that the client sent. */
export interface Sent {
  at: number
  bytes: Uint8Array
  request: DecodedRequest
  host: string
  port: number
  ttl: number | undefined
  socket: DatagramSocket
}

/** What became of one exchange. */
export class Outcome implements ExchangeHandler {
  readonly replies: Reply[] = []
  readonly errors: Error[] = []
  readonly overdue: number[] = []
  /** How often it was told that nothing more will be sent. */
  late = 0
  /** Called when it is settled. */
  afterwards: (() => void) | null = null

  get settled(): number {
    return this.replies.length + this.errors.length
  }

  /** Code of the error it failed with. */
  get code(): string | undefined {
    return (this.errors[0] as { code?: string } | undefined)?.code
  }

  onReply(reply: Reply): void {
    this.replies.push(reply)
    this.afterwards?.()
  }

  onFailure(error: Error): void {
    this.errors.push(error)
    this.afterwards?.()
  }

  onOverdue(transmissions: number, last: boolean): void {
    this.overdue.push(transmissions)
    if (last) this.late++
  }
}

/** A clock whose timers run late: they fire when the test says so. */
export class LateClock implements Clock {
  time = 0
  readonly timers = new Set<{ at: number; fn: () => void }>()

  now(): number {
    return this.time
  }

  wallTime(): number {
    return this.time
  }

  after(delayMs: number, fn: () => void): Cancel {
    const timer = { at: this.time + delayMs, fn }
    this.timers.add(timer)
    return () => this.timers.delete(timer)
  }

  /** Goes to a time at once, as a process that stood still, and runs what is due. */
  wakeAt(time: number): void {
    this.time = time
    for (const timer of [...this.timers].sort((a, b) => a.at - b.at)) {
      if (timer.at > time || !this.timers.delete(timer)) continue
      timer.fn()
    }
  }
}

export interface HarnessOptions {
  clock?: Clock
  random?: Random
  maxWindow?: number
  bounds?: RetryBounds
  /** Whether there is a socket from the start. Default true. */
  bound?: boolean
}

export class Harness {
  readonly virtual = new VirtualClock()
  readonly clock: Clock
  readonly stats = createStats()
  readonly sent: Sent[] = []
  readonly unanswered: { exchange: Exchange; evidence: boolean }[] = []
  readonly responses: { reply: Reply; asked: boolean }[] = []
  /** By address key. */
  readonly estimates = new Map<number, RoundTripEstimate>()
  readonly socket = this.createSocket()
  readonly client: Client
  senderId: Uint8Array | null = null
  outgoing: DatagramSocket | null
  /** Thrown by the next calls of `trySend`. */
  sendError: Error | null = null

  constructor(options: HarnessOptions = {}) {
    this.clock = options.clock ?? this.virtual
    this.outgoing = options.bound === false ? null : this.socket
    const host: ClientHost = {
      outgoingSocket: () => this.outgoing,
      senderId: () => this.senderId,
      identify: (ip, port, bytes, idAt) => {
        const id = idFromIp(ip, port)
        return id.every((byte, i) => bytes[idAt + i] === byte) ? id : null
      },
      estimateOf: (key) => this.estimates.get(key) ?? null,
      onResponse: (reply, _ip, _socket, exchange) => void this.responses.push({ reply, asked: exchange !== null }),
      onUnanswered: (exchange, evidence) => void this.unanswered.push({ exchange, evidence }),
    }
    this.client = new Client(host, {
      clock: this.clock,
      random: options.random ?? seededRandom(1),
      stats: this.stats,
      maxWindow: options.maxWindow ?? 80,
      bounds: options.bounds ?? DEFAULT_RETRY_BOUNDS,
    })
  }

  get last(): Sent {
    return this.sent.at(-1)!
  }

  createSocket(): DatagramSocket {
    const socket: DatagramSocket = {
      trySend: (bytes, port, host, ttl) => {
        if (this.sendError !== null) throw this.sendError
        this.sent.push({ at: this.clock.now(), bytes, request: decodeRequest(bytes)!, host, port, ttl, socket })
      },
      address: () => ({ host: HOST, port: 1 }),
      close: () => Promise.resolve(),
    }
    return socket
  }

  /** Sends a PING, or what else is said. */
  send<T extends Outcome = Outcome>(
    message: Partial<Outgoing> = {},
    options: Partial<SendOptions> = {},
    outcome: T = new Outcome() as T,
  ): T & { exchange: Exchange } {
    const full = outgoing({ host: HOST, port: PORT, ...message })
    const how = sendOptions(options)
    return Object.assign(outcome, { exchange: this.client.send(full, how, outcome) })
  }

  /** The response to a datagram, received from where that went unless said otherwise. */
  answer(sent: Sent, fields: Partial<ResponseFields> = {}, from: { host?: string; port?: number } = {}): void {
    const bytes = encodeResponse({
      tid: sent.request.tid,
      ip: parseIPv4('9.8.7.6'),
      port: 1234,
      id: null,
      token: null,
      closer: [],
      error: 0,
      value: null,
      ...fields,
    })
    this.client.receive(bytes, from.host ?? sent.host, from.port ?? sent.port, sent.socket)
    // The receive buffer is reused.
    bytes.fill(0xaa)
  }

  estimate(host: string, estimate: RoundTripEstimate, port = PORT): void {
    this.estimates.set(addressKey(parseIPv4(host), port), estimate)
  }
}
