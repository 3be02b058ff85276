/** What is measured with bare datagrams, in Node.js and in a page alike: nothing here is of either. */
import type { Address } from '../../lib/primitives/address.js'
import type { DatagramSocket, Transport } from '../../lib/transport/contract.js'
import {
  ACK_EVERY,
  marked,
  markOf,
  ON_THE_WAY,
  OP,
  type Op,
  opOf,
  quantile,
  requestOf,
  SMALL_BYTES,
} from './request.js'

const HOST = '127.0.0.1'

/** At first everything is compiled. */
const WARM_UP = 200

/** What got lost is made up for after this time without a sign of it. */
const STALL_MS = 50

/** Exchanges to find out what the peer's clock says. */
const CLOCK_EXCHANGES = 300

/** What was sent at the end of a stream is waited for. */
const REST_MS = 500

export interface RoundTrips {
  medianMs: number
  p99Ms: number
}

export interface Ages {
  delivered: number
  medianMs: number
  p99Ms: number
  p999Ms: number
  maxMs: number
  /** The p99 of those that came when the client had gone on for a second: of undisturbed operation. */
  calmP99Ms: number
  /** How far the two clocks may be apart beyond what was reckoned with. */
  clockErrorMs: number
}

/** The client's end. */
export class DatagramClient {
  readonly #transport: Transport
  readonly #peer: Address
  readonly #request = requestOf(SMALL_BYTES)

  constructor(transport: Transport, peer: Address) {
    this.#transport = transport
    this.#peer = peer
  }

  /** Round trips of single datagrams, one after the other. */
  async roundTrips(count: number): Promise<RoundTrips> {
    let arrived: (mark: number) => void = () => {}
    const { send, socket } = await this.#bind((bytes) => arrived(markOf(bytes)))
    const times: number[] = []
    for (let i = 0; i < count + WARM_UP; i++) {
      const sentAt = performance.now()
      const answered = new Promise<number>((resolve) => (arrived = resolve))
      send(OP.echo, i)
      if ((await answered) !== i) throw new Error('another answer than the one expected')
      if (i >= WARM_UP) times.push(performance.now() - sentAt)
    }
    await socket.close()
    return { medianMs: quantile(times, 0.5), p99Ms: quantile(times, 0.99) }
  }

  /** Datagrams per second there and back: as many as pass while so many are on their way. */
  async echoRate(durationMs: number): Promise<number> {
    let isOver = false
    let count = 0
    const { send, socket } = await this.#bind(() => {
      count++
      if (!isOver) send(OP.echo)
    })
    const refill = (): void => {
      for (let i = 0; i < ON_THE_WAY; i++) send(OP.echo)
    }
    refill()
    const rate = await rateOf(() => count, durationMs, refill)
    isOver = true
    await socket.close()
    return rate
  }

  /** Datagrams per second from the peer to here. */
  async receiveRate(durationMs: number): Promise<number> {
    let isOver = false
    let count = 0
    const { send, socket } = await this.#bind(() => {
      count++
      if (!isOver && count % ACK_EVERY === 0) send(OP.source, count)
    })
    send(OP.source, 0)
    const rate = await rateOf(
      () => count,
      durationMs,
      () => send(OP.again, count),
    )
    isOver = true
    send(OP.stop)
    await pause(STALL_MS)
    await socket.close()
    return rate
  }

  /** Datagrams per second from here to the peer. */
  async sendRate(durationMs: number): Promise<number> {
    let isOver = false
    let acked = 0
    let sent = 0
    const fill = (): void => {
      for (; !isOver && sent < acked + ON_THE_WAY; sent++) send(OP.sink)
    }
    const { send, socket } = await this.#bind((bytes) => {
      if (opOf(bytes) !== OP.sink) return
      acked = Math.max(acked, markOf(bytes))
      fill()
    })
    fill()
    const rate = await rateOf(
      () => acked,
      durationMs,
      () => {
        sent = acked
        fill()
      },
    )
    isOver = true
    send(OP.stop)
    await pause(STALL_MS)
    await socket.close()
    return rate
  }

  /** A stream to here while nothing else runs here for a while in its middle: how old is what arrives? */
  async standStill(aroundMs: number, stillMs: number): Promise<Ages> {
    const ages: number[] = []
    const calm: number[] = []
    let offsetMs = 0
    let calmFrom = Infinity
    let onTime: (peerTime: number) => void = () => {}
    const { send, socket } = await this.#bind((bytes) => {
      if (opOf(bytes) === OP.time) return onTime(markOf(bytes))
      const now = performance.now()
      const age = now + offsetMs - markOf(bytes)
      ages.push(age)
      if (now >= calmFrom) calm.push(age)
    })
    let clockErrorMs = Infinity
    for (let i = 0; i < CLOCK_EXCHANGES; i++) {
      const sentAt = performance.now()
      const answered = new Promise<number>((resolve) => (onTime = resolve))
      send(OP.time)
      const peerTime = await answered
      const now = performance.now()
      // The peer read its clock somewhere between the two times.
      if ((now - sentAt) / 2 >= clockErrorMs) continue
      clockErrorMs = (now - sentAt) / 2
      offsetMs = peerTime - (sentAt + now) / 2
    }
    send(OP.stream, 2 * aroundMs + stillMs)
    await pause(aroundMs)
    const until = performance.now() + stillMs
    calmFrom = until + aroundMs / 3
    while (performance.now() < until) {
      // as a page that computes
    }
    await pause(aroundMs + REST_MS)
    await socket.close()
    return {
      delivered: ages.length,
      medianMs: quantile(ages, 0.5),
      p99Ms: quantile(ages, 0.99),
      p999Ms: quantile(ages, 0.999),
      maxMs: quantile(ages, 1),
      calmP99Ms: quantile(calm, 0.99),
      clockErrorMs,
    }
  }

  async #bind(
    onDatagram: (bytes: Uint8Array) => void,
  ): Promise<{ socket: DatagramSocket; send: (op: Op, mark?: number) => void }> {
    const socket = await this.#transport.bind(0, HOST, onDatagram)
    const { host, port } = this.#peer
    return { socket, send: (op, mark) => socket.trySend(marked(this.#request, op, mark), port, host) }
  }
}

/** How fast a count grows. @param onStall called when it has not grown for a while */
async function rateOf(count: () => number, durationMs: number, onStall: () => void): Promise<number> {
  await pause(durationMs / 4) // compiled by then
  const before = count()
  const startedAt = performance.now()
  let last = before
  while (performance.now() - startedAt < durationMs) {
    await pause(STALL_MS)
    if (count() === last) onStall()
    last = count()
  }
  return (1000 * (count() - before)) / (performance.now() - startedAt)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
