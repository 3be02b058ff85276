/**
 * Messages of the tunnel to throw at a gateway, or at a client of one: random bytes, mutations of real ones, and messages
 * made by the grammar whose sizes, numbers and order lie. All from one seed.
 */
import b4a from 'b4a'
import { parseIPv4 } from '../../lib/primitives/address.js'
import type { SeededRandom } from '../../lib/simulation/seeded-random.js'
import { DatagramBatch, DATAGRAMS } from '../../lib/transport/tunnel/datagram-frame.js'
import {
  type ClientMessage,
  encodeClientMessage,
  encodeGatewayMessage,
  type GatewayMessage,
  SECRET_BYTES,
  SESSION_ID_BYTES,
  type SessionTicket,
  TUNNEL_VERSION,
} from '../../lib/transport/tunnel/messages.js'
import { BIND_OUTCOMES, REFUSALS } from '../../lib/transport/tunnel/refusal.js'
import type { Kind } from './datagrams.js'
import { mutate } from './mutations.js'

/** What an end of a connection knows, and tells the truth with where a message shall get far. */
export interface Insight {
  /** Bytes of records that it has taken in. */
  consumed: number
  /** null: none. */
  ticket: SessionTicket | null
}

/** The longest that a gateway of the tests takes in: messages beyond end in the WebSocket. */
const MAX_BYTES = 64 * 1024

/** Sizes of datagrams, counts and windows that lie. */
const LIES = ['00', '01', 'ff', '0000', 'ffff', '0008', '0108', '00000000', 'ffffffff', '00000080'].map((hex) =>
  b4a.from(hex, 'hex'),
)

/** First bytes of all messages, and some that are of none. */
const TYPES = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x00, 0xff]

const NAMES = ['node1.example', 'localhost', 'a', '', '.', 'x'.repeat(253), 'x'.repeat(254), 'ä🗝', 'bad name']

/** Makes messages, as many as wanted. */
export class FrameSource {
  readonly #random: SeededRandom
  readonly #datagrams: readonly Uint8Array[]
  readonly #frames: readonly Uint8Array[]
  readonly #hosts: readonly { ip: number; port: number }[]

  /**
   * @param datagrams real ones, to put into frames; at least one
   * @param frames real ones, to mutate; at least one
   * @param hosts that are there, to send to; at least one
   */
  constructor(
    random: SeededRandom,
    datagrams: readonly Uint8Array[],
    frames: readonly Uint8Array[],
    hosts: readonly { host: string; port: number }[],
  ) {
    this.#random = random
    this.#datagrams = datagrams
    this.#frames = frames
    this.#hosts = hosts.map(({ host, port }) => ({ ip: parseIPv4(host), port }))
  }

