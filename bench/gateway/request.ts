/** Datagrams that a gateway lets pass, with a number or a time in them. */
import { encodeRequest } from '../../lib/wire/request.js'

/** A request of this many bytes; the last eight are the mark's place. */
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

/** Puts a number into a copy of the request. */
export function marked(request: Uint8Array, mark: number): Uint8Array {
  const copy = Uint8Array.from(request)
  new DataView(copy.buffer).setFloat64(copy.length - 8, mark)
  return copy
}

export function markOf(datagram: Uint8Array): number {
  return new DataView(datagram.buffer, datagram.byteOffset).getFloat64(datagram.length - 8)
}

/** Milliseconds on a clock that all processes of the machine share. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** The value below which this share of a list lies. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
