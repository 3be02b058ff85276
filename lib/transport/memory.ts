/**
 * A network in memory: hosts with IPv4 addresses of their own, and datagrams that travel on a {@link Clock}. On virtual
 * time and with a seeded source of randomness, everything that happens in it happens again in the next run.
 *
 * Invariants: a datagram arrives at most once, never inside the call that sent it, as a copy that is overwritten when
 * the receiver returns (so whoever keeps a view is found out); one port of a host has one socket.
 */
import b4a from 'b4a'
import { isIPv4 } from '../primitives/address.js'
import type { Cancel, Clock } from '../primitives/clock.js'
import { type Random, systemRandom } from '../primitives/random.js'
import type { DatagramSocket, NetworkInterface, OnDatagram, Transport } from './contract.js'

/** The same as of the UDP transport, so that nothing passes here that would not pass there. */
const MAX_DATAGRAM_BYTES = 2048

/** First port handed out for port 0: the start of the dynamic range (RFC 6335). */
const FIRST_FREE_PORT = 49152
const PORTS = 65536

/** One way within a continent. */
const DEFAULT_LATENCY_MS = 20

/** What a delivered datagram is overwritten with. */
const POISON = 0xaa

/** A datagram on its way. */
export interface MemoryDatagram {
  /** Read only. */
  readonly bytes: Uint8Array
  readonly fromHost: string
  readonly fromPort: number
  readonly toHost: string
  readonly toPort: number
}

export interface MemoryNetworkOptions {
  clock: Clock
  /** Milliseconds one way. Default 20. */
  latencyMs?: (fromHost: string, toHost: string) => number
  /** Share of datagrams that are lost, 0 to 1. Default 0. */
  loss?: number
  /** What decides about losses; a seeded one makes runs repeatable. Default: the system's. */
  random?: Random
}

/** A machine: its address, its sockets, and who wants to hear of a change. */
interface Host {
  address: string
  /** By port. BOUNDED: by 65535 ports. */
  readonly sockets: Map<number, MemorySocket>
  /** BOUNDED: by the watchers that were not cancelled. */
  readonly watchers: Set<(interfaces: NetworkInterface[]) => void>
  nextPort: number
  /** Sends and receives nothing. */
  blocked: boolean
  /** Only hosts of the same side reach each other. */
  side: number
}

/**
 * The network. One {@link Transport} for each of its hosts.
 *
 * @example
 * const network = new MemoryNetwork({ clock: new VirtualClock() })
 * const node = new DHT({ transport: network.transport('20.0.0.1'), clock, bootstrap: ['20.0.0.2:10001'] })
 */
export class MemoryNetwork {
  /** Addresses of host names, for `lookup`. */
  readonly names = new Map<string, string>()
  /** Called for every datagram that is sent, also to trace them; true loses it. */
  drop: ((datagram: MemoryDatagram) => boolean) | null = null

  readonly #clock: Clock
  readonly #latencyMs: (fromHost: string, toHost: string) => number
  readonly #loss: number
  readonly #random: Random
  /** By address. BOUNDED: by the hosts that were asked for. */
  readonly #hosts = new Map<string, Host>()

  /** @throws RangeError when `loss` is not from 0 to 1 */
  constructor({ clock, latencyMs = () => DEFAULT_LATENCY_MS, loss = 0, random = systemRandom }: MemoryNetworkOptions) {
    if (!(loss >= 0 && loss <= 1)) throw new RangeError(`loss must be a number from 0 to 1, got ${loss}`)
    this.#clock = clock
    this.#latencyMs = latencyMs
    this.#loss = loss
    this.#random = random
  }

  /** The transport of the machine at this IPv4 address. @throws TypeError when it is none */
  transport(host: string): Transport {
    const machine = this.#host(host)
    return {
      native: null,
      maxDatagramBytes: MAX_DATAGRAM_BYTES,
      bind: async (port, address, onDatagram) => this.#bind(machine, port, address, onDatagram),
      lookup: async (name) => this.#lookup(name),
      networkInterfaces: () => interfacesOf(machine),
      watchInterfaces: (onChange): Cancel => {
        machine.watchers.add(onChange)
        return () => machine.watchers.delete(onChange)
      },
    }
  }

  /** Cuts a host off, as if it had crashed: what is on its way to it is lost too. */
  block(host: string): void {
    this.#host(host).blocked = true
  }

  unblock(host: string): void {
    this.#host(host).blocked = false
  }

