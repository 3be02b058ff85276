/** A request of another node, as the application sees it. */
import { formatIPv4, isPort, parseIPv4 } from '../primitives/address.js'
import { HASH_BYTES } from '../primitives/hash.js'
import type { DatagramSocket } from '../transport/contract.js'
import { copyBytes } from '../wire/bytes.js'
import type { DecodedRequest } from '../wire/request.js'
import type { Peer } from './reply.js'
import type { Inbound } from './server.js'

/** How to answer, where the default does not fit. */
export interface ReplyOptions {
  /** Add a round-trip token. Default: true for replies, false for errors. */
  token?: boolean
  /** Add the nodes closest to the target, where the request has one. Default true. */
  closerNodes?: boolean
  /** Where to send it. Default: to who asked. */
  to?: { host: string; port: number } | null
  /** Local socket to send it from. Default: the one the request came in on. */
  socket?: DatagramSocket | null
}

/** A response ready to be encoded. */
export interface Response {
  tid: number
  host: string
  ip: number
  port: number
  socket: DatagramSocket
  /** Bytes that hold the 32-byte target at `targetAt`; null and -1 for none. */
  target: Uint8Array | null
  targetAt: number
  token: boolean
  closerNodes: boolean
  error: number
  value: Uint8Array | null
}

/** The narrow part of the server that a request needs to be answered. */
export interface Responder {
  respond(response: Response): void
  relay(
    request: Request,
    value: Uint8Array | null,
    to: { host: string; ip: number; port: number },
    socket: DatagramSocket,
  ): void
}

/**
 * A request for the application: `node.on('request', (req) => …)`. Its buffers are its own. It stays usable after
 * the listener returned: answer when the answer is there.
 */
export class Request {
  /** 16-bit transaction id the asker chose. */
  readonly tid: number
  /** Who asks. `id` is null unless the sender is persistent and its id matches its address. */
  readonly from: Peer
  readonly internal: boolean
  /** Number of the command. */
  readonly command: number
  /** The local socket it came in on. */
  readonly socket: DatagramSocket

  readonly #responder: Responder
  readonly #ip: number
  readonly #message: DecodedRequest
  /** The datagram, which is copied as a whole: a field of it is cut out when it is read first. */
  readonly #bytes: Uint8Array
  #token: Uint8Array | null = null
  #target: Uint8Array | null = null
  #value: Uint8Array | null = null
  #answered = false

  constructor(inbound: Inbound, responder: Responder) {
    const { message, bytes } = inbound
    this.tid = message.tid
    this.from = { id: inbound.id, host: inbound.host, port: inbound.port }
    this.internal = message.internal
    this.command = message.command
    this.socket = inbound.socket
    this.#responder = responder
    this.#ip = inbound.ip
    this.#message = message
    this.#bytes = copyBytes(bytes, 0, bytes.length)
  }

  /** The 32-byte token the asker echoed, verified: it can receive at its address. Else null. */
  get token(): Uint8Array | null {
    return (this.#token ??= this.#field(this.#message.tokenAt, HASH_BYTES))
  }

  /** 32-byte key the request is about, or null. */
  get target(): Uint8Array | null {
    return (this.#target ??= this.#field(this.#message.targetAt, HASH_BYTES))
  }

  /** The value, or null. An empty value is a buffer of length 0. */
  get value(): Uint8Array | null {
    return (this.#value ??= this.#field(this.#message.valueAt, this.#message.valueBytes))
  }

  /** Our own address as the asker wrote it; not verified. */
  get to(): Peer {
    return { id: null, host: formatIPv4(this.#message.toIp), port: this.#message.toPort }
  }

  /** Whether a reply, an error or a relay has been sent. */
  get answered(): boolean {
    return this.#answered
  }

  /**
   * Answers with a value, a fresh token and the nodes closest to the target.
   *
   * @param value bytes, or null/undefined for none; not changed by the caller until the next event-loop turn
   * @throws TypeError when the value is not a Uint8Array; RangeError when it does not fit a datagram
   * @example
   * node.on('request', (req) => req.reply(values.get(hex(req.target))))
   */
  reply(value?: Uint8Array | null, options?: ReplyOptions): void {
    this.#respond(0, value ?? null, options?.token !== false, options)
  }

  /**
   * Answers with an error number; 16 and up are the application's to define (wire-protocol 11).
   *
   * @throws RangeError when the code is not a non-negative integer
   */
  error(code: number, options?: ReplyOptions): void {
    if (!Number.isSafeInteger(code) || code < 0) {
      throw new RangeError(`error code must be a non-negative integer, got ${code}`)
    }
    this.#respond(code, null, options?.token === true, options)
  }

  /**
   * Passes the request on, with another value, to a third node, which may answer the asker directly. The asker
   * accepts that only if it sent the request with `relayed: true` (wire-protocol 8.2).
   *
   * @throws TypeError or RangeError for a bad value or address
   */
  relay(
    value: Uint8Array | null,
    to: { host: string; port: number },
    options?: { socket?: DatagramSocket | null },
  ): void {
    checkValue(value)
    const { host, ip, port } = checkTo(to)
    this.#answered = true
    this.#responder.relay(this, value, { host, ip, port }, options?.socket ?? this.socket)
  }

  #respond(error: number, value: Uint8Array | null, token: boolean, options: ReplyOptions | undefined): void {
    checkValue(value)
    const to = options?.to ? checkTo(options.to) : null
    this.#responder.respond({
      tid: this.tid,
      host: to === null ? this.from.host : to.host,
      ip: to === null ? this.#ip : to.ip,
      port: to === null ? this.from.port : to.port,
      socket: options?.socket ?? this.socket,
      target: this.#bytes,
      targetAt: this.#message.targetAt,
      token,
      closerNodes: options?.closerNodes !== false,
      error,
      value,
    })
    this.#answered = true
  }

  #field(at: number, sizeBytes: number): Uint8Array | null {
    return at === -1 ? null : this.#bytes.subarray(at, at + sizeBytes)
  }
}

function checkValue(value: unknown): void {
  if (value !== null && !(value instanceof Uint8Array)) {
    throw new TypeError(`value must be a Uint8Array or null, got ${typeof value}`)
  }
}

function checkTo(to: { host: string; port: number }): { host: string; ip: number; port: number } {
  const ip = parseIPv4(to.host)
  if (ip === -1) throw new TypeError(`host must be an IPv4 address, got ${to.host}`)
  if (!isPort(to.port)) throw new RangeError(`port must be an integer from 1 to 65535, got ${to.port}`)
  return { host: to.host, ip, port: to.port }
}
