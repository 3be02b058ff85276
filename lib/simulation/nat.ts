/**
 * What stands between a host and the network: which port of its address others see, and whose datagrams get in. A
 * pure state machine; time is an argument. Each host has an address of its own, so only ports are translated.
 *
 * Invariants: only what leaves opens or keeps open a way in; two ways never share an external port at the same time.
 */
import { describe } from '../node/describe.js'
import { checkLimit, checkOptions } from './arguments.js'

/**
 * - `open`: ports are kept, everything gets in.
 * - `firewalled`: ports are kept; in comes only what is from an address that the port has sent to lately.
 * - `consistent`: another port, the same for all destinations; in comes as with `firewalled` (endpoint-independent
 *   mapping, address and port dependent filtering of RFC 4787: most home routers).
 * - `randomized`: another port for each destination (address and port dependent mapping: mobile networks, offices).
 */
export type NatKind = 'open' | 'firewalled' | 'consistent' | 'randomized'

export interface NatOptions {
  kind: NatKind
  /** Time after the last datagram out after which the way back is closed; `Infinity`: never. Default 60000. */
  mappingLifetimeMs?: number
}

const KINDS: readonly string[] = ['open', 'firewalled', 'consistent', 'randomized'] satisfies NatKind[]

/** Routers keep UDP mappings for 30 s to 5 min; RFC 4787 asks for 2 min, and many give half of that. */
const DEFAULT_LIFETIME_MS = 60_000

/** External ports are drawn from here to the start of the dynamic range, so one tells them from others at a glance. */
const FIRST_EXTERNAL_PORT = 20_000
const EXTERNAL_PORTS = 49_152 - FIRST_EXTERNAL_PORT

/** Ways a router keeps, as a small one does. When there are more, the one that was used longest ago goes. */
export const MAX_WAYS = 4096

/** From one port inside to one address outside. */
interface Way {
  readonly internalPort: number
  readonly externalPort: number
  /** `addressKey` of the other side. */
  readonly peer: number
  usedAt: number
}

/** A port inside. */
interface Port {
  /** What others see it as, where that is the same for all. */
  externalPort: number
  usedAt: number
  /** By peer. BOUNDED: by MAX_WAYS, over all ports. */
  readonly ways: Map<number, Way>
}

/** The NAT, or firewall, of one host. */
export class Nat {
  readonly kind: NatKind
  readonly #lifetimeMs: number
  readonly #drawBelow: (limit: number) => number
  /** By port inside. BOUNDED: by MAX_WAYS, since each has a way. */
  readonly #ports = new Map<number, Port>()
  /** Who holds an external port: the number of the port inside. BOUNDED: by MAX_WAYS, since each belongs to a way. */
  readonly #holders = new Map<number, number>()
  #size = 0

  /**
   * @param drawBelow gives a random integer from 0 to below a limit, for external ports
   * @throws TypeError or RangeError for options that make no sense
   */
  constructor(options: NatOptions, drawBelow: (limit: number) => number) {
    checkOptions(options, 'nat', ['kind', 'mappingLifetimeMs'])
    const { kind, mappingLifetimeMs = DEFAULT_LIFETIME_MS } = options
    if (!KINDS.includes(kind)) throw new TypeError(`nat must be one of ${KINDS.join(', ')}, got ${describe(kind)}`)
    checkLimit(mappingLifetimeMs, 'mappingLifetimeMs')
    this.kind = kind
    this.#lifetimeMs = mappingLifetimeMs
    this.#drawBelow = drawBelow
  }

  /** Number of ways that are kept, also of those that have expired. */
  get size(): number {
    return this.#size
  }

  /**
   * A datagram leaves.
   *
   * @param peer `addressKey` of where it goes
   * @returns the port that the other side sees
   */
  outbound(internalPort: number, peer: number, now: number): number {
    if (this.kind === 'open') return internalPort
    const port = this.#portAt(internalPort, now)
    port.usedAt = now
    const known = port.ways.get(peer)
    if (known !== undefined && this.#isAlive(known, now) && this.#isCurrent(known, port)) {
      known.usedAt = now
      return known.externalPort
    }
    if (known !== undefined) this.#remove(port, known)
    if (this.#size >= MAX_WAYS) this.#makeRoom(now)
    const externalPort = this.kind === 'randomized' ? this.#drawPort(internalPort) : port.externalPort
    port.ways.set(peer, { internalPort, externalPort, peer, usedAt: now })
    // Making room may have taken the port away with its last way.
    this.#ports.set(internalPort, port)
    this.#holders.set(externalPort, internalPort)
    this.#size++
    return externalPort
  }

  /**
   * A datagram arrives.
   *
   * @param peer `addressKey` of where it comes from
   * @returns the port inside that it is for; -1 when it does not get in
   */
  inbound(externalPort: number, peer: number, now: number): number {
    if (this.kind === 'open') return externalPort
    const internalPort = this.#holders.get(externalPort)
    if (internalPort === undefined) return -1
    const way = this.#ports.get(internalPort)?.ways.get(peer)
    if (way === undefined || way.externalPort !== externalPort || !this.#isAlive(way, now)) return -1
    return internalPort
  }

  /** Forgets all ways, as when the router is restarted. */
  reset(): void {
    this.#ports.clear()
    this.#holders.clear()
    this.#size = 0
  }

  #isAlive({ usedAt }: { usedAt: number }, now: number): boolean {
    return now - usedAt <= this.#lifetimeMs
  }

  #isCurrent(way: Way, port: Port): boolean {
    return this.kind === 'randomized' || way.externalPort === port.externalPort
  }

  /** The state of a port inside; one that was silent for too long gets a new port outside. */
  #portAt(internalPort: number, now: number): Port {
    const known = this.#ports.get(internalPort)
    if (known !== undefined && this.#isAlive(known, now)) return known
    if (known !== undefined) for (const way of known.ways.values()) this.#remove(known, way)
    const externalPort = this.kind === 'consistent' ? this.#drawPort(internalPort) : internalPort
    const port: Port = { externalPort, usedAt: now, ways: new Map() }
    this.#ports.set(internalPort, port)
    return port
  }

  /** An external port that nobody holds. There are seven times as many as ways. */
  #drawPort(internalPort: number): number {
    for (;;) {
      const port = FIRST_EXTERNAL_PORT + this.#drawBelow(EXTERNAL_PORTS)
      if (port !== internalPort && !this.#holders.has(port)) return port
    }
  }

  #remove(port: Port, way: Way): void {
    port.ways.delete(way.peer)
    this.#size--
    const isShared = this.kind !== 'randomized' && port.ways.size > 0 && way.externalPort === port.externalPort
    if (!isShared) this.#holders.delete(way.externalPort)
    if (port.ways.size === 0) this.#ports.delete(way.internalPort)
  }

  /** Drops what has expired, and where that is nothing, the way that was used longest ago. */
  #makeRoom(now: number): void {
    let oldest: Way | null = null
    for (const port of this.#ports.values()) {
      for (const way of port.ways.values()) {
        if (!this.#isAlive(way, now)) this.#remove(port, way)
        else if (oldest === null || way.usedAt < oldest.usedAt) oldest = way
      }
    }
    if (this.#size >= MAX_WAYS && oldest !== null) this.#remove(this.#ports.get(oldest.internalPort)!, oldest)
  }
}
