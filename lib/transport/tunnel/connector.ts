/**
 * Keeps a connection to one of the gateways while it is wanted: the first, and after each that is lost another, where
 * and when the {@link Route} says. Knows the session's ticket, and where its client stands.
 *
 * Invariants: there is one connection, or one attempt or wait for it, while it is wanted, and nothing else; what a
 * connection tells after it was left reaches nobody.
 */
import type { Cancel, Clock } from '../../primitives/clock.js'
import type { Random } from '../../primitives/random.js'
import { Channel } from './channel.js'
import type { OpenLink } from './link.js'
import type { ClientMessage, GatewayMessage, SessionTicket, Welcome } from './messages.js'
import type { GatewayConfig, GatewayStatus } from './options.js'
import { CLOSE, closeName, createRefusalCounts, isPermanent } from './refusal.js'
import { type Attempt, Route } from './route.js'
import { encodeToken } from './token.js'

export interface ConnectorParts {
  clock: Clock
  random: Random
  openLink: OpenLink
  config: GatewayConfig
}

/** What the tunnel that uses the connection says and hears. */
export interface ConnectorEvents {
  /** Whether anybody needs the connection. */
  isWanted(): boolean
  /** It is open. `moved`: at another gateway than the one before. */
  onWelcome(welcome: Welcome, moved: boolean): void
  onMessage(message: Exclude<GatewayMessage, Welcome | { type: 'pong' }>): void
  /** `bytes` are borrowed. */
  onDatagram(socket: number, bytes: Uint8Array, ip: number, port: number): void
  /** It is open no more. */
  onLost(): void
  /** Every gateway has refused us for good, before any was ever open. There will be no other attempt. */
  onRefused(reason: string): void
}

/** What an attempt that failed before it had a connection counts as. */
const ABNORMAL = 1006

export class Connector {
  readonly #parts: ConnectorParts
  readonly #events: ConnectorEvents
  readonly #route: Route
  #channel: Channel | null = null
  #welcome: Welcome | null = null
  #ticket: { index: number; ticket: SessionTicket } | null = null
  /** Between two attempts, or while the token is being asked for. */
  #cancelAttempt: Cancel | null = null
  /** Position of the gateway that was open last; -1: none was. */
  #lastIndex = -1
  /** Set while we say goodbye. */
  #parting: { promise: Promise<void>; resolve: () => void } | null = null
  #status: GatewayStatus

  constructor(parts: ConnectorParts, events: ConnectorEvents) {
    const { random, config } = parts
    const { urls, minDelayMs, maxDelayMs } = config
    this.#parts = parts
    this.#events = events
    this.#route = new Route({ count: urls.length, random, minDelayMs, maxDelayMs })
    const refusals = createRefusalCounts()
    this.#status = { state: 'idle', url: urls[0]!, resumed: false, reason: '', code: 0, refusals }
  }

  /** Where it stands; a new object after each change. */
  get status(): GatewayStatus {
    return this.#status
  }

  /** What the gateway said when the connection was opened; null while it is not open. */
  get welcome(): Welcome | null {
    return this.#welcome
  }

  /** Settled when the goodbye under way is over; null where there is none. */
  get parted(): Promise<void> | null {
    return this.#parting?.promise ?? null
  }

