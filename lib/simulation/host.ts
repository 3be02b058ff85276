/**
 * A machine in a simulated network: an address, a clock and sockets for the processes that run on it, and what can
 * happen to a machine. Its processes notice nothing but what they would notice on a real one.
 */
import { type VirtualClock, VirtualEvent } from '../primitives/virtual-clock.js'
import { MemoryTransport, type Wire } from '../transport/memory.js'
import { checkMeasure } from './arguments.js'
import type { LinkConditions } from './conditions.js'
import { HostClock } from './host-clock.js'
import type { Place } from './latency.js'
import type { Nat, NatKind, NatOptions } from './nat.js'

/** What a way between two hosts has of its own. */
export interface Link {
  conditions: LinkConditions
  /** null: what the latency model says. */
  latencyMs: number | null
}

/** What a host needs of the network it is in. */
export interface HostNetwork {
  /** Takes a datagram of the host along. */
  send(from: SimulatedHost, fromPort: number, bytes: Uint8Array, toHost: string, toPort: number): void
  resolve(name: string): string | undefined
  /** Gives the host this address. @throws Error when it is taken, TypeError when it is none */
  readdress(host: SimulatedHost, address: string): void
  remove(host: SimulatedHost): void
  /** null: nothing stands in between. @throws TypeError or RangeError for what makes no sense */
  createNat(nat: NatKind | NatOptions): Nat | null
}

export interface HostParts {
  address: string
  place: Place
  nat: NatKind | NatOptions
  clock: VirtualClock
  network: HostNetwork
}

/**
 * A machine. `up` while it takes part; a host that is killed or asleep sends, receives and does nothing, one that is
 * disconnected sends and receives nothing.
 *
 * @example
 * const host = sim.hostOf(node)
 * host.kill() // no goodbye: to the others it just stops answering
 * await sim.advance(60_000)
 * host.revive()
 */
export class SimulatedHost {
  /** Give it to what runs here, as the `transport` option of a node. */
  readonly transport: MemoryTransport
  /** Give it to what runs here, as the `clock` option of a node. */
  readonly clock: HostClock
  /** Where it is in the latency model. */
  readonly place: Place
  /** Hosts of the same group reach each other; set by the network. */
  group = 0
  /** Ways that are not as the others, by the host at the other end; null: none. BOUNDED: by the user's links. */
  links: Map<SimulatedHost, Link> | null = null
  /** Sockets; for the network, which delivers to them. */
  readonly sockets: MemoryTransport
  readonly #network: HostNetwork
  readonly #shared: VirtualClock
  #nat: Nat | null
  #killed = false
  #connected = true
  #removed = false
  /** Naps that have not ended. */
  #asleep = 0

  constructor({ address, place, nat, clock, network }: HostParts) {
    const wire: Wire = {
      send: (fromPort, bytes, toHost, toPort) => network.send(this, fromPort, bytes, toHost, toPort),
      resolve: (name) => network.resolve(name),
    }
    this.sockets = new MemoryTransport(address, wire)
    this.transport = this.sockets
    this.clock = new HostClock(clock)
    this.place = place
    this.#nat = network.createNat(nat)
    this.#network = network
    this.#shared = clock
  }

  /** Its IPv4 address. */
  get address(): string {
    return this.sockets.host
  }

  /** What stands between it and the network; null: nothing. */
  get nat(): Nat | null {
    return this.#nat
  }

  /** Whether it is connected, and neither killed nor asleep. */
  get up(): boolean {
    return this.#connected && this.#runs
  }

  /** Whether it is killed. */
  get killed(): boolean {
    return this.#killed
  }

  /** Stops at once, without a word: what is on its way to it is lost, and none of its timers fires. Idempotent. */
  kill(): void {
    this.#killed = true
    this.clock.freeze()
  }

  /**
   * Goes on with the same processes, sockets and address, as a machine that was cut off or stopped: what should have
   * happened meanwhile happens now, and the time of day has gone on. Idempotent.
   *
   * @throws Error when it was removed
   */
  revive(): void {
    this.#checkThere()
    this.#killed = false
    if (this.#runs) this.clock.thaw()
  }

  /** Pulls the cable: it sends and receives nothing, but its processes go on and notice. Idempotent. */
  disconnect(): void {
    this.#connected = false
  }

  /** Plugs the cable in again. Idempotent. */
  reconnect(): void {
    this.#connected = true
  }

  /** Puts something else between it and the network, from now on. @throws TypeError or RangeError */
  setNat(nat: NatKind | NatOptions): void {
    this.#nat = this.#network.createNat(nat)
  }

  /**
   * Stands still from now on for `ms` milliseconds, like a laptop with its lid closed: it neither sends nor receives,
   * what is sent to it is lost, and timers that fall due meanwhile fire when it wakes up. Both its monotonic time and
   * its time of day have gone on then; for a machine whose monotonic time stands still in its sleep, call
   * `clock.jumpWall(ms)` instead, which takes no time at all.
   *
   * @throws TypeError, RangeError
   */
  sleep(ms: number): void {
    checkMeasure(ms, 'ms')
    this.#asleep++
    this.clock.freeze()
    this.#shared.schedule(new WakeUp(() => this.#wakeUp()), ms)
  }

  /**
   * Gives it another address, as a provider does, or another network: sockets stay open, processes that watch the
   * interfaces hear of it, its NAT has forgotten all ways.
   *
   * @throws Error when the address is taken, or the host was removed; TypeError when it is no IPv4 address
   */
  move(address: string): void {
    this.#checkThere()
    this.#network.readdress(this, address)
    this.#nat?.reset()
    this.clock.after(0, () => this.sockets.announceInterfaces())
  }

  get #runs(): boolean {
    return !this.#killed && this.#asleep === 0
  }

  /** Kills it for good: its address is free again, and the network forgets it. Idempotent. */
  remove(): void {
    this.#removed = true
    this.kill()
    this.#network.remove(this)
  }

  #wakeUp(): void {
    this.#asleep--
    if (this.#runs) this.clock.thaw()
  }

  #checkThere(): void {
    if (this.#removed) throw new Error(`the host at ${this.address} was removed`)
  }
}

class WakeUp extends VirtualEvent {
  readonly #fn: () => void

  constructor(fn: () => void) {
    super()
    this.#fn = fn
  }

  override get isMoot(): boolean {
    return true
  }

  fire(): boolean {
    this.#fn()
    return true
  }
}
