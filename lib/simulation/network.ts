/**
 * A network in memory, on virtual time: which datagrams arrive, when, and how often. On the same seed everything that
 * happens in it happens again in the next run.
 *
 * Invariants: a datagram never arrives inside the call that sent it; chance and the sender
 * decide when it is sent, the state of network and receiver when it arrives. Chance is drawn in the order of sending,
 * from a source that nobody else draws from.
 */
import b4a from 'b4a'
import { describe } from '../node/describe.js'
import { formatIPv4, keyOf, parseIPv4 } from '../primitives/address.js'
import { VirtualClock } from '../primitives/virtual-clock.js'
import type { MemoryTransport } from '../transport/memory.js'
import { checkCallback, checkDatagram, checkIPv4, checkOptions } from './arguments.js'
import {
  CONDITIONS,
  DEFAULT_CONDITIONS,
  delayOf,
  isDoubled,
  isLost,
  type LinkConditions,
  linkChanges,
  type LinkOptions,
  withChanges,
} from './conditions.js'
import { type HostNetwork, SimulatedHost } from './host.js'
import { type Datagram, InFlight } from './in-flight.js'
import {
  checkPlace,
  type Distances,
  type LatencyFunction,
  type LatencyModel,
  parseLatency,
  type Place,
  plane,
} from './latency.js'
import { Nat, type NatKind, type NatOptions } from './nat.js'
import { createNetworkStats, type LossReason, type NetworkStats } from './network-stats.js'
import { SeededRandom } from './seeded-random.js'

/** Addresses given to hosts that bring none start here: public ones, so that the limits for each host apply. */
const FIRST_ADDRESS = parseIPv4('20.0.0.1')

/** Streams of the seed: chance on the wire, and what hosts are like. */
const WIRE_STREAM = 1
const HOST_STREAM = 2

/** Sees a datagram that is sent: false loses it, bytes replace its own, anything else lets it pass. */
export type Tap = (datagram: Datagram) => boolean | Uint8Array | undefined | void

export interface NetworkOptions extends Partial<LinkConditions> {
  /** Delay between hosts, one way, in milliseconds: a model, a function of two addresses, or one number for all. Default `plane()`. */
  latency?: LatencyModel | LatencyFunction | number
}

export interface SimulatedNetworkOptions extends NetworkOptions {
  clock: VirtualClock
  /** Default 1. */
  seed?: number
}

export interface HostOptions {
  /** IPv4 address. Default: the next free one from 20.0.0.1 on. */
  address?: string
  /** What stands between the host and the network. Default `'open'`. */
  nat?: NatKind | NatOptions
  /** Where the host is. Default: drawn by the latency model. */
  place?: Place
}

/** Names of {@link NetworkOptions}. */
export const NETWORK_OPTIONS: readonly string[] = [...CONDITIONS, 'latency']

/** Names of {@link HostOptions}. */
export const HOST_OPTIONS: readonly string[] = ['address', 'nat', 'place'] satisfies (keyof HostOptions)[]

/** A host, or its address. */
export type HostName = SimulatedHost | string

/**
 * The network.
 *
 * @example
 * const clock = new VirtualClock()
 * const network = new SimulatedNetwork({ clock, seed: 7, loss: 0.01 })
 * const host = network.createHost({ nat: 'consistent' })
 * const node = new DHT({ transport: host.transport, clock: host.clock, random: seededRandom(8) })
 */
export class SimulatedNetwork {
  /** Addresses of host names, for lookups. */
  readonly names = new Map<string, string>()
  /** Counters, changed in place. */
  readonly stats: NetworkStats = createNetworkStats()

  readonly #clock: VirtualClock
  readonly #distances: Distances
  #tap: Tap | null = null
  #conditions: LinkConditions
  readonly #wireRandom: SeededRandom
  readonly #hostRandom: SeededRandom
  /** By address. BOUNDED: by the hosts that were made and not removed. */
  readonly #hosts = new Map<string, SimulatedHost>()
  readonly #hostNetwork: HostNetwork
  #nextAddress = FIRST_ADDRESS

