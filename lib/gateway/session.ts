/**
 * What a client has at the gateway beyond a connection: its UDP sockets, its budget, and the secret that proves it is
 * the same client when it comes back.
 *
 * Invariants: a socket is open from the answer that it is bound until the answer that it is closed, or the end of the
 * session; wishes for sockets are met one after the other, in order.
 */
import { parseIPv4 } from '../primitives/address.js'
import type { DatagramSocket } from '../transport/contract.js'
import type { SessionTicket } from '../transport/tunnel/messages.js'
import type { BindOutcome } from '../transport/tunnel/refusal.js'
import { isForNodes } from './datagram-rules.js'
import { isHostAllowed } from './destination.js'
import type { GatewayStats } from './metrics.js'
import type { GatewayServerConfig } from './options.js'
import { TokenBucket } from '../primitives/token-bucket.js'

/** What a connection does for its session. */
export interface SessionConnection {
  /** Passes a datagram on to the client; returns false where its window is full. `bytes` are borrowed. */
  deliver(socket: number, ip: number, port: number, bytes: Uint8Array): boolean
}

export interface SessionParts {
  config: GatewayServerConfig
  stats: GatewayStats
  ticket: SessionTicket
  /** Whom it counts for. */
  clientKey: string
}

/** BOUNDED: wishes of one client that wait for those before them. */
const MAX_WISHES = 64

/** Ports tried where the gateway has a range of its own; beyond that it is as good as full. */
const PORTS_TRIED = 16

/**
 * Windows that may lie unread in the system's buffer of a socket, where nobody can drop the oldest. With the 2 MiB that
 * udx-native asks for, a gateway that gets too little of the processor, say enough for a thousand long datagrams a second
 * of the ten thousand that come, is a second behind, and all it passes on as old.
 */
const WINDOWS_UNREAD = 2

/** The most that any system has been asked for so far. */
const MAX_UNREAD_BYTES = 1024 * 1024

/** Ten times the rate is no node any more. */
const FLOOD_FACTOR = 10

export class Session {
  readonly ticket: SessionTicket
  clientKey: string
  /** null while it waits for its client. */
  connection: SessionConnection | null = null
  /** Since when it waits. */
  parkedAt = 0
  /** When a datagram last came in or went out. */
  activeAt: number
  readonly datagramBudget: TokenBucket
  readonly byteBudget: TokenBucket
  readonly lookupBudget: TokenBucket
  readonly floodBudget: TokenBucket
  readonly #config: GatewayServerConfig
  readonly #stats: GatewayStats
  /** BOUNDED: by socketsPerConnection. */
  readonly #sockets = new Map<number, DatagramSocket>()
  /** Ports of those, for PING_NAT. */
  readonly #ports = new Set<number>()
  #wishes: Promise<void> = Promise.resolve()
  #waiting = 0
  #ended = false

  constructor({ config, stats, ticket, clientKey }: SessionParts) {
    const { limits, clock } = config
    const now = clock.now()
    this.ticket = ticket
    this.clientKey = clientKey
    this.activeAt = now
    this.datagramBudget = new TokenBucket(limits.datagramsPerSecond, now)
    this.byteBudget = new TokenBucket(limits.bytesPerSecond, now)
    this.floodBudget = new TokenBucket(limits.datagramsPerSecond * FLOOD_FACTOR, now)
    this.lookupBudget = new TokenBucket(limits.lookupsPerMinute / 60, now, limits.lookupsPerMinute)
    this.#config = config
    this.#stats = stats
  }

  /** Sockets that are open, and their ports. */
  get sockets(): { socket: number; port: number }[] {
    return [...this.#sockets].map(([number, socket]) => ({ socket: number, port: socket.address()!.port }))
  }

  socket(index: number): DatagramSocket | undefined {
    return this.#sockets.get(index)
  }

  /** Whether a socket of this client is bound to the port. */
  hasPort(port: number): boolean {
    return this.#ports.has(port)
  }

  /** Binds a socket under this number, after the wishes before it. null: too many wishes at a time. */
  bind(index: number, port: number): Promise<{ outcome: BindOutcome; port: number }> | null {
    return this.#wish(() => this.#bind(index, port))
  }

  /** Closes a socket, after the wishes before it. null: too many wishes at a time. */
  close(index: number): Promise<void> | null {
    return this.#wish(() => this.#close(index))
  }

  /** Closes everything. */
  end(): Promise<void> {
    this.#ended = true
    this.connection = null
    const ended = this.#wishes.then(async () => {
      await Promise.all([...this.#sockets.keys()].map((index) => this.#close(index)))
    })
    this.#wishes = ended
    return ended
  }

  #wish<T>(step: () => Promise<T>): Promise<T> | null {
    if (this.#waiting >= MAX_WISHES) return null
    this.#waiting++
    const done = this.#wishes.then(step)
    this.#wishes = done.then(
      () => void this.#waiting--,
      () => void this.#waiting--,
    )
    return done
  }

  async #bind(index: number, wanted: number): Promise<{ outcome: BindOutcome; port: number }> {
    const { limits, ports } = this.#config
    const no = (outcome: BindOutcome) => ({ outcome, port: 0 })
    if (this.#ended || this.#sockets.has(index)) return no('failed')
    if (this.#sockets.size >= limits.socketsPerConnection) return no('too-many')
    if (wanted !== 0 && (ports === null || wanted < ports[0] || wanted >= ports[1])) return no('not-allowed')
    const tries = wanted === 0 && ports !== null ? PORTS_TRIED : 1
    for (let i = 0; i < tries; i++) {
      const port = wanted === 0 && ports !== null ? this.#anyPort(ports) : wanted
      try {
        return await this.#bindTo(index, port)
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'EADDRINUSE') return no('failed')
      }
    }
    return no(wanted === 0 ? 'failed' : 'in-use')
  }

  /** In no order, so that nobody gets the port, and with it the id, of the one who was here before. */
  #anyPort([from, to]: readonly [number, number]): number {
    return from + this.#config.random.below(to - from)
  }

  async #bindTo(index: number, wanted: number): Promise<{ outcome: BindOutcome; port: number }> {
    const socket = await this.#config.transport.bind(wanted, this.#config.host, (bytes, host, port) =>
      this.#onDatagram(index, bytes, host, port),
    )
    const port = socket.address()!.port
    socket.setRecvBufferSize?.(Math.min(WINDOWS_UNREAD * this.#config.limits.windowBytes, MAX_UNREAD_BYTES))
    if (this.#ended) {
      await socket.close()
      return { outcome: 'failed', port: 0 }
    }
    this.#sockets.set(index, socket)
    this.#ports.add(port)
    this.#stats.sockets++
    return { outcome: 'bound', port }
  }

  async #close(index: number): Promise<void> {
    const socket = this.#sockets.get(index)
    if (socket === undefined) return
    this.#ports.delete(socket.address()!.port)
    this.#sockets.delete(index)
    this.#stats.sockets--
    await socket.close()
  }

  #onDatagram(index: number, bytes: Uint8Array, host: string, port: number): void {
    const { incoming } = this.#stats
    const ip = parseIPv4(host)
    if (!isForNodes(bytes)) {
      incoming.dropped.protocol++
    } else if (!isHostAllowed(ip, this.#config.destinations)) {
      incoming.dropped.source++
    } else if (this.connection === null) {
      incoming.dropped.parked++
    } else if (this.connection.deliver(index, ip, port, bytes)) {
      this.activeAt = this.#config.clock.now()
      incoming.datagrams++
      incoming.bytes += bytes.length
    } else {
      incoming.dropped.window++
    }
  }
}
