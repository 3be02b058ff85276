/**
 * Requests of others: decoded, their token checked, handed on, answered (wire-protocol 12).
 *
 * Invariants: nothing a stranger sends throws; every request is counted once, as handled or as dropped for a reason;
 * an invalid token never gets further than the error reply.
 */
import { parseIPv4 } from '../primitives/address.js'
import type { Clock } from '../primitives/clock.js'
import type { DatagramSocket } from '../transport/contract.js'
import { ERROR } from '../wire/commands.js'
import { type DecodedRequest, decodeRequest, encodeRequest } from '../wire/request.js'
import type { NetworkSeal } from '../wire/network-seal.js'
import { encodeResponse, type ResponseFields, responseSizeBytes } from '../wire/response.js'
import { type InboundLimits, requestCost } from './inbound-limits.js'
import { Request, type Responder, type Response } from './request.js'
import type { Stats } from './stats.js'
import type { Tokens } from './tokens.js'

/** A decoded request and where it came from. `bytes` are the receive buffer's: valid during the call only. */
export interface Inbound {
  message: DecodedRequest
  bytes: Uint8Array
  host: string
  ip: number
  port: number
  socket: DatagramSocket
  /** Verified id of the sender, or null. */
  id: Uint8Array | null
}

/** What became of an internal command. */
export type CommandOutcome = 'handled' | 'badArgument' | 'overLimit'

/** What the server needs of the node it works for. */
export interface ServerHost {
  senderId(socket: DatagramSocket): Uint8Array | null
  identify(ip: number, port: number, bytes: Uint8Array, idAt: number): Uint8Array | null
  /** The contacts closest to the 32-byte target at `targetAt`; used before the next call. */
  closest(target: Uint8Array, targetAt: number): CloserNodes
  /** Whether the limits do not hold for a host: it is of our own network, from where no stranger can send. */
  isExempt(ip: number): boolean
  /** A request with no token or a valid one came in; called before it is handled. */
  onRequest(inbound: Inbound): void
  handleInternal(inbound: Inbound): CommandOutcome
  /** Hands a request to the application; false when nobody listens. */
  handleApplication(request: Request): boolean
}

export interface ServerOptions {
  clock: Clock
  stats: Stats
  tokens: Tokens
  maxDatagramBytes: number
  /** null: no limits. */
  limits: InboundLimits | null
  /** Of a private network; default null: the public one. */
  seal?: NetworkSeal | null
}

type CloserNodes = ResponseFields['closer']

const NOBODY: CloserNodes = []

export class Server implements Responder {
  readonly #host: ServerHost
  readonly #clock: Clock
  readonly #stats: Stats
  readonly #tokens: Tokens
  readonly #maxDatagramBytes: number
  readonly #limits: InboundLimits | null
  readonly #seal: NetworkSeal | null

  constructor(host: ServerHost, options: ServerOptions) {
    this.#host = host
    this.#clock = options.clock
    this.#stats = options.stats
    this.#tokens = options.tokens
    this.#maxDatagramBytes = options.maxDatagramBytes
    this.#limits = options.limits
    this.#seal = options.seal ?? null
  }

  /** A request datagram. */
  receive(bytes: Uint8Array, host: string, port: number, socket: DatagramSocket): void {
    const message = decodeRequest(bytes)
    const ip = parseIPv4(host)
    if (message === null || ip === -1) {
      this.#stats.datagrams.dropped.malformed++
      return
    }
    const limits = this.#limitsFor(ip)
    // The clock is asked only where time matters: reading it costs as much as decoding a request.
    const now = limits !== null || message.tokenAt !== -1 ? this.#clock.now() : 0
    if (limits !== null && !this.#isAdmitted(limits, message, bytes, ip, now)) {
      this.#stats.datagrams.dropped.overLimit++
      return
    }
    const inbound: Inbound = { message, bytes, host, ip, port, socket, id: null }
    if (message.tokenAt !== -1) {
      if (!this.#tokens.verify(ip, bytes, message.tokenAt, now)) {
        this.#stats.datagrams.requests++
        this.answer(inbound, ERROR.INVALID_TOKEN, { token: true, closerNodes: true })
        return
      }
      limits?.prove(ip, now)
    }
    if (message.idAt !== -1) inbound.id = this.#host.identify(ip, port, bytes, message.idAt)
    this.#host.onRequest(inbound)
    if (message.internal) this.#receiveInternal(inbound)
    else this.#receiveApplication(inbound)
  }