  /** @throws TypeError or RangeError for options that make no sense */
  constructor(options: SimulatedNetworkOptions) {
    checkOptions(options, 'a network', [...NETWORK_OPTIONS, 'clock', 'seed'])
    const { clock, seed = 1, latency = plane(), ...conditions } = options
    if (!(clock instanceof VirtualClock)) throw new TypeError(`clock must be a VirtualClock, got ${describe(clock)}`)
    this.#clock = clock
    this.#distances = parseLatency(latency)
    this.#conditions = withChanges(DEFAULT_CONDITIONS, conditions)
    this.#wireRandom = new SeededRandom(seed, WIRE_STREAM)
    this.#hostRandom = new SeededRandom(seed, HOST_STREAM)
    this.#hostNetwork = {
      send: (from, fromPort, bytes, toHost, toPort) => this.#send(from, fromPort, bytes, toHost, toPort),
      resolve: (name) => this.names.get(name),
      readdress: (host, address) => this.#readdress(host, address),
      remove: (host) => void (this.#hosts.get(host.address) === host && this.#hosts.delete(host.address)),
      createNat: (nat) => this.#createNat(nat),
    }
  }

  /**
   * Sees every datagram that is sent, to trace, drop or alter it; costs nothing while null. What it throws ends the run:
   * `run` and `advance` reject with it.
   */
  get tap(): Tap | null {
    return this.#tap
  }

  set tap(tap: Tap | null) {
    checkCallback(tap ?? undefined, 'tap')
    this.#tap = tap ?? null
  }

