/** Small networks for tests: the product's simulation on a plain network, with what tests want to see of it. */
import type { Assert } from 'brittle'
import type { DHT, DHTOptions } from '../../index.js'
import type { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { type Datagram, Simulation as Network, type SimulatedHost } from '../../lib/simulation/index.js'
import type { DatagramSocket, OnDatagram } from '../../lib/transport/contract.js'

export const BOOTSTRAP_PORT = 49737
export const MINUTE = 60_000

/** Host of the bootstrapper. */
export const BOOTSTRAP_HOST = '20.0.0.1'

/** Longest virtual time that something a test waits for may take. */
const PATIENCE_MS = 2 * MINUTE

/** One way between any two hosts, to be reckoned with. */
const LATENCY_MS = 20

export interface SimulationOptions {
  seed?: number
  loss?: number
}

export class Simulation {
  readonly bootstrapper: DHT
  /** Every datagram sent, where `record` is on. */
  readonly datagrams: Datagram[] = []
  record = false
  readonly #sim: Network

  constructor(t: Assert, { seed = 1, loss = 0 }: SimulationOptions = {}) {
    this.#sim = new Network({ seed, network: { latency: LATENCY_MS, jitter: 0, loss } })
    this.#sim.network.tap = (datagram) => this.observe(datagram)
    t.teardown(() => this.#sim.destroy())
    this.bootstrapper = this.#sim.bootstrapper()
  }

  get clock(): VirtualClock {
    return this.#sim.clock
  }

  get network(): Network['network'] {
    return this.#sim.network
  }

  /** All nodes that were made, in order, the bootstrapper first. */
  get nodes(): DHT[] {
    return this.#sim.nodes
  }

  /** An address that nobody has yet. */
  nextHost(): string {
    return this.network.nextAddress()
  }

  /** A node on a host of its own, behind the bootstrapper unless the options say otherwise; not joined yet. */
  create(options: DHTOptions = {}, address = this.nextHost()): DHT {
    return this.#sim.createNode(options, { host: this.#host(address) })
  }

  /** A node that has joined. */
  async start(options: DHTOptions = {}, address?: string): Promise<DHT> {
    const node = this.create(options, address)
    await this.run(node.fullyBootstrapped())
    return node
  }

  /** Nodes that have joined, all at once; persistent unless said otherwise. */
  async startMany(count: number, options: DHTOptions = { ephemeral: false }): Promise<DHT[]> {
    const nodes = Array.from({ length: count }, () => this.create(options))
    await this.run(Promise.all(nodes.map((node) => node.fullyBootstrapped())))
    return nodes
  }

  hostOf(node: DHT): string {
    return this.#sim.hostOf(node).address
  }

  /** The address others reach a node's server socket at. */
  addressOf(node: DHT): { host: string; port: number } {
    return this.#sim.addressOf(node)
  }

  /** Lets time pass until the promise is settled, and returns or throws what it was settled with. */
  run<T>(promise: Promise<T>, limitMs = PATIENCE_MS): Promise<T> {
    return this.#sim.run(promise, { limitMs })
  }

  /** From here on the host gets datagrams only from addresses that the same port of it has sent to. */
  firewall(address: string): void {
    this.#host(address).setNat({ kind: 'firewalled', mappingLifetimeMs: Infinity })
  }

  openFirewall(address: string): void {
    this.#host(address).setNat('open')
  }

  /** Cuts a host off; what runs on it goes on. */
  block(address: string): void {
    this.#host(address).disconnect()
  }

  unblock(address: string): void {
    this.#host(address).reconnect()
  }

  move(address: string, newAddress: string): void {
    this.#host(address).move(newAddress)
  }

  /** The node's machine stood still: its time of day has gone on, nothing else has. It notices at its next beat. */
  sleep(node: DHT, ms: number): void {
    this.#sim.hostOf(node).clock.jumpWall(ms)
  }

  /** A bare socket on a host of its own. */
  async socket(onDatagram: OnDatagram = () => {}): Promise<{ socket: DatagramSocket; host: string; port: number }> {
    const host = this.nextHost()
    const socket = await this.network.transport(host).bind(0, '0.0.0.0', onDatagram)
    return { socket, host, port: socket.address()!.port }
  }

  /** Hosts that sent a datagram of this internal command while `record` was on. */
  sendersOf(command: number): string[] {
    return this.datagrams
      .filter(({ bytes }) => bytes[0] === 3 && (bytes[1]! & 4) !== 0 && bytes[commandAt(bytes)] === command)
      .map(({ fromHost }) => fromHost)
  }

  /** What the network's tap does, for those who put another in its place. */
  observe({ bytes, fromHost, fromPort, toHost, toPort }: Datagram): void {
    if (this.record) this.datagrams.push({ bytes: Uint8Array.from(bytes), fromHost, fromPort, toHost, toPort })
  }

  #host(address: string): SimulatedHost {
    return this.network.hostAt(address) ?? this.network.createHost({ address })
  }
}

/** Where the command is: behind the header, the id and the token. */
function commandAt(bytes: Uint8Array): number {
  const flags = bytes[1]!
  return 10 + (flags & 1 ? 32 : 0) + (flags & 2 ? 32 : 0)
}

/** Names of the events of a node from here on, with the time of each. */
export function traceEvents(node: DHT, clock: VirtualClock, names: readonly string[]): [number, string][] {
  const trace: [number, string][] = []
  for (const name of names) node.on(name as 'ready', () => void trace.push([clock.now(), name]))
  return trace
}
