/**
 * The gateway's end of all tunnels: connections and their sessions, what all of them share, and the passing of time.
 * Knows nothing of WebSockets and HTTP: connections are {@link ServerLink}s.
 */
import type { Cancel } from '../primitives/clock.js'
import type { SessionTicket } from '../transport/tunnel/messages.js'
import type { ClientInfo } from './client-info.js'
import { Connection, type ServerLink } from './connection.js'
import { createGatewayStats, type GatewayStats } from './metrics.js'
import { Names } from './names.js'
import type { GatewayServerConfig } from './options.js'
import type { Session } from './session.js'
import { Sessions } from './sessions.js'
import { TokenBucket } from '../primitives/token-bucket.js'

export interface TunnelServerEvents {
  onSession(connection: Connection, resumed: boolean): void
  /** `done`: the client needs its session no more. */
  onEnd(connection: Connection, done: boolean): void
}

/** Between two looks at the time. */
const SWEEP_MS = 1000

export class TunnelServer {
  readonly config: GatewayServerConfig
  readonly stats: GatewayStats = createGatewayStats()
  readonly sessions: Sessions
  readonly names: Names
  readonly totalDatagrams: TokenBucket
  readonly totalBytes: TokenBucket
  readonly #events: TunnelServerEvents
  readonly #defer: (fn: () => void) => void
  /** BOUNDED: by maxConnections. */
  readonly #connections = new Set<Connection>()
  /** Those with something to send. BOUNDED: by maxConnections. */
  #unsent: Connection[] = []
  #isDeferred = false
  #cancelSweep: Cancel | null = null
  #closed = false

  /** @param defer runs a function when the datagrams that have arrived are all read */
  constructor(config: GatewayServerConfig, events: TunnelServerEvents, defer: (fn: () => void) => void) {
    const { limits, clock } = config
    const now = clock.now()
    this.config = config
    this.sessions = new Sessions(config, this.stats)
    this.names = new Names(config.lookup, this.stats)
    this.totalDatagrams = new TokenBucket(limits.totalDatagramsPerSecond, now)
    this.totalBytes = new TokenBucket(limits.totalBytesPerSecond, now)
    this.#events = events
    this.#defer = defer
  }

  /** A connection of a client that has a place (`sessions.enter`). The link's events are to be passed to it. */
  accept(link: ServerLink, client: ClientInfo): Connection {
    const connection = new Connection(this, link, client)
    this.#connections.add(connection)
    this.stats.connections.accepted++
    this.stats.connections.open++
    this.#sweepLater()
    return connection
  }

  /** The session that a connection goes on with, or a new one. */
  sessionFor(connection: Connection, ticket: SessionTicket | null): { session: Session; resumed: boolean } {
    const { key } = connection.client
    const known = ticket === null ? null : this.sessions.find(ticket)
    const session = known ?? this.sessions.create(key)
    if (known !== null) {
      this.sessions.resume(known, key)
      const former = [...this.#connections].find((each) => each !== connection && each.session === known)
      if (former !== undefined) {
        // The session is not its own any more.
        former.session = null
        former.wasSuperseded = true
        former.close('superseded', 'the session goes on over a newer connection')
      }
    }
    this.#events.onSession(connection, known !== null)
    return { session, resumed: known !== null }
  }

  /** Has `connection.flush` called when everything that has arrived is read, and nothing more is about to come. */
  flushSoon(connection: Connection): void {
    if (connection.isQueued) return
    connection.isQueued = true
    this.#unsent.push(connection)
    this.#flushLater()
  }

  /** A connection is over. */
  onEnd(connection: Connection, done: boolean): void {
    const { session, client, wasSuperseded } = connection
    this.#connections.delete(connection)
    this.stats.connections.open--
    if (session === null) {
      if (!wasSuperseded) this.sessions.leave(client.key)
    } else if (done || this.#closed) {
      void this.sessions.end(session)
    } else {
      this.sessions.park(session)
    }
    this.#events.onEnd(connection, done)
  }

  /** A connection ends for what it has sent below the messages of the tunnel. @param code of the error of `ws` */
  countFault(code: string | undefined): void {
    // Anything else is an error of the network, and no fault of the client.
    if (code === undefined || !code.startsWith('WS_ERR_')) return
    const { closed } = this.stats.connections
    const fault = code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'tooLong' : 'framing'
    closed[fault] = (closed[fault] ?? 0) + 1
  }

  /** Asks all clients to go elsewhere within this time. */
  sendAway(withinMs: number): void {
    for (const connection of this.#connections) connection.sendAway(withinMs)
  }

  /** Connections that are open. */
  get size(): number {
    return this.#connections.size
  }

  /** Ends everything. Resolves when all UDP sockets are closed. */
  async close(): Promise<void> {
    this.#closed = true
    for (const connection of this.#connections) connection.close('goingAway', 'the gateway is closing')
    this.#cancelSweep?.()
    this.#cancelSweep = null
    await this.sessions.endAll()
  }

  #flushLater(): void {
    if (this.#isDeferred) return
    this.#isDeferred = true
    this.#defer(() => {
      this.#isDeferred = false
      this.#flushAll()
    })
  }

  #flushAll(): void {
    const unsent = this.#unsent
    this.#unsent = []
    const now = this.config.clock.now()
    for (const connection of unsent) {
      if (connection.waits(now)) {
        this.#unsent.push(connection)
        continue
      }
      connection.isQueued = false
      connection.flush()
    }
    if (this.#unsent.length > 0) this.#flushLater()
  }

  #sweepLater(): void {
    if (this.#closed || this.#cancelSweep !== null) return
    this.#cancelSweep = this.config.clock.after(
      SWEEP_MS,
      () => {
        this.#cancelSweep = null
        const now = this.config.clock.now()
        for (const connection of this.#connections) connection.sweep(now)
        this.sessions.sweep(now)
        if (this.#connections.size > 0 || this.stats.sessions.open > 0) this.#sweepLater()
      },
      true,
    )
  }
}