  /** The hosts that were made and not removed. */
  get hosts(): SimulatedHost[] {
    return [...this.#hosts.values()]
  }

  /** An address that no host has. Each is given once. */
  nextAddress(): string {
    for (;;) {
      const address = formatIPv4(this.#nextAddress)
      // Each in a /24 of its own, as hosts of the Internet are by and large.
      this.#nextAddress += 256
      if (!this.#hosts.has(address)) return address
    }
  }

  /** A new host. @throws Error when its address is taken; TypeError or RangeError for options that make no sense */
  createHost(options: HostOptions = {}): SimulatedHost {
    checkOptions(options, 'a host', HOST_OPTIONS)
    const { address = this.nextAddress(), nat = 'open', place } = options
    checkIPv4(address, 'address')
    if (this.#hosts.has(address)) throw new Error(`${address} is taken`)
    const host = new SimulatedHost({
      address,
      place: place === undefined ? this.#distances.model.place(this.#hostRandom) : checkPlace(place),
      nat,
      clock: this.#clock,
      network: this.#hostNetwork,
    })
    this.#hosts.set(address, host)
    return host
  }

  /** The host at an address, or undefined. */
  hostAt(address: string): SimulatedHost | undefined {
    return this.#hosts.get(address)
  }

  /** The transport of the host at this address, which is made if there is none. @throws TypeError when it is none */
  transport(address: string): MemoryTransport {
    return (this.#hosts.get(address) ?? this.createHost({ address })).transport
  }

  /** Changes loss, jitter and so on from now on, for all ways that have none of their own. @throws TypeError, RangeError */
  configure(changes: Partial<LinkConditions>): void {
    this.#conditions = withChanges(this.#conditions, changes)
  }

  /** Milliseconds that a datagram takes between two hosts on average, one way. */
  oneWayMs(from: HostName, to: HostName): number {
    return this.#oneWayMs(this.#find(from), this.#find(to))
  }

  /**
   * Gives the way between two hosts, in both directions, conditions of its own; `null` makes it like the others again.
   *
   * @throws Error when there is no such host; TypeError or RangeError for options that make no sense
   */
  link(a: HostName, b: HostName, options: LinkOptions | null): void {
    const hostA = this.#find(a)
    const hostB = this.#find(b)
    if (options === null) {
      hostA.links?.delete(hostB)
      hostB.links?.delete(hostA)
      return
    }
    const { changes, latencyMs } = linkChanges(options)
    const known = hostA.links?.get(hostB)
    const link = {
      conditions: withChanges(known?.conditions ?? this.#conditions, changes),
      latencyMs: latencyMs ?? known?.latencyMs ?? null,
    }
    ;(hostA.links ??= new Map()).set(hostB, link)
    ;(hostB.links ??= new Map()).set(hostA, link)
  }

  /**
   * Splits the network: only hosts of the same group reach each other. All that are in none, and those made later, are
   * one more group. A new partition replaces the one before.
   *
   * @throws Error when there is no such host; TypeError for a group that is no list of hosts, or a host in two of them
   * @example
   * sim.network.partition(nodes.slice(0, 50).map((node) => sim.hostOf(node)))
   */
  partition(...groups: Iterable<HostName>[]): void {
    const groupOf = new Map<SimulatedHost, number>()
    groups.forEach((group, i) => {
      const isList = typeof group === 'object' && group !== null && Symbol.iterator in group
      if (!isList) throw new TypeError(`a group must be a list of hosts or addresses, got ${kindOf(group)}`)
      for (const name of group) {
        const host = this.#find(name)
        if ((groupOf.get(host) ?? i) !== i) throw new TypeError(`${host.address} is in two groups`)
        groupOf.set(host, i)
      }
    })
    this.heal()
    for (const [host, i] of groupOf) host.group = i + 1
  }

  /** Ends the partition. */
  heal(): void {
    for (const host of this.#hosts.values()) host.group = 0
  }

  /**
   * Puts a datagram on the wire, with any source address: what a forger can do. The taps do not see it; apart from
   * that it fares as all others do.
   *
   * @param by the host it really comes from, for delay, partitions and losses; default: none, it arrives at once
   * @throws TypeError or RangeError for addresses that are none
   */
  inject(
    datagram: { from: { host: string; port: number }; to: { host: string; port: number }; bytes: Uint8Array },
    by?: HostName,
  ): void {
    const { from, to, bytes } = datagram
    checkDatagram(bytes, { from, to })
    const inFlight = new InFlight(this.#deliver, null, from.host, from.port, to.host, to.port, b4a.from(bytes))
    this.stats.sent++
    this.stats.sentBytes += bytes.length
    if (by === undefined) {
      this.#clock.schedule(inFlight, 0)
    } else {
      inFlight.from = this.#find(by)
      this.#dispatch(inFlight.from, inFlight)
    }
  }

  /** Sockets that are bound, of all hosts or of the one at this address. */
  boundSockets(address?: string): number {
    if (address !== undefined) return this.#hosts.get(address)?.sockets.boundSockets ?? 0
    let count = 0
    for (const { sockets } of this.#hosts.values()) count += sockets.boundSockets
    return count
  }

  #find(host: HostName): SimulatedHost {
    if (host instanceof SimulatedHost) return host
    if (typeof host !== 'string') {
      throw new TypeError(
        `a host must be a SimulatedHost, such as sim.hostOf(node), or an address, got ${kindOf(host)}`,
      )
    }
    const found = this.#hosts.get(host)
    if (found === undefined) throw new Error(`there is no host at ${host}`)
    return found
  }

  #createNat(nat: NatKind | NatOptions): Nat | null {
    const options = typeof nat === 'object' && nat !== null ? nat : { kind: nat }
    const made = new Nat(options, (limit) => this.#hostRandom.below(limit))
    return made.kind === 'open' ? null : made
  }

  #readdress(host: SimulatedHost, address: string): void {
    checkIPv4(address, 'address')
    if (this.#hosts.has(address)) throw new Error(`${address} is taken`)
    if (this.#hosts.get(host.address) === host) this.#hosts.delete(host.address)
    host.sockets.rename(address)
    this.#hosts.set(address, host)
  }

  #send(from: SimulatedHost, fromPort: number, bytes: Uint8Array, toHost: string, toPort: number): void {
    const { stats } = this
    const tap = this.#tap
    stats.sent++
    stats.sentBytes += bytes.length
    if (!from.up) {
      stats.lost.dead++
      return
    }
    const { nat } = from
    const port = nat === null ? fromPort : nat.outbound(fromPort, keyOf(toHost, toPort), this.#clock.now())
    const inFlight = new InFlight(this.#deliver, from, from.address, port, toHost, toPort, bytes)
    if (tap !== null && !this.#applyTap(tap, inFlight)) {
      stats.lost.refused++
      return
    }
    this.#dispatch(from, inFlight)
  }

  /** Draws what becomes of it on its way. */
  #dispatch(from: SimulatedHost, inFlight: InFlight): void {
    const to = this.#hosts.get(inFlight.toHost)
    const link = (to !== undefined && from.links?.get(to)) || null
    const conditions = link === null ? this.#conditions : link.conditions
    const random = this.#wireRandom
    if (inFlight.bytes.length > conditions.mtuBytes) {
      this.stats.lost.mtu++
      return
    }
    if (isLost(conditions, random)) {
      this.stats.lost.loss++
      return
    }
    // On the way to nobody it takes no time: that it is lost is all there is to it.
    const oneWayMs = to === undefined ? 0 : (link?.latencyMs ?? this.#oneWayMs(from, to))
    this.#clock.schedule(inFlight, delayOf(conditions, oneWayMs, random))
    if (isDoubled(conditions, random)) {
      this.stats.sent++
      this.stats.sentBytes += inFlight.bytes.length
      this.#clock.schedule(inFlight.copy(), delayOf(conditions, oneWayMs, random))
    }
  }

  #oneWayMs(from: SimulatedHost, to: SimulatedHost): number {
    const { model, ofAddresses } = this.#distances
    const ms = ofAddresses === null ? model.oneWayMs(from.place, to.place) : ofAddresses(from.address, to.address)
    if (typeof ms === 'number' && ms >= 0 && ms < Infinity) return ms
    const way = `from ${from.address} to ${to.address}`
    this.#endRun(new RangeError(`latency must be a non-negative number, got ${describe(ms)} ${way}`))
    return 0
  }

  /** Shows a datagram to the tap; false when it is to be lost. */
  #applyTap(tap: Tap, inFlight: InFlight): boolean {
    try {
      const verdict = tap(inFlight)
      if (verdict instanceof Uint8Array) inFlight.bytes = verdict
      return verdict !== false
    } catch (err) {
      this.#endRun(err)
      return false
    }
  }

  /** Fails the run with an error of the user's code: thrown here, it would look to a node as if it could not send. */
  #endRun(err: unknown): void {
    this.#clock.after(0, () => {
      throw err
    })
  }

  readonly #deliver = (inFlight: InFlight): boolean => {
    const reason = this.#arrive(inFlight)
    if (reason === null) this.stats.delivered++
    else this.stats.lost[reason]++
    return reason === null
  }

  /** The state of the network and the receiver now decides. */
  #arrive({ from, fromHost, fromPort, toHost, toPort, bytes }: InFlight): LossReason | null {
    const to = this.#hosts.get(toHost)
    if (to === undefined || !to.up) return 'dead'
    if (from !== null && from.group !== to.group) return 'partition'
    let port = toPort
    if (to.nat !== null) {
      port = to.nat.inbound(toPort, keyOf(fromHost, fromPort), this.#clock.now())
      if (port === -1) return 'nat'
    }
    return to.sockets.receive(bytes, fromHost, fromPort, port) ? null : 'closed'
  }
}

function kindOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : describe(value)
}
