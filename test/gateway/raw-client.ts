/** A client that says whatever a test wants it to, and keeps what it hears. */
import type { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { DatagramBatch, DatagramReader, DATAGRAMS } from '../../lib/transport/tunnel/datagram-frame.js'
import type { Link } from '../../lib/transport/tunnel/link.js'
import {
  type ClientMessage,
  decodeGatewayMessage,
  encodeClientMessage,
  type GatewayMessage,
  type SessionTicket,
  TUNNEL_VERSION,
  type Welcome,
} from '../../lib/transport/tunnel/messages.js'
import type { Refusal } from '../../lib/transport/tunnel/refusal.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import type { MemoryLinks } from './memory-links.js'

interface Datagram {
  socket: number
  ip: number
  port: number
  bytes: number[]
}

export class RawClient {
  readonly messages: GatewayMessage[] = []
  readonly datagrams: Datagram[] = []
  /** Bytes of records that have come. */
  recordBytes = 0
  /** What it tells of them with its next frame; null: all. */
  consumed: number | null = null
  closed: { code: number; reason: string } | null = null
  readonly #clock: VirtualClock
  readonly #link: Link

  constructor(clock: VirtualClock, links: MemoryLinks, url: string) {
    this.#clock = clock
    this.#link = links.open(url, [], {
      onOpen() {},
      onMessage: (bytes) => this.#onMessage(bytes!),
      onClose: (code, reason) => (this.closed = { code, reason }),
    })
  }

  get welcome(): Welcome | null {
    return (this.messages.find(({ type }) => type === 'welcome') as Welcome | undefined) ?? null
  }

  /** What it was told of refusals. */
  get refused(): Partial<Record<Refusal, number>> {
    const counts: Partial<Record<Refusal, number>> = {}
    for (const message of this.messages) {
      if (message.type !== 'refused') continue
      for (const { reason, count } of message.counts) counts[reason] = (counts[reason] ?? 0) + count
    }
    return counts
  }

  /** Messages of one type. */
  of<T extends GatewayMessage['type']>(type: T): Extract<GatewayMessage, { type: T }>[] {
    return this.messages.filter((message) => message.type === type) as Extract<GatewayMessage, { type: T }>[]
  }

  send(message: ClientMessage): void {
    this.#link.send(encodeClientMessage(message))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#link.send(bytes)
  }

  /** Says hello, and has this many sockets bound. */
  async start(sockets = 1, ticket: SessionTicket | null = null, windowBytes = 65_536): Promise<this> {
    await this.#clock.advance(20)
    this.send({ type: 'hello', version: TUNNEL_VERSION, windowBytes, ticket })
    for (let socket = 0; socket < sockets; socket++) this.send({ type: 'bind', socket, port: 0 })
    await this.#clock.advance(20)
    return this
  }

  /** Sends datagrams from a socket to one place, in one frame. */
  sendDatagrams(datagrams: readonly Uint8Array[], host: string, port: number, socket = 0): void {
    const batch = new DatagramBatch()
    for (const datagram of datagrams) batch.add(socket, parseIPv4(host), port, datagram)
    this.#link.send(batch.take(this.consumed ?? this.recordBytes))
  }

  close(code: number): void {
    this.#link.close(code, '')
  }

  #onMessage(bytes: Uint8Array): void {
    if (bytes[0] !== DATAGRAMS) {
      this.messages.push(decodeGatewayMessage(bytes)!)
      return
    }
    const reader = DatagramReader.open(bytes)!
    this.recordBytes += reader.recordBytes
    while (reader.next()) {
      const { socket, ip, port, datagram } = reader
      this.datagrams.push({ socket, ip, port, bytes: [...datagram] })
    }
  }
}
