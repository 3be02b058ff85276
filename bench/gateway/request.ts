/**
 * Datagrams between the client and its peer, in the form that a gateway lets pass: requests whose value ends with what
 * is asked of the peer, and a number.
 */
import { encodeRequest } from '../../lib/wire/request.js'

/** What the peer is to do with a datagram. */
export const OP = {
  /** Send it back. */
  echo: 0,
  /** Send it back with the time on the peer's clock. */
  time: 1,
  /** Stream datagrams with the time in them, for as many milliseconds as the number says. */
  stream: 2,
  /** Take it in; every {@link ACK_EVERY} of them say how many there were. */
  sink: 3,
  /** Send as many as have arrived there, by the number, and what may be on the way. */
  source: 4,
  /** The same, after what was on the way got lost. */
  again: 5,
  /** No more of that. */
  stop: 6,
} as const

export type Op = (typeof OP)[keyof typeof OP]

/** Of the stream to a client that stands still. */
export const STREAM_BYTES = 1200
export const STREAM_PER_SECOND = 10_000

/** Of everything else: a request of a node has 100 bytes. */
export const SMALL_BYTES = 100

/** On the way at a time, where as much as possible is to pass: less than a window of 64 KiB. */
export const ON_THE_WAY = 512

export const ACK_EVERY = 64

/** What a value ends with: a byte and a number. */
const TAIL_BYTES = 9

/** A request of this many bytes. */
export function requestOf(sizeBytes: number): Uint8Array {
  const make = (valueBytes: number): Uint8Array =>
    encodeRequest({
      tid: 1,
      ip: 0x7f000001,
      port: 1,
      id: null,
      token: null,
      internal: false,
      command: 1,
      target: null,
      value: new Uint8Array(valueBytes),
    })
  const overhead = make(sizeBytes).length - sizeBytes
  return make(sizeBytes - overhead)
}

/** A copy of the request that asks for something, with a number. */
export function marked(request: Uint8Array, op: Op, mark = 0): Uint8Array {
  const copy = Uint8Array.from(request)
  const at = copy.length - TAIL_BYTES
  copy[at] = op
  new DataView(copy.buffer).setFloat64(at + 1, mark)
  return copy
}

export function opOf(datagram: Uint8Array): Op {
  return datagram[datagram.length - TAIL_BYTES] as Op
}

export function markOf(datagram: Uint8Array): number {
  return new DataView(datagram.buffer, datagram.byteOffset).getFloat64(datagram.length - TAIL_BYTES + 1)
}

/** The value below which this share of a list lies. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
