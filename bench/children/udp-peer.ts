/** Child process: the other side, a UDP socket that does what the datagrams it gets ask for. */
import type { Address } from '../../lib/primitives/address.js'
import type { DatagramSocket } from '../../lib/transport/contract.js'
import { createUdpTransport } from '../../lib/transport/udp.js'
import {
  ACK_EVERY,
  marked,
  markOf,
  ON_THE_WAY,
  OP,
  opOf,
  requestOf,
  SMALL_BYTES,
  STREAM_BYTES,
  STREAM_PER_SECOND,
} from '../gateway/request.js'
import { serve } from '../process.js'
import { HOST } from '../subject.js'

const small = requestOf(SMALL_BYTES)
const large = requestOf(STREAM_BYTES)

let socket: DatagramSocket
/** Datagrams of the stream that was asked for last. */
let streamed = 0
/** Datagrams taken in since the last stop. */
let taken = 0
/** Datagrams sent as a source since the last stop. */
let sent = 0

function onDatagram(bytes: Uint8Array, host: string, port: number): void {
  const send = (datagram: Uint8Array): void => socket.trySend(datagram, port, host)
  switch (opOf(bytes)) {
    case OP.echo:
      send(Uint8Array.from(bytes))
      break
    case OP.time:
      send(marked(small, OP.time, performance.now()))
      break
    case OP.stream:
      void stream(send, markOf(bytes))
      break
    case OP.sink:
      taken++
      if (taken % ACK_EVERY === 0) send(marked(small, OP.sink, taken))
      break
    case OP.again:
      sent = markOf(bytes)
      fill(send, sent)
      break
    case OP.source:
      fill(send, markOf(bytes))
      break
    case OP.stop:
      taken = 0
      sent = 0
  }
}

/** Sends what may be on the way when so many have arrived. */
function fill(send: (datagram: Uint8Array) => void, arrived: number): void {
  for (; sent < arrived + ON_THE_WAY; sent++) send(marked(small, OP.source))
}

async function stream(send: (datagram: Uint8Array) => void, durationMs: number): Promise<void> {
  streamed = 0
  const startedAt = performance.now()
  for (let now = startedAt; now - startedAt < durationMs; now = performance.now()) {
    // What is due by now.
    const due = Math.floor(((now - startedAt) * STREAM_PER_SECOND) / 1000)
    for (; streamed < due; streamed++) send(marked(large, OP.stream, performance.now()))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

const handlers = {
  /** Starts. @returns where it is */
  async open(): Promise<Address> {
    socket = await createUdpTransport().bind(0, HOST, onDatagram)
    return { host: HOST, port: socket.address()!.port }
  },

  /** How many datagrams the last stream had. */
  streamed: (): number => streamed,
}

export type UdpPeer = typeof handlers
serve(handlers)
