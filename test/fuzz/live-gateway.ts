/**
 * A gateway under fire: the server of the tunnels on virtual time, in a simulated network, with clients whose connections
 * are objects. Their messages are handed over directly, so that a throw, a pause and an allocation are seen with the
 * message that caused them. A connection that is closed is replaced by another one.
 */
import type { ClientInfo } from '../../lib/gateway/client-info.js'
import type { Connection, ServerLink } from '../../lib/gateway/connection.js'
import { type GatewayServerOptions, parseGatewayServerOptions } from '../../lib/gateway/options.js'
import { TunnelServer } from '../../lib/gateway/tunnel-server.js'
import { type SeededRandom, Simulation } from '../../lib/simulation/index.js'
import type { DatagramSocket, OnDatagram, Transport } from '../../lib/transport/contract.js'
import { DatagramReader, DATAGRAMS } from '../../lib/transport/tunnel/datagram-frame.js'
import {
  decodeClientMessage,
  decodeGatewayMessage,
  encodeClientMessage,
  type SessionTicket,
  TUNNEL_VERSION,
} from '../../lib/transport/tunnel/messages.js'
import { CLOSE } from '../../lib/transport/tunnel/refusal.js'
import type { Insight } from './frames.js'

const CLIENTS = 6
const NEIGHBOURS = 12

/** Sockets of the gateway that strangers shoot at. BOUNDED: the ones bound last. */
const REMEMBERED = 16

const BREATH_MS = 4

/** How often a new connection begins as its client would: hello, and two sockets. Of so many. */
const PREPARED = { of: 8, but: 1 }

/** One client's end. */
class FuzzClient implements Insight {
  consumed = 0
  ticket: SessionTicket | null = null
  closedWith: number | null = null
  connection!: Connection
  readonly info: ClientInfo
  readonly #onTalk: () => void

  constructor(info: ClientInfo, onTalk: () => void) {
    this.info = info
    this.#onTalk = onTalk
  }

  readonly link: ServerLink = {
    send: (bytes) => this.#hear(bytes),
    close: (code) => (this.closedWith ??= code),
    ping: () => {},
    bufferedBytes: 0,
  }

  /** What a gateway says is always well-formed. */
  #hear(bytes: Uint8Array): void {
    if (bytes[0] === DATAGRAMS) {
      const reader = DatagramReader.open(bytes)
      if (reader === null) this.#onTalk()
      else this.consumed = (this.consumed + reader.recordBytes) >>> 0
      return
    }
    const message = decodeGatewayMessage(bytes)
    if (message === null) this.#onTalk()
    else if (message.type === 'welcome') this.ticket = message.ticket
  }
}

/** A gateway that can be shot at. */
export class LiveGateway {
  readonly sim: Simulation
  readonly random: SeededRandom
  readonly server: TunnelServer
  /** Where the nodes of its network are. */
  readonly hosts: readonly { host: string; port: number }[]
  /** Messages that were handed over, and of these the ones that no client would send. */
  messages = 0
  malformed = 0
  /** Records of the frames that were let in. */
  records = 0
  /** Datagrams that came in on its UDP sockets. */
  heard = 0
  /** Malformed messages that did not end their connection, and messages of the gateway that are none. */
  readonly problems: string[] = []
  readonly #clients: FuzzClient[] = []
  /** BOUNDED: by REMEMBERED. */
  readonly #doors: { onDatagram: OnDatagram; socket: DatagramSocket }[] = []
  #made = 0

  private constructor(sim: Simulation, options: GatewayServerOptions) {
    this.sim = sim
    this.random = sim.random
    this.hosts = sim.nodes.map((node) => sim.addressOf(node))
    const { clock, random } = sim
    const transport = this.#wrap(sim.createHost().transport)
    const config = parseGatewayServerOptions({ transport, clock, random, connectionsPerMinute: Infinity, ...options })
    this.server = new TunnelServer(config, { onSession() {}, onEnd() {} }, (fn) => void clock.after(0, fn))
  }

  static async start(seed: number, options: GatewayServerOptions = {}): Promise<LiveGateway> {
    const sim = new Simulation({ seed })
    await sim.startNodes(NEIGHBOURS)
    const gateway = new LiveGateway(sim, options)
    for (let i = 0; i < CLIENTS; i++) gateway.#clients.push(gateway.#connect())
    await sim.advance(BREATH_MS)
    return gateway
  }

  /** The client whose turn it is. */
  client(turn: number): FuzzClient {
    return this.#clients[turn % CLIENTS]!
  }

