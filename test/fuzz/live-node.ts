/**
 * A node under fire: a member of a simulated network, on virtual time, whose datagram handler is called directly, so that
 * a throw, a pause and an allocation are seen with the datagram that caused them.
 */
import type DHT from '../../index.js'
import type { DHTOptions } from '../../index.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { type SeededRandom, Simulation } from '../../lib/simulation/index.js'
import type { DatagramSocket, OnDatagram, Transport } from '../../lib/transport/contract.js'
import { datagramKind } from '../../lib/wire/datagram.js'
import { decodeRequest } from '../../lib/wire/request.js'
import type { Shot, Waiting } from './datagrams.js'

/** Requests of the node that are remembered, to answer them. */
const REMEMBERED = 64

/** Between two breaths so many shots are fired, and so much virtual time passes then. */
const SHOTS_PER_BREATH = 50
const BREATH_MS = 4

/** A lookup and a request of the application are begun with every so manyth breath. */
const BREATHS_PER_CALL = 8

/** Calls at a time: more than a node can carry out would only show how long its queue gets. */
const MOST_PENDING = 8

const NEIGHBOURS = 12

/** By then each contact of a table has been checked: one that was not heard for that long is old. */
const PATIENCE_MINUTES = 30

/** A node that can be shot at. */
export class LiveNode {
  readonly node: DHT
  readonly sim: Simulation
  readonly random: SeededRandom
  /** Requests of its that may be waiting for an answer. BOUNDED: by REMEMBERED. */
  readonly waiting: Waiting[] = []
  /** Where it is. */
  readonly to: { ip: number; port: number }
  readonly #ear: Ear
  /** Calls that have not settled. */
  pending = 0
  #shots = 0
  #breaths = 0

  private constructor(sim: Simulation, node: DHT, ear: Ear) {
    this.sim = sim
    this.node = node
    this.random = sim.random
    this.#ear = ear
    const { host, port } = sim.addressOf(node)
    this.to = { ip: parseIPv4(host), port }
    ear.onSent = (waiting) => {
      if (this.waiting.length === REMEMBERED) this.waiting.shift()
      this.waiting.push(waiting)
    }
  }

  static async start(seed: number, options: DHTOptions = {}): Promise<LiveNode> {
    const sim = new Simulation({ seed })
    await sim.startNodes(NEIGHBOURS)
    const host = sim.createHost()
    const ear = new Ear()
    const node = await sim.startNode({ ephemeral: false, transport: ear.wrap(host.transport), ...options }, { host })
    node.on('request', (req) => {
      if (req.command % 5 === 0) return
      if (req.command % 5 === 1) req.error(req.command)
      else req.reply(req.value)
    })
    return new LiveNode(sim, node, ear)
  }

  /** Hands it a datagram, as its socket would. What it throws comes out. */
  fire({ bytes, host, port }: Shot): void {
    this.#shots++
    const { onDatagram, socket } = this.#ear.door!
    onDatagram(bytes, host, port, socket)
  }

  /** Whether time has to pass before the next shot. */
  get isOutOfBreath(): boolean {
    return this.#shots % SHOTS_PER_BREATH === 0
  }

  /** Lets time pass; every so often something is asked of the node. */
  async breathe(): Promise<void> {
    if (this.#breaths++ % BREATHS_PER_CALL === 0 && this.pending < MOST_PENDING) this.#call()
    await this.sim.advance(BREATH_MS)
  }

  /** Lets all calls come to their end. */
  async settle(): Promise<void> {
    for (let i = 0; i < 120 && this.pending > 0; i++) await this.sim.advance(1000)
  }

  /** How long it takes until a lookup finds who is there, in minutes of virtual time; Infinity: longer than anybody waits. */
  async minutesUntilWell(): Promise<number> {
    for (let minutes = 0; minutes <= PATIENCE_MINUTES; minutes++) {
      if (await this.#isWell()) return minutes
      await this.sim.advance(60_000)
    }
    return Infinity
  }

  async #isWell(): Promise<boolean> {
    const other = this.sim.nodes.find((node) => node !== this.node)!
    const reply = await this.sim.run(other.ping(this.sim.addressOf(this.node)))
    const query = this.node.findNode(this.random.bytes(32))
    await this.sim.run(query.finished())
    return reply.from.port === this.to.port && query.closestNodes.length >= NEIGHBOURS / 2
  }

  async destroy(): Promise<void> {
    await this.sim.destroy()
  }

  #call(): void {
    const { node, random } = this
    const target = random.bytes(32)
    this.#track(node.findNode(target).finished())
    const to = { host: `30.7.${random.below(256)}.1`, port: 1000 }
    this.#track(node.request({ command: 1 + random.below(200), target, value: random.bytes(8) }, to, { retry: false }))
  }

  #track(promise: Promise<unknown>): void {
    this.pending++
    const done = (): void => void this.pending--
    promise.then(done, done)
  }
}

/** Listens to what a node sends, and knows how to reach its ear. */
class Ear {
  /** The socket that the last request left from: answers have to come in there. */
  door: { onDatagram: OnDatagram; socket: DatagramSocket } | null = null
  onSent: (waiting: Waiting) => void = () => {}

  wrap(transport: Transport): Transport {
    const bind = async (port: number, host: string, onDatagram: OnDatagram): Promise<DatagramSocket> => {
      const socket = await transport.bind(port, host, onDatagram)
      const trySend = socket.trySend.bind(socket)
      socket.trySend = (bytes, toPort, toHost, ttl) => {
        if (this.#hear(bytes, toPort, toHost)) this.door = { onDatagram, socket }
        trySend(bytes, toPort, toHost, ttl)
      }
      this.door ??= { onDatagram, socket }
      return socket
    }
    return Object.assign({}, transport, {
      maxDatagramBytes: transport.maxDatagramBytes,
      native: transport.native,
      bind,
    })
  }

  /** Whether it is a request. */
  #hear(bytes: Uint8Array, port: number, host: string): boolean {
    if (datagramKind(bytes) !== 'request') return false
    const request = decodeRequest(bytes)
    if (request === null) return false
    this.onSent({ tid: request.tid, host, port })
    return true
  }
}
