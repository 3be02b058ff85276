/**
 * A client of a gateway under fire: its end of the tunnel on virtual time, with two sockets. The gateway it is connected to
 * answers as one that behaves, and beside that says whatever it is made to.
 */
import type { SeededRandom } from '../../lib/simulation/index.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { DatagramReader, DATAGRAMS } from '../../lib/transport/tunnel/datagram-frame.js'
import type { Link, LinkEvents } from '../../lib/transport/tunnel/link.js'
import {
  decodeClientMessage,
  decodeGatewayMessage,
  encodeGatewayMessage,
  type GatewayMessage,
  type SessionTicket,
  TUNNEL_VERSION,
} from '../../lib/transport/tunnel/messages.js'
import { parseGatewayOptions } from '../../lib/transport/tunnel/options.js'
import { CLOSE } from '../../lib/transport/tunnel/refusal.js'
import { createGatewayTransport, type GatewayTransport } from '../../lib/transport/websocket.js'
import type { Insight } from './frames.js'

const BREATH_MS = 4

/** Between two attempts to connect. */
const RETRY_MS = 1

/** How long a client that behaves may take to be connected again, in virtual time. */
const PATIENCE_MS = 60_000

const TICKET: SessionTicket = { id: new Uint8Array(16).fill(1), secret: new Uint8Array(32).fill(2) }

/** A client of a gateway that can be shot at. */
export class LiveTunnel implements Insight {
  readonly clock = new VirtualClock()
  readonly random: SeededRandom
  consumed = 0
  ticket: SessionTicket | null = TICKET
  /** Messages that were handed over, and of these the ones that no gateway would send. */
  messages = 0
  malformed = 0
  /** Malformed messages that did not end their connection, and messages of the client that are none. */
  readonly problems: string[] = []
  /** Datagrams that came out of its sockets. */
  delivered = 0
  readonly #transport: GatewayTransport
  #events: LinkEvents | null = null
  /** Of the connection that is open. */
  #closedWith: number | null = null

  private constructor(random: SeededRandom) {
    this.random = random
    this.#transport = createGatewayTransport({
      config: parseGatewayOptions({ url: 'wss://gateway.example', minDelayMs: RETRY_MS, maxDelayMs: RETRY_MS }),
      clock: this.clock,
      random,
      openLink: (_url, _protocols, events) => this.#open(events),
    })
  }

  static async start(random: SeededRandom): Promise<LiveTunnel> {
    const tunnel = new LiveTunnel(random)
    for (let i = 0; i < 2; i++) {
      const binding = tunnel.#transport.bind(0, '0.0.0.0', () => void tunnel.delivered++)
      await tunnel.clock.advance(BREATH_MS)
      await binding
    }
    return tunnel
  }

  /** Whether there is a connection to say something over. */
  get isOpen(): boolean {
    return this.#events !== null && this.#closedWith === null
  }

  /** Says something to the client; null: a text. What it throws comes out. */
  fire(bytes: Uint8Array | null): void {
    if (!this.isOpen) return
    const wasMalformed = isMalformed(bytes)
    this.messages++
    if (wasMalformed) this.malformed++
    this.#events!.onMessage(bytes)
    if (wasMalformed && this.#closedWith !== CLOSE.malformed) {
      this.problems.push(`malformed, and closed with ${this.#closedWith}`)
    }
  }

  async breathe(): Promise<void> {
    await this.clock.advance(BREATH_MS)
  }

  /** Whether it is connected again after a while, with its sockets, and what comes for them comes out. */
  async isWell(): Promise<boolean> {
    for (let ms = 0; ms < PATIENCE_MS; ms += 1000) {
      await this.clock.advance(1000)
      if (this.isOpen && this.#transport.status.state === 'open') return true
    }
    return false
  }

  #open(events: LinkEvents): Link {
    let isOver = false
    this.#events = null
    const link: Link = {
      send: (bytes) => {
        if (!isOver) this.#hear(events, bytes)
      },
      close: (code, reason) => {
        if (isOver) return
        isOver = true
        if (this.#events === events) this.#closedWith ??= code
        this.clock.after(1, () => events.onClose(code, reason))
      },
      bufferedBytes: 0,
    }
    this.clock.after(1, () => {
      if (isOver) return
      this.#closedWith = null
      this.consumed = 0
      events.onOpen()
    })
    return link
  }

  /** What a client says is always well-formed; it is answered as a gateway does that is alone with it. */
  #hear(events: LinkEvents, bytes: Uint8Array): void {
    const say = (message: GatewayMessage): void =>
      void this.clock.after(1, () => events.onMessage(encodeGatewayMessage(message)))
    if (bytes[0] === DATAGRAMS) {
      const reader = DatagramReader.open(bytes)
      if (reader === null) this.problems.push('the client sends what is no frame')
      else this.consumed = (this.consumed + reader.recordBytes) >>> 0
      return
    }
    const message = decodeClientMessage(bytes)
    if (message === null) this.problems.push('the client sends what is no message')
    else if (message.type === 'hello') {
      say({ ...WELCOME, sockets: [], ticket: this.ticket ?? TICKET })
      this.#events = events
    } else if (message.type === 'bind') {
      say({ type: 'bound', socket: message.socket, outcome: 'bound', port: 2000 + message.socket })
    } else if (message.type === 'close') say({ type: 'closed', socket: message.socket })
    else if (message.type === 'lookup') say({ type: 'address', id: message.id, ip: 0 })
    else say({ type: 'pong' })
  }
}

const WELCOME = {
  type: 'welcome',
  version: TUNNEL_VERSION,
  resumed: false,
  windowBytes: 65_536,
  graceMs: 60_000,
  idleMs: 180_000,
  ip: 0,
  maxDatagramBytes: 2048,
} as const

/** Whether no gateway would send it, whatever was said before. */
function isMalformed(bytes: Uint8Array | null): boolean {
  if (bytes === null) return true
  return bytes[0] === DATAGRAMS ? DatagramReader.open(bytes) === null : decodeGatewayMessage(bytes) === null
}