  /** Somebody waits for the connection: it is open, or on its way, after this. */
  need(): void {
    if (this.#channel === null && this.#cancelAttempt === null) void this.#connect()
  }

  /** Ends it, unless it is wanted. */
  release(): void {
    if (this.#events.isWanted()) return
    this.#cancelAttempt?.()
    this.#cancelAttempt = null
    if (this.#channel === null) {
      if (this.#status.state !== 'refused') this.#tell('idle')
      return
    }
    if (this.#parting !== null) return
    let resolve!: () => void
    const promise = new Promise<void>((resolver) => (resolve = resolver))
    this.#parting = { promise, resolve }
    this.#welcome = null
    this.#ticket = null
    this.#channel.close(CLOSE.done)
  }

  /** Gives this connection up; the session goes on over another one. */
  renew(reason: string): void {
    this.#channel?.close(CLOSE.lost, reason)
  }

  send(message: ClientMessage): void {
    this.#channel?.send(message)
  }

  sendDatagram(socket: number, ip: number, port: number, bytes: Uint8Array, ttl: number): void {
    this.#channel?.sendDatagram(socket, ip, port, bytes, ttl)
  }

  async #connect(): Promise<void> {
    const { clock, config } = this.#parts
    this.#tell('connecting')
    let isWaiting = true
    this.#cancelAttempt = () => (isWaiting = false)
    let token: string | null
    try {
      token = await encodeToken(config.token)
    } catch (error) {
      if (isWaiting) this.#retry(this.#route.onFailure(clock.now(), false), `no token: ${String(error)}`, ABNORMAL)
      return
    }
    // The token may have been long in coming, and nobody wants anything by now.
    if (!isWaiting) return
    this.#cancelAttempt = null
    try {
      this.#channel = this.#createChannel(this.#route.index, token)
    } catch (error) {
      // A runtime that has no WebSocket, or a page that may not use this one.
      this.#retry(this.#route.onFailure(clock.now(), true), String(error), ABNORMAL)
    }
  }

  #createChannel(index: number, token: string | null): Channel {
    const { clock, openLink, config } = this.#parts
    const { windowBytes, connectTimeoutMs } = config
    const ticket = this.#ticket?.index === index ? this.#ticket.ticket : null
    const channel: Channel = new Channel(
      { clock, openLink, url: config.urls[index]!, token, ticket, windowBytes, connectTimeoutMs },
      {
        onWelcome: (welcome) => this.#onWelcome(index, welcome),
        onMessage: (message) => this.#onMessage(message),
        onDatagram: (socket, bytes, ip, port) => this.#events.onDatagram(socket, bytes, ip, port),
        onEnd: (code, reason) => {
          if (this.#channel === channel) this.#onEnd(code, reason)
        },
      },
    )
    return channel
  }

  #onWelcome(index: number, welcome: Welcome): void {
    const moved = this.#lastIndex !== -1 && this.#lastIndex !== index
    this.#lastIndex = index
    this.#welcome = welcome
    this.#ticket = { index, ticket: welcome.ticket }
    this.#route.onOpen(this.#parts.clock.now())
    this.#events.onWelcome(welcome, moved)
    this.#tell('open', { resumed: welcome.resumed })
  }

  #onMessage(message: Exclude<GatewayMessage, Welcome | { type: 'pong' }>): void {
    if (message.type === 'goaway') {
      this.#leave(message.withinMs)
    } else if (message.type === 'refused') {
      const refusals = { ...this.#status.refusals }
      for (const { reason, count } of message.counts) refusals[reason] += count
      this.#tell(this.#status.state, { refusals, resumed: this.#status.resumed })
    } else {
      this.#events.onMessage(message)
    }
  }

  /** The gateway wants us to go: to the next one, or away until it is back. */
  #leave(withinMs: number): void {
    const channel = this.#channel!
    this.#detach()
    this.#ticket = null
    channel.close(CLOSE.done)
    this.#retry(this.#route.onGoAway(withinMs), 'the gateway is closing', CLOSE.goingAway)
  }

  #onEnd(code: number, reason: string): void {
    const welcome = this.#welcome
    const parting = this.#parting
    this.#parting = null
    this.#detach()
    if (!this.#events.isWanted()) this.#tell('idle')
    // Said goodbye to, and wanted again meanwhile.
    else if (parting !== null) void this.#connect()
    else this.#retry(this.#attemptAfter(code, welcome), reason === '' ? describeClose(code) : reason, code)
    parting?.resolve()
  }

  #attemptAfter(code: number, welcome: Welcome | null): Attempt {
    const now = this.#parts.clock.now()
    if (welcome === null || isPermanent(code)) return this.#route.onFailure(now, isPermanent(code))
    return code === CLOSE.goingAway ? this.#route.onGoAway(0) : this.#route.onLost(now, welcome.graceMs)
  }

  /** The connection is gone, or as good as gone. */
  #detach(): void {
    const wasOpen = this.#welcome !== null
    this.#channel = null
    this.#welcome = null
    if (wasOpen) this.#events.onLost()
  }

  #retry({ delayMs }: Attempt, reason: string, code: number): void {
    this.#cancelAttempt = null
    const isRefused = this.#route.isRefusedByAll
    if (isRefused && this.#lastIndex === -1) {
      this.#tell('refused', { reason, code })
      this.#events.onRefused(reason)
      return
    }
    this.#cancelAttempt = this.#parts.clock.after(delayMs, () => {
      this.#cancelAttempt = null
      void this.#connect()
    })
    this.#tell(isRefused ? 'refused' : 'waiting', { reason, code })
  }

  #tell(state: GatewayStatus['state'], news: Partial<GatewayStatus> = {}): void {
    const url = this.#parts.config.urls[this.#route.index]!
    const { refusals, reason, code } = this.#status
    // Why the last attempt failed stays interesting until one succeeds.
    const why = state === 'connecting' ? { reason, code } : { reason: '', code: 0 }
    this.#status = { state, url, resumed: false, refusals, ...why, ...news }
    this.#parts.config.onStatus?.(this.#status)
  }
}

function describeClose(code: number): string {
  const name = closeName(code)
  return name === null ? `connection lost (${code})` : `closed: ${name}`
}
