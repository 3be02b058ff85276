/** A plain UDP socket on the loopback interface: what a node sends and answers, byte by byte. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import b4a from 'b4a'
import type { Assert } from 'brittle'

const HOST = '127.0.0.1'

/** Longer than a node takes to send something on a busy machine. */
const LIMIT_MS = 15_000

/** A PING, as the last of a row: datagrams on the loopback interface keep their order. */
const LAST = b4a.from('0304fefe7f000001000000', 'hex')

export class RawSocket {
  /** What arrived and was not taken yet, oldest first. BOUNDED: by what the test's node sends. */
  readonly received: Uint8Array[] = []
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (bytes) => this.received.push(b4a.from(bytes)))
  }

  static async open(t: Assert): Promise<RawSocket> {
    const socket = createSocket('udp4')
    socket.bind(0, HOST)
    await once(socket, 'listening')
    t.teardown(() => socket.close())
    return new RawSocket(socket)
  }

  get address(): { host: string; port: number } {
    return { host: HOST, port: this.#socket.address().port }
  }

  async send(bytes: Uint8Array, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(bytes, port, HOST, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  /** Takes the next datagram out, waiting for it. */
  async next(what: string): Promise<Uint8Array> {
    while (this.received.length === 0) await this.#arrival(what)
    return this.received.shift()!
  }

  /** At once, not at the next look: the node that sent it waits for an answer, and not for long. */
  #arrival(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const onMessage = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#socket.off('message', onMessage)
        reject(new Error(`not within ${LIMIT_MS} ms: a datagram: ${what}`))
      }, LIMIT_MS)
      this.#socket.once('message', onMessage)
    })
  }

  /** Everything that arrives before the node at this port has answered a PING sent now: what is not there was dropped. */
  async settled(port: number): Promise<Uint8Array[]> {
    await this.send(LAST, port)
    const all: Uint8Array[] = []
    for (;;) {
      const bytes = await this.next('the answer to the last PING')
      if (bytes[0] === 0x13 && bytes[2] === LAST[2] && bytes[3] === LAST[3]) return all
      all.push(bytes)
    }
  }
}
