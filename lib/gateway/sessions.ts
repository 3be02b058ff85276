/**
 * All sessions of a gateway: how many a client may have, who may go on with one, and for how long one waits.
 *
 * Invariants: never more than the limits, whether their clients are there or not; a session that waits gives way before
 * anybody is refused; the memory of who came lately is bounded.
 */
import { timingSafeEqual } from 'node:crypto'
import b4a from 'b4a'
import { SECRET_BYTES, SESSION_ID_BYTES, type SessionTicket } from '../transport/tunnel/messages.js'
import type { GatewayStats } from './metrics.js'
import type { GatewayServerConfig } from './options.js'
import { Session } from './session.js'
import { TokenBucket } from '../primitives/token-bucket.js'

/** BOUNDED: addresses whose rate of new connections is known. Whoever has more of them than this is not slowed down. */
const MAX_KNOWN = 65_536

export class Sessions {
  readonly #config: GatewayServerConfig
  readonly #stats: GatewayStats
  /** By id in hex, the one that was opened or left first in front. BOUNDED: by maxConnections. */
  readonly #sessions = new Map<string, Session>()
  /** Places of each client: sessions, and connections that have none yet. BOUNDED: by maxConnections. */
  readonly #places = new Map<string, number>()
  #taken = 0
  /** BOUNDED: by MAX_KNOWN. */
  readonly #arrivals = new Map<string, TokenBucket>()

  constructor(config: GatewayServerConfig, stats: GatewayStats) {
    this.#config = config
    this.#stats = stats
  }

  /** Whether a client may open one more connection; if so, it has a place, which `leave` gives back. */
  enter(clientKey: string): 'entered' | 'tooMany' | 'full' {
    const { limits } = this.#config
    if (!this.#mayArrive(clientKey)) return 'tooMany'
    // A page that was loaded anew left a session behind that nobody will come for.
    while ((this.#places.get(clientKey) ?? 0) >= limits.maxConnectionsPerAddress) {
      if (!this.#evict((session) => session.clientKey === clientKey)) return 'tooMany'
    }
    while (this.#taken >= limits.maxConnections) if (!this.#evict(() => true)) return 'full'
    this.#count(clientKey, 1)
    return 'entered'
  }

  /** Gives a place back. */
  leave(clientKey: string): void {
    this.#count(clientKey, -1)
  }

  /** A new session, in the place of its client. */
  create(clientKey: string): Session {
    const { random } = this.#config
    const ticket = { id: random.bytes(SESSION_ID_BYTES), secret: random.bytes(SECRET_BYTES) }
    const session = new Session({ config: this.#config, stats: this.#stats, ticket, clientKey })
    this.#sessions.set(b4a.toString(ticket.id, 'hex'), session)
    this.#stats.sessions.open++
    return session
  }

  /** The session that a ticket is good for; null: none. */
  find({ id, secret }: SessionTicket): Session | null {
    const session = this.#sessions.get(b4a.toString(id, 'hex'))
    if (session !== undefined && timingSafeEqual(session.ticket.secret, secret)) return session
    this.#stats.sessions.refusedTickets++
    return null
  }

  /** The client of a session is here again, in a place that it took for this. */
  resume(session: Session, clientKey: string): void {
    if (session.connection === null) this.#stats.sessions.parked--
    this.#count(session.clientKey, -1)
    session.clientKey = clientKey
    this.#stats.sessions.resumed++
  }

  /** The client is gone, and may come back. */
  park(session: Session): void {
    const key = b4a.toString(session.ticket.id, 'hex')
    session.connection = null
    session.parkedAt = this.#config.clock.now()
    this.#stats.sessions.parked++
    // To the end: the first one that waits is the one that waits longest.
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    if (this.#config.limits.graceMs === 0) this.#expire(session)
  }

  /** The client needs it no more. Resolves when its sockets are closed. */
  async end(session: Session): Promise<void> {
    if (!this.#sessions.delete(b4a.toString(session.ticket.id, 'hex'))) return
    if (session.connection === null) this.#stats.sessions.parked--
    this.#stats.sessions.open--
    this.#count(session.clientKey, -1)
    await session.end()
  }

  /** Ends those whose time is over. */
  sweep(now: number): void {
    const { graceMs } = this.#config.limits
    for (const session of this.#sessions.values()) {
      if (session.connection === null && now - session.parkedAt >= graceMs) this.#expire(session)
    }
    for (const [key, bucket] of this.#arrivals) if (bucket.isFull(now)) this.#arrivals.delete(key)
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => this.end(session)))
  }

  #expire(session: Session): void {
    this.#stats.sessions.expired++
    void this.end(session)
  }

  /** Ends the session of these that waits longest; returns whether there was one. */
  #evict(isMeant: (session: Session) => boolean): boolean {
    for (const session of this.#sessions.values()) {
      if (session.connection === null && isMeant(session)) {
        this.#expire(session)
        return true
      }
    }
    return false
  }

  #mayArrive(clientKey: string): boolean {
    const { limits, clock } = this.#config
    const now = clock.now()
    let bucket = this.#arrivals.get(clientKey)
    if (bucket === undefined) {
      const perMinute = limits.connectionsPerMinute
      bucket = new TokenBucket(perMinute / 60, now, perMinute)
      if (this.#arrivals.size < MAX_KNOWN) this.#arrivals.set(clientKey, bucket)
    }
    return bucket.take(now)
  }

  #count(clientKey: string, change: 1 | -1): void {
    this.#taken += change
    const places = (this.#places.get(clientKey) ?? 0) + change
    if (places > 0) this.#places.set(clientKey, places)
    else this.#places.delete(clientKey)
  }
}