  #isAdmitted(limits: InboundLimits, message: DecodedRequest, bytes: Uint8Array, ip: number, now: number): boolean {
    const cost = requestCost(message.internal, message.command)
    if (limits.admit(ip, bytes.length, now, cost)) return true
    // In a flood a token counts before its sender is turned away: it would prove it, were it let in.
    if (message.tokenAt === -1 || !limits.mayLook(ip, now, cost)) return false
    if (!this.#tokens.verify(ip, bytes, message.tokenAt, now)) return false
    limits.prove(ip, now)
    return limits.admit(ip, bytes.length, now, cost)
  }

  /** A host answered a request of ours, so it receives what we send. */
  onAnswer(ip: number): void {
    this.#limitsFor(ip)?.prove(ip, this.#clock.now())
  }

  #receiveInternal(inbound: Inbound): void {
    const outcome = this.#host.handleInternal(inbound)
    if (outcome === 'handled') this.#stats.datagrams.requests++
    else this.#stats.datagrams.dropped[outcome]++
  }

  #receiveApplication(inbound: Inbound): void {
    this.#stats.datagrams.requests++
    if (this.#host.handleApplication(new Request(inbound, this))) return
    this.answer(inbound, ERROR.UNKNOWN_COMMAND, { token: false, closerNodes: true })
  }

  /** Answers without a value, to the sender or to another of its ports. */
  answer(inbound: Inbound, error: number, add: { token: boolean; closerNodes: boolean }, port = inbound.port): void {
    const { message } = inbound
    this.respond({
      tid: message.tid,
      host: inbound.host,
      ip: inbound.ip,
      port,
      socket: inbound.socket,
      target: inbound.bytes,
      targetAt: message.targetAt,
      token: add.token,
      closerNodes: add.closerNodes,
      error,
      value: null,
    })
  }

  /** Makes, now, a function that answers later with an empty reply: the received bytes do not live that long. */
  answerLater({ message, host, ip, port, socket }: Inbound): () => void {
    const { tid } = message
    const empty = { target: null, targetAt: -1, token: false, closerNodes: false, error: 0, value: null }
    return () => this.respond({ tid, host, ip, port, socket, ...empty })
  }

  /** Sends a response. @throws RangeError when the value does not fit a datagram */
  respond(response: Response): void {
    const { socket, value } = response
    const fields = {
      tid: response.tid,
      ip: response.ip,
      port: response.port,
      id: this.#host.senderId(socket),
      token: response.token ? this.#tokens.issue(response.ip, this.#clock.now()) : null,
      closer: this.#closerTo(response),
      error: response.error,
      value,
    }
    if (value !== null) this.#checkSize(value, responseSizeBytes(fields))
    const bytes = encodeResponse(fields)
    const limits = this.#limitsFor(response.ip)
    if (limits !== null && !limits.release(response.ip, bytes.length, this.#clock.now())) {
      this.#stats.datagrams.withheld++
      return
    }
    this.#send(bytes, response.port, response.host, socket)
  }

  #closerTo({ target, targetAt, closerNodes }: Response): CloserNodes {
    if (target === null || targetAt === -1 || !closerNodes) return NOBODY
    return this.#host.closest(target, targetAt)
  }

  relay(
    request: Request,
    value: Uint8Array | null,
    to: { host: string; ip: number; port: number },
    socket: DatagramSocket,
  ): void {
    const bytes = encodeRequest({
      tid: request.tid,
      ip: to.ip,
      port: to.port,
      id: this.#host.senderId(socket),
      token: null,
      internal: request.internal,
      command: request.command,
      target: request.target,
      value,
    })
    if (value !== null) this.#checkSize(value, bytes.length)
    this.#send(bytes, to.port, to.host, socket)
  }

  /** The limits that apply to a host; null where none do. */
  #limitsFor(ip: number): InboundLimits | null {
    return this.#limits === null || this.#host.isExempt(ip) ? null : this.#limits
  }

  #checkSize(value: Uint8Array, sizeBytes: number): void {
    if (sizeBytes <= this.#maxDatagramBytes) return
    const room = this.#maxDatagramBytes - (sizeBytes - value.length)
    throw new RangeError(`value is ${value.length} bytes, but only ${room} fit into this datagram`)
  }

  #send(bytes: Uint8Array, port: number, host: string, socket: DatagramSocket): void {
    this.#stats.datagrams.sent++
    try {
      socket.trySend(this.#seal === null ? bytes : this.#seal.seal(bytes), port, host)
    } catch {
      // A closed socket or a port the system refuses: to the asker the reply is lost, as any datagram may be.
      this.#stats.datagrams.sent--
    }
  }
}
