/** What an attacker has: datagrams of any content, from any address, and nodes that answer as they please. */
import type { Assert } from 'brittle'
import type DHT from '../../index.js'
import { addressKey, parseIPv4 } from '../../lib/primitives/address.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { type Datagram, type SimulatedHost, Simulation, type SimulationOptions } from '../../lib/simulation/index.js'
import type { DatagramSocket } from '../../lib/transport/contract.js'
import { copyBytes } from '../../lib/wire/bytes.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { type DecodedRequest, decodeRequest, encodeRequest, type RequestFields } from '../../lib/wire/request.js'
import { encodeResponse, type ResponseFields } from '../../lib/wire/response.js'

export const SECOND = 1000
export const MINUTE = 60_000

/** One way between any two hosts. */
export const LATENCY_MS = 20

export interface Endpoint {
  host: string
  port: number
}

/** A network on which every way takes {@link LATENCY_MS}. */
export function createSimulation(t: Assert, options: SimulationOptions = {}): Simulation {
  const sim = new Simulation({ ...options, network: { latency: LATENCY_MS, jitter: 0, ...options.network } })
  t.teardown(() => sim.destroy())
  return sim
}

/** The datagram of a request; a PING unless the fields say otherwise. */
export function requestTo(to: Endpoint, fields: Partial<RequestFields> = {}): Uint8Array {
  return encodeRequest({
    tid: 1,
    ip: parseIPv4(to.host),
    port: to.port,
    id: null,
    token: null,
    internal: true,
    command: COMMAND.PING,
    target: null,
    value: null,
    ...fields,
  })
}

/** The datagram of a response; an empty one unless the fields say otherwise. */
export function responseTo(to: Endpoint, tid: number, fields: Partial<ResponseFields> = {}): Uint8Array {
  return encodeResponse({
    tid,
    ip: parseIPv4(to.host),
    port: to.port,
    id: null,
    token: null,
    closer: [],
    error: 0,
    value: null,
    ...fields,
  })
}

/** A request that a {@link FakeNode} got. */
export interface Asked extends DecodedRequest {
  from: Endpoint
  /** The bytes, to keep. */
  bytes: Uint8Array
  at: number
}

/** What a fake node does with a request: answer with these fields, or be silent. */
export type Answer = (asked: Asked) => (Partial<ResponseFields> & { afterMs?: number }) | null

/** A node of the attacker's: it has an address and a valid id, and answers what its owner likes. */
export class FakeNode implements Endpoint {
  readonly host: string
  readonly port: number
  readonly id: Uint8Array
  /** BOUNDED: by what the test's nodes send. */
  readonly asked: Asked[] = []
  /** Default: an honest, empty answer. */
  answer: Answer = () => ({})
  readonly #sim: Simulation
  #socket!: DatagramSocket

  private constructor(sim: Simulation, host: string, port: number) {
    this.#sim = sim
    this.host = host
    this.port = port
    this.id = idFromAddress(host, port)
  }

  /** On a host of its own, or on this one. */
  static async create(sim: Simulation, { host = sim.createHost(), port = 1000 } = {}): Promise<FakeNode> {
    const node = new FakeNode(sim, host.address, port)
    node.#socket = await host.transport.bind(port, '0.0.0.0', (bytes, fromHost, fromPort) =>
      node.#receive(bytes, { host: fromHost, port: fromPort }),
    )
    return node
  }

  get ip(): number {
    return parseIPv4(this.host)
  }

  get key(): number {
    return addressKey(this.ip, this.port)
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    this.#socket.trySend(Uint8Array.from(bytes), to.port, to.host)
  }

  /** Asks as an identified node does. */
  ask(to: Endpoint, fields: Partial<RequestFields> = {}): void {
    this.send(requestTo(to, { id: this.id, ...fields }), to)
  }

  /** Transmissions of this command that came in. */
  count(command: number): number {
    return this.asked.filter((asked) => asked.internal && asked.command === command).length
  }

  #receive(bytes: Uint8Array, from: Endpoint): void {
    const message = decodeRequest(bytes)
    if (message === null) return
    const asked = { ...message, from, bytes: copyBytes(bytes, 0, bytes.length), at: this.#sim.clock.now() }
    this.asked.push(asked)
    const answer = this.answer(asked)
    if (answer === null) return
    const { afterMs = 0, ...fields } = answer
    const send = (): void => this.send(responseTo(from, asked.tid, { id: this.id, ...fields }), from)
    if (afterMs > 0) this.#sim.clock.after(afterMs, send)
    else send()
  }
}

/** Fake nodes, each on a host of its own. */
export function createFakes(sim: Simulation, count: number): Promise<FakeNode[]> {
  return Promise.all(Array.from({ length: count }, () => FakeNode.create(sim)))
}

/** Puts the datagram on the wire as if it came from there. */
export function forge(sim: Simulation, from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
  sim.network.inject({ from, to, bytes })
}

/** Every datagram that is sent from now on, with its time. The array grows. */
export function record(sim: Simulation): (Datagram & { at: number })[] {
  const all: (Datagram & { at: number })[] = []
  sim.network.tap = ({ bytes, fromHost, fromPort, toHost, toPort }) => {
    all.push({ bytes: copyBytes(bytes, 0, bytes.length), fromHost, fromPort, toHost, toPort, at: sim.clock.now() })
  }
  return all
}

/** Names of these events of a node, as they happen. */
export function namesOf(node: DHT, ...events: string[]): string[] {
  const names: string[] = []
  for (const event of events) node.on(event as 'ready', () => void names.push(event))
  return names
}

/** Hosts of the contacts that a node removes from here on. */
export function removalsOf(node: DHT): string[] {
  const removed: string[] = []
  node.on('remove-node', ({ host }) => void removed.push(host))
  return removed
}

/** Whether a node has a contact at this address. */
export function knows(node: DHT, { host, port }: Endpoint): boolean {
  return node.toArray().some((contact) => contact.host === host && contact.port === port)
}

/** A node that knows nobody, on an open host; ephemeral unless the options say otherwise. */
export async function startLoner(
  sim: Simulation,
  options: ConstructorParameters<typeof DHT>[0] = {},
  host: SimulatedHost = sim.createHost(),
): Promise<DHT> {
  return sim.startNode({ ephemeral: true, bootstrap: false, ...options }, { host })
}

/** Every datagram received is either handled or dropped for one reason; else a text that says by how much it is off. */
export function unaccounted({ stats }: DHT): number {
  const { received, requests, responses, dropped } = stats.datagrams
  return received - requests - responses - Object.values(dropped).reduce((sum, count) => sum + count, 0)
}
