/**
 * One connection to a gateway, from the hello to its end: messages and datagrams over a {@link Link}, credit both ways,
 * and the watch over a link that died without a word.
 *
 * Invariants: `onEnd` is called once, the last of all calls; nothing is called inside the constructor; datagrams sent
 * in one turn of the event loop leave in as few messages as they fit in.
 */
import type { Cancel, Clock } from '../../primitives/clock.js'
import { ReceiveCredit, SendCredit } from './credit.js'
import { DatagramBatch, DatagramReader, DATAGRAMS, RECORD_HEADER_BYTES } from './datagram-frame.js'
import type { Link, OpenLink } from './link.js'
import {
  type ClientMessage,
  decodeGatewayMessage,
  encodeClientMessage,
  type GatewayMessage,
  type SessionTicket,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL,
  TUNNEL_VERSION,
  type Welcome,
} from './messages.js'
import { CLOSE } from './refusal.js'

export interface ChannelOptions {
  clock: Clock
  openLink: OpenLink
  url: string
  /** base64url; null: none. */
  token: string | null
  /** Session to go on with; null: a new one. */
  ticket: SessionTicket | null
  /** Bytes that may be on the way to us. */
  windowBytes: number
  connectTimeoutMs: number
}

export interface ChannelEvents {
  onWelcome(welcome: Welcome): void
  onMessage(message: Exclude<GatewayMessage, Welcome | { type: 'pong' }>): void
  /** `bytes` are borrowed. */
  onDatagram(socket: number, bytes: Uint8Array, ip: number, port: number): void
  /** The connection is over, or never came to be. `code`: a WebSocket close code, 1006 where there was no goodbye. */
  onEnd(code: number, reason: string): void
}

/** Longest time between two signs of life: NATs and proxies forget silent connections after a minute. */
const KEEPALIVE_MS = 20_000

/** A gateway that is asked whether it is there has this long to answer. */
const ANSWER_MS = 10_000

/** A timer this late was throttled, or the machine slept: what did not arrive meanwhile is no sign of anything. */
const LATE_MS = 2000

/** A goodbye that takes longer is not waited for. */
const CLOSE_TIMEOUT_MS = 1000

/** What WebSockets call an end without a goodbye. */
const ABNORMAL = 1006

export class Channel {
  readonly #clock: Clock
  readonly #events: ChannelEvents
  readonly #link: Link
  readonly #batch = new DatagramBatch()
  readonly #received: ReceiveCredit
  /** null before the welcome. */
  #credit: SendCredit | null = null
  #flushing = false
  #ended = false
  /** While closing: what it ends with. */
  #closing: { code: number; reason: string } | null = null
  /** The connect timeout first, then the keepalive; at last the goodbye. */
  #timer: Cancel | null = null
  #beatMs = KEEPALIVE_MS
  #heard = false
  #spoke = false
  #asked = false

