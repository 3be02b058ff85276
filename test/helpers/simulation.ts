/** Whole networks of nodes in memory, on virtual time and seeds: what happens in one happens again in every run. */
import type { Assert } from 'brittle'
import DHT, { type DHTOptions } from '../../index.js'
import type { Cancel, Clock } from '../../lib/primitives/clock.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import type { DatagramSocket, OnDatagram } from '../../lib/transport/contract.js'
import { type MemoryDatagram, MemoryNetwork, type MemoryNetworkOptions } from '../../lib/transport/memory.js'
import { seededRandom } from './contacts.js'

export const BOOTSTRAP_PORT = 10001
export const MINUTE = 60_000

/** Host of the bootstrapper. */
export const BOOTSTRAP_HOST = '20.0.0.1'

/** Longest virtual time that something a test waits for may take. */
const PATIENCE_MS = 2 * MINUTE

export interface SimulationOptions extends Omit<MemoryNetworkOptions, 'clock' | 'random'> {
  seed?: number
}

export class Simulation {
  readonly clock = new VirtualClock()
  readonly network: MemoryNetwork
  readonly bootstrapper: DHT
  /** All nodes that were made, in order, the bootstrapper first. */
  readonly nodes: DHT[] = []
  /** Every datagram sent, where `record` is on. */
  readonly datagrams: MemoryDatagram[] = []
  record = false
  readonly #hosts = new Map<DHT, string>()
  readonly #clocks = new Map<DHT, MachineClock>()
  readonly #firewalls = new Map<string, Set<string>>()
  #seed: number
  #serial = 0

  constructor(t: Assert, { seed = 1, ...options }: SimulationOptions = {}) {
    this.#seed = seed * 1_000_000
    this.network = new MemoryNetwork({ ...options, clock: this.clock, random: seededRandom(seed) })
    this.network.drop = (datagram) => this.#isDropped(datagram)
    t.teardown(() => Promise.all(this.nodes.map((node) => node.destroy())))
    const host = this.nextHost()
    const platform = this.#platform(host)
    this.bootstrapper = DHT.bootstrapper(BOOTSTRAP_PORT, host, platform)
    this.#keep(this.bootstrapper, host, platform.clock)
  }

  /** An address that nobody has yet. */
  nextHost(): string {
    const serial = ++this.#serial
    return `20.0.${serial >> 8}.${serial & 255}`
  }

  /** A node on a host of its own, behind the bootstrapper unless the options say otherwise; not joined yet. */
  create(options: DHTOptions = {}, host = this.nextHost()): DHT {
    const bootstrap = [{ host: BOOTSTRAP_HOST, port: BOOTSTRAP_PORT }]
    const platform = this.#platform(host)
    return this.#keep(new DHT({ bootstrap, ...platform, ...options }), host, platform.clock)
  }

  /** A node that has joined. */
  async start(options: DHTOptions = {}, host?: string): Promise<DHT> {
    const node = this.create(options, host)
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
    return this.#hosts.get(node)!
  }

  /** The address others reach a node's server socket at. */
  addressOf(node: DHT): { host: string; port: number } {
    return { host: this.hostOf(node), port: node.serverSocket!.address()!.port }
  }

  /** Lets time pass until the promise is settled, and returns or throws what it was settled with. */
  async run<T>(promise: Promise<T>, limitMs = PATIENCE_MS): Promise<T> {
    let settled = false
    const done = () => (settled = true)
    promise.then(done, done)
    await this.clock.runUntil(() => settled, limitMs)
    if (!settled) throw new Error(`not settled within ${limitMs} ms of virtual time`)
    return promise
  }

  /** From here on the host gets datagrams only from addresses that the same port of it has sent to. */
  firewall(host: string): void {
    this.#firewalls.set(host, new Set())
  }

  openFirewall(host: string): void {
    this.#firewalls.delete(host)
  }

  /** The node's machine stood still: its time of day has gone on, nothing else has. It notices at its next beat. */
  sleep(node: DHT, ms: number): void {
    this.#clocks.get(node)!.sleptMs += ms
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

  #platform(host: string) {
    const clock = new MachineClock(this.clock)
    return { transport: this.network.transport(host), clock, random: seededRandom(this.#seed++) }
  }

  #keep(node: DHT, host: string, clock: MachineClock): DHT {
    this.nodes.push(node)
    this.#hosts.set(node, host)
    this.#clocks.set(node, clock)
    return node
  }

  #isDropped(datagram: MemoryDatagram): boolean {
    const { fromHost, fromPort, toHost, toPort } = datagram
    if (this.record) this.datagrams.push({ ...datagram, bytes: Uint8Array.from(datagram.bytes) })
    this.#firewalls.get(fromHost)?.add(`${fromPort} ${toHost}:${toPort}`)
    const open = this.#firewalls.get(toHost)
    return open !== undefined && !open.has(`${toPort} ${fromHost}:${fromPort}`)
  }
}

/** One machine's view of the time: the same for all, but each has a time of day of its own. */
class MachineClock implements Clock {
  sleptMs = 0
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  wallTime(): number {
    return this.#clock.wallTime() + this.sleptMs
  }

  after(delayMs: number, fn: () => void): Cancel {
    return this.#clock.after(delayMs, fn)
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