  /** Splits the network: these hosts reach each other, all others reach each other. */
  partition(hosts: Iterable<string>): void {
    const side = new Set(hosts)
    for (const address of side) this.#host(address)
    for (const machine of this.#hosts.values()) machine.side = side.has(machine.address) ? 1 : 0
  }

  /** Ends the partition. */
  heal(): void {
    for (const machine of this.#hosts.values()) machine.side = 0
  }

  /** Gives a host another address, as a provider does: its sockets stay open. @throws Error when the new one is taken */
  move(host: string, newHost: string): void {
    const machine = this.#host(host)
    if (this.#hosts.has(newHost)) throw new Error(`${newHost} is taken`)
    checkHost(newHost)
    this.#hosts.delete(host)
    machine.address = newHost
    this.#hosts.set(newHost, machine)
    const interfaces = interfacesOf(machine)
    for (const onChange of machine.watchers) this.#clock.after(0, () => onChange(interfaces), true)
  }

  /** Sockets that are bound, of all hosts or of one. */
  boundSockets(host?: string): number {
    if (host !== undefined) return this.#hosts.get(host)?.sockets.size ?? 0
    let count = 0
    for (const { sockets } of this.#hosts.values()) count += sockets.size
    return count
  }

  #host(address: string): Host {
    const known = this.#hosts.get(address)
    if (known !== undefined) return known
    checkHost(address)
    const machine: Host = {
      address,
      sockets: new Map(),
      watchers: new Set(),
      nextPort: FIRST_FREE_PORT,
      blocked: false,
      side: 0,
    }
    this.#hosts.set(address, machine)
    return machine
  }

  #bind(machine: Host, port: number, address: string, onDatagram: OnDatagram): DatagramSocket {
    if (address !== '0.0.0.0' && address !== machine.address) {
      throw systemError('EADDRNOTAVAIL', `address not available: ${address}`)
    }
    const free = port === 0 ? freePort(machine) : port
    if (free === -1 || machine.sockets.has(free)) {
      throw systemError('EADDRINUSE', `address already in use: ${machine.address}:${port}`)
    }
    const socket: MemorySocket = {
      onDatagram,
      trySend: (bytes, toPort, toHost) => {
        if (machine.sockets.get(free) === socket) this.#send(machine, free, bytes, toHost, toPort)
      },
      address: () => (machine.sockets.get(free) === socket ? { host: address, family: 4, port: free } : null),
      close: async () => {
        if (machine.sockets.get(free) === socket) machine.sockets.delete(free)
      },
    }
    machine.sockets.set(free, socket)
    return socket
  }

  async #lookup(name: string): Promise<string> {
    const host = isIPv4(name) ? name : this.names.get(name)
    if (host === undefined) throw systemError('ENOTFOUND', `no address of ${name}`)
    return host
  }

  #send(from: Host, fromPort: number, bytes: Uint8Array, toHost: string, toPort: number): void {
    // Not `slice`: of a Node.js Buffer that is a view.
    const datagram = { bytes: b4a.from(bytes), fromHost: from.address, fromPort, toHost, toPort }
    const lost = this.drop?.(datagram) === true || from.blocked || bytes.length > MAX_DATAGRAM_BYTES || this.#isLost()
    if (lost) return
    const latencyMs = this.#latencyMs(from.address, toHost)
    this.#clock.after(latencyMs, () => this.#deliver(datagram, from), true)
  }

  #isLost(): boolean {
    return this.#loss > 0 && this.#random.below(PORTS) < this.#loss * PORTS
  }

  /** The state of the network when it arrives decides, except for whether the sender lives. */
  #deliver({ bytes, fromHost, fromPort, toHost, toPort }: MemoryDatagram, from: Host): void {
    const to = this.#hosts.get(toHost)
    if (to === undefined || to.blocked || to.side !== from.side) return
    const socket = to.sockets.get(toPort)
    if (socket === undefined) return
    try {
      socket.onDatagram(bytes, fromHost, fromPort, socket)
    } finally {
      bytes.fill(POISON)
    }
  }
}

interface MemorySocket extends DatagramSocket {
  readonly onDatagram: OnDatagram
}

function checkHost(host: string): void {
  if (!isIPv4(host)) throw new TypeError(`host must be an IPv4 address, got ${host}`)
}

/** The next port nobody has, or -1. Goes on from the last one, so that a port is not reused at once. */
function freePort(machine: Host): number {
  for (let tried = FIRST_FREE_PORT; tried < PORTS; tried++) {
    const port = machine.nextPort
    machine.nextPort = port + 1 === PORTS ? FIRST_FREE_PORT : port + 1
    if (!machine.sockets.has(port)) return port
  }
  return -1
}

function interfacesOf({ address }: Host): NetworkInterface[] {
  return [{ name: 'mem0', host: address, family: 4, internal: false }]
}

function systemError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code })
}