  constructor(options: ChannelOptions, events: ChannelEvents) {
    const { clock, url, token, connectTimeoutMs } = options
    this.#clock = clock
    this.#events = events
    this.#received = new ReceiveCredit(options.windowBytes)
    const protocols = token === null ? [SUBPROTOCOL] : [SUBPROTOCOL, TOKEN_SUBPROTOCOL + token]
    this.#link = options.openLink(url, protocols, {
      onOpen: () => this.#onOpen(options),
      onMessage: (bytes) => this.#onMessage(bytes),
      onClose: (code, reason) => this.#end(code, reason),
    })
    this.#timer = clock.after(connectTimeoutMs, () => this.#give(ABNORMAL, `no welcome within ${connectTimeoutMs} ms`))
  }

  /** Whether the gateway has welcomed us, and nobody has said goodbye. */
  get isOpen(): boolean {
    return this.#credit !== null && !this.#ended && this.#closing === null
  }

  /** Sends a message, behind the datagrams that were sent before it. */
  send(message: ClientMessage): void {
    if (this.#ended || this.#closing !== null) return
    this.#flush()
    this.#spoke = true
    this.#link.send(encodeClientMessage(message))
  }

  /** Sends a copy of a datagram. Returns false where it is dropped: not open, or more than the window on the way. */
  sendDatagram(socket: number, ip: number, port: number, bytes: Uint8Array, ttl: number): boolean {
    if (!this.isOpen || !this.#credit!.take(RECORD_HEADER_BYTES + bytes.length)) return false
    if (this.#batch.isFull(bytes.length)) this.#flush()
    this.#batch.add(socket, ip, port, bytes, ttl)
    this.#flushSoon()
    return true
  }

  /** Says goodbye; `onEnd` follows, with this code, in a second at the latest. Idempotent. */
  close(code: number, reason = ''): void {
    if (this.#ended || this.#closing !== null) return
    this.#flush()
    this.#closing = { code, reason }
    this.#link.close(code, reason)
    this.#timer?.()
    this.#timer = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#end(code, reason))
  }

  #onOpen({ ticket, windowBytes }: ChannelOptions): void {
    if (!this.#ended) this.send({ type: 'hello', version: TUNNEL_VERSION, windowBytes, ticket })
  }

  #onMessage(bytes: Uint8Array | null): void {
    if (this.#ended || this.#closing !== null) return
    this.#heard = true
    if (bytes === null) this.#give(CLOSE.malformed, 'a text message')
    else if (bytes[0] === DATAGRAMS) this.#onFrame(bytes)
    else this.#onControl(decodeGatewayMessage(bytes))
  }

  #onControl(message: GatewayMessage | null): void {
    if (message === null) {
      this.#give(CLOSE.malformed, 'no message of the tunnel')
    } else if (message.type === 'welcome') {
      if (this.#credit === null) this.#welcome(message)
      else this.#give(CLOSE.malformed, 'welcomed twice')
    } else if (this.#credit === null) {
      this.#give(CLOSE.malformed, 'no welcome')
    } else if (message.type !== 'pong') {
      this.#events.onMessage(message)
    }
  }

  #welcome(welcome: Welcome): void {
    if (welcome.version !== TUNNEL_VERSION) {
      this.#give(CLOSE.version, `tunnel version ${welcome.version}`)
      return
    }
    this.#credit = new SendCredit(welcome.windowBytes)
    // A third of its patience: two may be lost.
    this.#beatMs = Math.max(1, Math.min(KEEPALIVE_MS, welcome.idleMs / 3))
    this.#timer?.()
    this.#beatLater()
    this.#events.onWelcome(welcome)
  }

  #onFrame(frame: Uint8Array): void {
    const reader = DatagramReader.open(frame)
    if (reader === null || this.#credit === null || !this.#credit.onConsumed(reader.consumed)) {
      this.#give(CLOSE.malformed, 'no frame of datagrams')
      return
    }
    try {
      while (!this.#ended && reader.next()) {
        this.#events.onDatagram(reader.socket, reader.datagram, reader.ip, reader.port)
      }
    } finally {
      // What was refused by its receiver is consumed, too.
      this.#received.onConsumed(reader.recordBytes)
      if (this.#received.isDue) this.#flushSoon()
    }
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    // Behind everything that is sent in this turn: the answers to a message of many datagrams are one message.
    void Promise.resolve().then(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#ended || this.#closing !== null || (this.#batch.isEmpty && !this.#received.isDue)) return
    this.#spoke = true
    this.#link.send(this.#batch.take(this.#received.tell()))
  }

  #beatLater(): void {
    const delayMs = this.#asked ? Math.min(ANSWER_MS, this.#beatMs) : this.#beatMs
    const dueAt = this.#clock.now() + delayMs
    this.#timer = this.#clock.after(delayMs, () => this.#beat(this.#clock.now() - dueAt), true)
  }

  #beat(lateMs: number): void {
    if (this.#asked && !this.#heard && lateMs < LATE_MS) {
      this.#give(ABNORMAL, 'the gateway is silent')
      return
    }
    this.#asked = !this.#heard || !this.#spoke
    this.#heard = false
    this.#spoke = false
    if (this.#asked) this.send({ type: 'ping' })
    this.#spoke = false
    this.#beatLater()
  }

  /** Gives the connection up: there is no use in waiting for a goodbye. */
  #give(code: number, reason: string): void {
    if (this.#ended) return
    this.#link.close(code === ABNORMAL ? CLOSE.lost : code, reason)
    this.#end(code, reason)
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#timer?.()
    this.#timer = null
    this.#events.onEnd(this.#closing?.code ?? code, this.#closing?.reason ?? reason)
  }
}