  /** Hands a message of a client over. What it throws comes out. */
  fire(turn: number, bytes: Uint8Array | null): void {
    const client = this.client(turn)
    const { stats } = this.server
    const seen = stats.messages.received
    const wasMalformed = isMalformed(bytes)
    client.connection.onMessage(bytes)
    this.messages++
    if (stats.messages.received !== seen + 1) this.problems.push('a message that was not counted')
    if (wasMalformed) this.malformed++
    else if (bytes![0] === DATAGRAMS && client.closedWith !== CLOSE.malformed) this.records += recordsIn(bytes!)
    const { closedWith } = client
    if (wasMalformed && closedWith !== CLOSE.malformed && closedWith !== CLOSE.overload) {
      this.problems.push(`malformed, and closed with ${closedWith}`)
    }
    this.#replaceClosed()
  }

  /** Hands a datagram to one of its UDP sockets. */
  shoot({ bytes, host, port }: { bytes: Uint8Array; host: string; port: number }): void {
    if (this.#doors.length === 0) return
    const { onDatagram, socket } = this.random.pick(this.#doors)
    onDatagram(bytes, host, port, socket)
  }

  async breathe(): Promise<void> {
    await this.sim.advance(BREATH_MS)
    this.#replaceClosed()
  }

  /** What the books do not explain: messages, records of clients, datagrams for clients. */
  get unaccounted(): number {
    const { messages, outgoing, incoming } = this.server.stats
    const refused = Object.values(outgoing.refused).reduce((sum, count) => sum + count, 0) - outgoing.refused.lookup
    const dropped = Object.values(incoming.dropped).reduce((sum, count) => sum + count, 0)
    return (
      Math.abs(messages.received - this.messages) +
      Math.abs(outgoing.datagrams + refused - this.records) +
      Math.abs(incoming.datagrams + dropped - this.heard)
    )
  }

  /** Whether a client that behaves is served: it gets an answer through the gateway. */
  async isWell(): Promise<boolean> {
    const client = this.#connect(true)
    this.#clients.push(client)
    await this.sim.advance(100)
    return client.ticket !== null && (client.connection.session?.sockets.length ?? 0) === 2
  }

  async destroy(): Promise<void> {
    await this.server.close()
    await this.sim.destroy()
  }

  #replaceClosed(): void {
    for (const [i, client] of this.#clients.entries()) {
      if (client.closedWith === null) continue
      client.connection.onClose(client.closedWith)
      this.#clients[i] = this.#connect()
      if (this.random.below(2) === 0) this.#clients[i].ticket = client.ticket
    }
  }

  #connect(isPrepared = this.random.below(PREPARED.of) >= PREPARED.but): FuzzClient {
    const address = `198.18.0.${1 + (this.#made++ % CLIENTS)}`
    const info = { address, key: address, origin: null }
    const client = new FuzzClient(info, () => this.problems.push('the gateway sends what is no message'))
    const entry = this.server.sessions.enter(info.key)
    if (entry !== 'entered') throw new Error(`no place for a client: ${entry}`)
    client.connection = this.server.accept(client.link, info)
    if (!isPrepared) return client
    const hello = { type: 'hello', version: TUNNEL_VERSION, windowBytes: 65_536, ticket: null } as const
    this.#say(client, encodeClientMessage(hello))
    for (let socket = 0; socket < 2; socket++) {
      this.#say(client, encodeClientMessage({ type: 'bind', socket, port: 0 }))
    }
    return client
  }

  #say(client: FuzzClient, bytes: Uint8Array): void {
    this.messages++
    client.connection.onMessage(bytes)
  }

  #wrap(transport: Transport): Transport {
    const bind = async (port: number, host: string, onDatagram: OnDatagram): Promise<DatagramSocket> => {
      const hear: OnDatagram = (bytes, fromHost, fromPort, socket) => {
        this.heard++
        onDatagram(bytes, fromHost, fromPort, socket)
      }
      const socket = await transport.bind(port, host, hear)
      if (this.#doors.length === REMEMBERED) this.#doors.shift()
      this.#doors.push({ onDatagram: hear, socket })
      return socket
    }
    return Object.assign(Object.create(transport) as Transport, { bind })
  }
}

/** Whether no client would send it, whatever was said before. */
function isMalformed(bytes: Uint8Array | null): boolean {
  if (bytes === null) return true
  return bytes[0] === DATAGRAMS ? DatagramReader.open(bytes) === null : decodeClientMessage(bytes) === null
}

function recordsIn(frame: Uint8Array): number {
  const reader = DatagramReader.open(frame)!
  let count = 0
  while (reader.next()) count++
  return count
}
