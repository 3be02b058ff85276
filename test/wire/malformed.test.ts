import test from 'brittle'
import { datagramKind } from '../../lib/wire/datagram.js'
import { decodeRequest } from '../../lib/wire/request.js'
import { decodeResponse } from '../../lib/wire/response.js'
import { loadVectors } from '../vectors/load.js'
import {
  fromHex,
  requestOf,
  responseOf,
  toRequest,
  toResponse,
  type VectorAddress,
  type VectorRequest,
  type VectorResponse,
} from './messages.js'

interface Malformed {
  name: string
  kind: 'request' | 'response'
  hex: string
  outcome: 'drop' | 'accept' | 'reply'
  /** Absent or null where the datagram did not get as far as that. */
  decoded?: (VectorRequest & VectorResponse) | null
}

const { self, vectors } = loadVectors<{ self: VectorAddress; vectors: Malformed[] }>('malformed')

/** Dropped for other reasons than their bytes. */
const DECODABLE = new Set(['source port 0', 'source port 65536', 'unknown tid'])

function decode(bytes: Uint8Array, kind: 'request' | 'response') {
  if (datagramKind(bytes) !== kind) return null
  return kind === 'request' ? decodeRequest(bytes) : decodeResponse(bytes)
}

test('malformed: drops what must be dropped and reads what must be read', (t) => {
  for (const { name, kind, hex, outcome, decoded } of vectors) {
    const dropped = outcome === 'drop' && !decoded && !DECODABLE.has(name)
    t.is(decode(fromHex(hex), kind) === null, dropped, `${kind}: ${name}`)
  }
})

test('malformed: odd but legal requests have the fields that the network reads', (t) => {
  for (const { name, kind, hex, decoded } of vectors) {
    if (kind !== 'request' || !decoded) continue
    const bytes = fromHex(hex)
    const actual = requestOf(bytes, decodeRequest(bytes)!)
    const expected = toRequest({ ...decoded, to: decoded.to ?? self })
    // The vectors name the id only where it is that of the source; here it is what the datagram claims.
    if (expected.id === null) expected.id = actual.id
    if (name === 'to address is not ours') Object.assign(expected, { ip: actual.ip, port: actual.port })
    t.alike(actual, expected, name)
  }
})

test('malformed: odd but legal responses have the fields that the network reads', (t) => {
  for (const { name, kind, hex, decoded } of vectors) {
    if (kind !== 'response' || !decoded) continue
    const bytes = fromHex(hex)
    const message = decodeResponse(bytes)!
    const actual = responseOf(bytes, message)
    const expected = toResponse(decoded)
    if (expected.id === null) expected.id = actual.id
    t.alike(actual, expected, name)
    t.is(message.closerAt === -1, decoded.closerNodes === null, `${name}: list present`)
  }
})

test('datagram: the first byte tells its kind', (t) => {
  t.is(datagramKind(fromHex('')), 'short')
  t.is(datagramKind(fromHex('03')), 'short')
  const wrong: number[] = []
  for (let first = 0; first < 256; first++) {
    const kind = first === 0x03 ? 'request' : first === 0x13 ? 'response' : 'foreign'
    if (datagramKind(Uint8Array.of(first, 0)) !== kind) wrong.push(first)
  }
  t.alike(wrong, [], 'first bytes')
})
