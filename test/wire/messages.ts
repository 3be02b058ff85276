/** What the wire tests share: vectors as fields to encode, decoded messages as fields again, arbitrary messages. */
import b4a from 'b4a'
import fc from 'fast-check'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { copyBytes, readIp, readPort } from '../../lib/wire/bytes.js'
import type { DecodedRequest, RequestFields } from '../../lib/wire/request.js'
import type { DecodedResponse, ResponseFields } from '../../lib/wire/response.js'

export interface VectorAddress {
  host: string
  port: number
}

interface VectorMessage {
  tid: number
  to: VectorAddress
  id: string | null
  token: string | null
  value: string | null
}

export interface VectorRequest extends VectorMessage {
  internal: boolean
  command: number
  target: string | null
}

export interface VectorResponse extends VectorMessage {
  closerNodes: VectorAddress[] | null
  error: number
}

/** A row of requests.json or responses.json. */
export interface MessageVector<F> {
  name: string
  hex: string
  bytes: number
  flags: number
  fields: F
}

export function fromHex(hex: string): Uint8Array {
  return b4a.from(hex, 'hex')
}

export function toHex(bytes: Uint8Array): string {
  return b4a.toString(bytes, 'hex')
}

function maybeHex(hex: string | null): Uint8Array | null {
  return hex === null ? null : fromHex(hex)
}

function toAddress({ host, port }: VectorAddress): { ip: number; port: number } {
  return { ip: parseIPv4(host), port }
}

function toMessage(fields: VectorMessage) {
  return {
    tid: fields.tid,
    ...toAddress(fields.to),
    id: maybeHex(fields.id),
    token: maybeHex(fields.token),
    value: maybeHex(fields.value),
  }
}

export function toRequest(fields: VectorRequest): RequestFields {
  const { internal, command, target } = fields
  return { ...toMessage(fields), internal, command, target: maybeHex(target) }
}

export function toResponse(fields: VectorResponse): ResponseFields {
  return { ...toMessage(fields), closer: (fields.closerNodes ?? []).map(toAddress), error: fields.error }
}

function hashAt(bytes: Uint8Array, at: number): Uint8Array | null {
  return at === -1 ? null : copyBytes(bytes, at, 32)
}

function valueAt(bytes: Uint8Array, message: { valueAt: number; valueBytes: number }): Uint8Array | null {
  return message.valueAt === -1 ? null : copyBytes(bytes, message.valueAt, message.valueBytes)
}

/** The fields that a decoded request points to. */
export function requestOf(bytes: Uint8Array, message: DecodedRequest): RequestFields {
  return {
    tid: message.tid,
    ip: message.toIp,
    port: message.toPort,
    id: hashAt(bytes, message.idAt),
    token: hashAt(bytes, message.tokenAt),
    internal: message.internal,
    command: message.command,
    target: hashAt(bytes, message.targetAt),
    value: valueAt(bytes, message),
  }
}

/** The fields that a decoded response points to; an empty list and none look the same. */
export function responseOf(bytes: Uint8Array, message: DecodedResponse): ResponseFields {
  const closer = Array.from({ length: message.closerCount }, (_, i) => ({
    ip: readIp(bytes, message.closerAt + 6 * i),
    port: readPort(bytes, message.closerAt + 6 * i),
  }))
  return {
    tid: message.tid,
    ip: message.toIp,
    port: message.toPort,
    id: hashAt(bytes, message.idAt),
    token: hashAt(bytes, message.tokenAt),
    closer,
    error: message.error,
    value: valueAt(bytes, message),
  }
}

const u16 = fc.integer({ min: 0, max: 0xffff })
const ip = fc.nat({ max: 0xffffffff })
const hash = fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => b4a.from(bytes)))
const atTheBorder = fc.uint8Array({ minLength: 250, maxLength: 256 })
const value = fc.option(fc.oneof(fc.uint8Array({ maxLength: 300 }), atTheBorder).map((bytes) => b4a.from(bytes)))

/** Every width of a uint, and the values around the borders between them. */
export const uint = fc.oneof(
  fc.nat({ max: 300 }),
  fc.constantFrom(252, 253, 0xffff, 0x10000, 0xffffffff, 0x100000000, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
)

const closer = fc.array(fc.record({ ip, port: u16 }, { noNullPrototype: true }), { maxLength: 300 })
const common = { tid: u16, ip, port: u16, id: hash, token: hash, value }

export const anyRequest: fc.Arbitrary<RequestFields> = fc.record(
  { ...common, internal: fc.boolean(), command: uint, target: hash },
  { noNullPrototype: true },
)

export const anyResponse: fc.Arbitrary<ResponseFields> = fc.record(
  { ...common, closer, error: uint },
  { noNullPrototype: true },
)

/** `bytes` with one to four of them replaced. */
export function mutated(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const anyByte = fc.oneof(fc.constantFrom(0, 0x1f, 0xfc, 0xfd, 0xfe, 0xff), fc.nat({ max: 255 }))
  const change = fc.tuple(fc.nat({ max: 0xffff }), anyByte)
  return fc.tuple(bytes, fc.array(change, { minLength: 1, maxLength: 4 })).map(([original, changes]) => {
    const copy = b4a.from(original)
    for (const [at, byte] of changes) copy[1 + (at % (copy.length - 1))] = byte
    return copy
  })
}

/** Random bytes behind a valid first byte: what gets past the first look. */
export function garbage(first: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ maxLength: 200 }).map((rest) => b4a.concat([b4a.from([first]), rest]))
}