  /** A message of a client; null: a text. */
  fromClient(kind: Kind, insight: Insight): Uint8Array | null {
    return this.#next(kind, insight, () =>
      this.#random.below(2) === 0 ? this.#frame(insight) : encodeClientMessage(this.#clientMessage(insight)),
    )
  }

  /** A message of a gateway; null: a text. */
  fromGateway(kind: Kind, insight: Insight): Uint8Array | null {
    return this.#next(kind, insight, () =>
      this.#random.below(2) === 0 ? this.#frame(insight) : encodeGatewayMessage(this.#gatewayMessage(insight)),
    )
  }

  #next(kind: Kind, insight: Insight, make: () => Uint8Array): Uint8Array | null {
    const random = this.#random
    if (random.below(500) === 0) return null
    if (kind === 'random') return this.#randomBytes()
    if (kind === 'mutated') {
      const real = random.below(2) === 0 ? make() : b4a.from(random.pick(this.#frames))
      return this.#mutated(this.#withCredit(real, insight))
    }
    return random.below(8) === 0 ? this.#mutated(make()) : make()
  }

  #randomBytes(): Uint8Array {
    const random = this.#random
    const bytes = random.bytes(random.below(random.below(64) === 0 ? MAX_BYTES : 80))
    if (bytes.length > 0 && random.below(4) > 0) bytes[0] = random.pick(TYPES)
    return bytes
  }

  /** A frame whose credit is wrong ends at the first look. */
  #withCredit(bytes: Uint8Array, { consumed }: Insight): Uint8Array {
    if (bytes[0] !== DATAGRAMS || bytes.length < 5 || this.#random.below(4) === 0) return bytes
    for (let i = 0; i < 4; i++) bytes[1 + i] = consumed >>> (8 * i)
    return bytes
  }

  #mutated(bytes: Uint8Array): Uint8Array {
    return mutate(bytes, { random: this.#random, corpus: this.#frames, lies: LIES, mostBytes: MAX_BYTES })
  }

  #frame({ consumed }: Insight): Uint8Array {
    const random = this.#random
    const batch = new DatagramBatch()
    const count = random.below(random.below(16) === 0 ? 200 : 8)
    for (let i = 0; i < count; i++) {
      const { ip, port } = this.#place()
      batch.add(random.below(8) === 0 ? random.below(256) : random.below(3), ip, port, this.#datagram())
    }
    return b4a.from(batch.take(random.below(32) === 0 ? random.u32() : consumed))
  }

  #datagram(): Uint8Array {
    const random = this.#random
    if (random.below(4) > 0) return random.pick(this.#datagrams)
    return random.bytes(random.below(random.below(16) === 0 ? 3000 : 60))
  }

  #place(): { ip: number; port: number } {
    const random = this.#random
    if (random.below(2) === 0) return random.pick(this.#hosts)
    return { ip: random.u32(), port: random.below(65_536) }
  }

  #clientMessage({ ticket }: Insight): ClientMessage {
    const random = this.#random
    const socket = random.below(random.below(4) === 0 ? 256 : 3)
    switch (random.below(6)) {
      case 0:
        return {
          type: 'hello',
          version: random.below(4) === 0 ? random.below(256) : TUNNEL_VERSION,
          windowBytes: random.below(2) === 0 ? 65_536 : random.u32(),
          ticket: random.below(2) === 0 ? this.#ticket(ticket) : null,
        }
      case 1:
      case 2:
        return { type: 'bind', socket, port: random.below(2) === 0 ? 0 : random.below(65_536) }
      case 3:
        return { type: 'close', socket }
      case 4:
        return { type: 'lookup', id: random.below(65_536), name: random.pick(NAMES) }
      default:
        return { type: 'ping' }
    }
  }

  #gatewayMessage({ ticket }: Insight): GatewayMessage {
    const random = this.#random
    const socket = random.below(random.below(4) === 0 ? 256 : 3)
    switch (random.below(7)) {
      case 0:
        return {
          type: 'welcome',
          version: random.below(4) === 0 ? random.below(256) : TUNNEL_VERSION,
          resumed: random.below(2) === 0,
          ticket: this.#ticket(ticket),
          windowBytes: random.u32(),
          graceMs: random.u32(),
          idleMs: random.u32(),
          ip: random.u32(),
          maxDatagramBytes: random.below(65_536),
          sockets: Array.from({ length: random.below(6) }, () => ({
            socket: random.below(256),
            port: random.below(65_536),
          })),
        }
      case 1:
        return { type: 'bound', socket, outcome: random.pick(BIND_OUTCOMES), port: random.below(65_536) }
      case 2:
        return { type: 'closed', socket }
      case 3:
        return { type: 'address', id: random.below(8), ip: random.u32() }
      case 4:
        return { type: 'pong' }
      case 5:
        return {
          type: 'refused',
          counts: Array.from({ length: random.below(12) }, () => ({
            reason: random.pick(REFUSALS),
            count: random.u32(),
          })),
        }
      default:
        return random.below(16) === 0 ? { type: 'goaway', withinMs: random.u32() } : { type: 'pong' }
    }
  }

  /** Its own, one that is nearly so, or anybody's. */
  #ticket(own: SessionTicket | null): SessionTicket {
    const random = this.#random
    if (own === null || random.below(2) === 0) {
      return { id: random.bytes(SESSION_ID_BYTES), secret: random.bytes(SECRET_BYTES) }
    }
    return random.below(2) === 0 ? own : { id: own.id, secret: random.bytes(SECRET_BYTES) }
  }
}
