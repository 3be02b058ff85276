import b4a from 'b4a'
import fc from 'fast-check'
import test from 'brittle'
import { datagramKind, REQUEST_BYTE, setTid } from '../../lib/wire/datagram.js'
import { decodeRequest, encodeRequest, type RequestFields, requestSizeBytes } from '../../lib/wire/request.js'
import { isAlike } from '../helpers/alike.js'
import { loadVectors } from '../vectors/load.js'
import {
  anyRequest,
  fromHex,
  garbage,
  type MessageVector,
  mutated,
  requestOf,
  toHex,
  toRequest,
  type VectorRequest,
} from './messages.js'
import { holds } from '../helpers/properties.js'

const { vectors } = loadVectors<{ vectors: MessageVector<VectorRequest>[] }>('requests')

const PLAIN: RequestFields = {
  tid: 1,
  ip: 0x7f000001,
  port: 4000,
  id: null,
  token: null,
  internal: false,
  command: 7,
  target: null,
  value: null,
}

/** Encodes with some fields replaced by anything. */
function encodeWith(fields: { [name in keyof RequestFields]?: unknown }): () => Uint8Array {
  return () => encodeRequest({ ...PLAIN, ...fields } as RequestFields)
}

/** Decodes and checks that whatever the message points to lies inside the datagram. */
function isSafe(bytes: Uint8Array): boolean {
  const message = decodeRequest(bytes)
  if (message === null) return true
  const inside = (at: number, size: number) => at === -1 || (at >= 10 && at + size <= bytes.length)
  return (
    inside(message.idAt, 32) &&
    inside(message.tokenAt, 32) &&
    inside(message.targetAt, 32) &&
    inside(message.valueAt, message.valueBytes) &&
    Number.isSafeInteger(message.command) &&
    message.command >= 0
  )
}

function sizeOf({ command, id, token, target, value }: RequestFields): number {
  return requestSizeBytes(command, id !== null, token !== null, target !== null, value)
}

test('request: encodes the vectors byte by byte', (t) => {
  for (const { name, hex, bytes, fields } of vectors) {
    const encoded = encodeRequest(toRequest(fields))
    t.ok(toHex(encoded) === hex, name)
    t.is(sizeOf(toRequest(fields)), bytes, `${name}: size`)
  }
})

test('request: decodes the vectors', (t) => {
  for (const { name, hex, fields } of vectors) {
    const bytes = fromHex(hex)
    t.is(datagramKind(bytes), 'request', name)
    t.alike(requestOf(bytes, decodeRequest(bytes)!), toRequest(fields), name)
  }
})

test('request: decode(encode(x)) = x, in exactly the announced size', (t) => {
  holds(
    t,
    fc.property(anyRequest, (fields) => {
      const bytes = encodeRequest(fields)
      const decoded = requestOf(bytes, decodeRequest(bytes)!)
      return bytes.length === sizeOf(fields) && isAlike(decoded, fields)
    }),
    { numRuns: 1000 },
  )
})

test('request: every byte is written, whatever the memory held before', (t) => {
  holds(
    t,
    fc.property(anyRequest, (fields) => {
      const first = encodeRequest(fields)
      b4a.allocUnsafe(777).fill(0xa5)
      return b4a.equals(first, encodeRequest(fields))
    }),
  )
})

test('request: the buffer is its own', (t) => {
  const id = b4a.alloc(32, 1)
  const value = b4a.from('value')
  const bytes = encodeRequest({ ...PLAIN, id, value })
  const hex = toHex(bytes)
  id.fill(9)
  value.fill(9)
  t.is(toHex(bytes), hex)
})

test('request: a datagram cut anywhere is malformed', (t) => {
  const hashes = { id: b4a.alloc(32, 1), token: b4a.alloc(32, 2), target: b4a.alloc(32, 3) }
  const bytes = encodeRequest({ ...PLAIN, ...hashes, command: 300, value: b4a.alloc(300, 4) })
  let survivors = 0
  for (let size = 0; size < bytes.length; size++) if (decodeRequest(bytes.subarray(0, size)) !== null) survivors++
  t.is(survivors, 0)
  t.ok(decodeRequest(bytes))
})

test('request: the decoder survives any bytes', (t) => {
  holds(t, fc.property(fc.uint8Array({ maxLength: 200 }), isSafe), { numRuns: 2000 })
  holds(t, fc.property(garbage(REQUEST_BYTE), isSafe), { numRuns: 5000 })
  holds(t, fc.property(mutated(anyRequest.map(encodeRequest)), isSafe), { numRuns: 5000 })
})

test('request: a response is no request', (t) => {
  t.is(decodeRequest(fromHex('13000201c633641423c407')), null)
})

test('request: setTid patches the id of the transaction and nothing else', (t) => {
  const bytes = encodeRequest(PLAIN)
  setTid(bytes, 0xabcd)
  t.is(toHex(bytes), toHex(encodeRequest({ ...PLAIN, tid: 0xabcd })))
})

test('request: what would put stray memory on the wire is refused', (t) => {
  for (const name of ['id', 'token', 'target'] as const) {
    for (const size of [0, 31, 33]) {
      void t.exception.all(encodeWith({ [name]: b4a.alloc(size) }), RangeError, `${name} of ${size} bytes`)
    }
    void t.exception.all(encodeWith({ [name]: 'x'.repeat(32) }), TypeError, `${name} is a string`)
    void t.exception.all(encodeWith({ [name]: new Uint16Array(32) }), TypeError, `${name} is no bytes`)
    void t.exception.all(encodeWith({ [name]: undefined }), TypeError, `${name} is missing`)
  }
  void t.exception.all(encodeWith({ value: 'text' }), TypeError, 'value is a string')
  void t.exception.all(encodeWith({ value: { length: 4 } }), TypeError, 'value only looks like bytes')
})

test('request: only a safe non-negative integer is a command', (t) => {
  for (const command of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
    void t.exception.all(encodeWith({ command }), RangeError, String(command))
  }
  void t.exception.all(encodeWith({ command: '7' }), TypeError, 'a string')
  void t.exception.all(encodeWith({ command: undefined }), TypeError, 'undefined')
})
