import b4a from 'b4a'
import fc from 'fast-check'
import test from 'brittle'
import { datagramKind, RESPONSE_BYTE, setTid } from '../../lib/wire/datagram.js'
import {
  decodeResponse,
  encodeResponse,
  peekResponseTid,
  type ResponseFields,
  responseSizeBytes,
} from '../../lib/wire/response.js'
import { isAlike } from '../helpers/alike.js'
import { loadVectors } from '../vectors/load.js'
import {
  anyResponse,
  fromHex,
  garbage,
  type MessageVector,
  mutated,
  responseOf,
  toHex,
  toResponse,
  type VectorResponse,
} from './messages.js'
import { holds } from '../helpers/properties.js'

const { vectors } = loadVectors<{ vectors: MessageVector<VectorResponse>[] }>('responses')

const PLAIN: ResponseFields = {
  tid: 1,
  ip: 0x7f000001,
  port: 4000,
  id: null,
  token: null,
  closer: [],
  error: 0,
  value: null,
}

/** Encodes with some fields replaced by anything. */
function encodeWith(fields: { [name in keyof ResponseFields]?: unknown }): () => Uint8Array {
  return () => encodeResponse({ ...PLAIN, ...fields } as ResponseFields)
}

/** Decodes and checks that whatever the message points to lies inside the datagram. */
function isSafe(bytes: Uint8Array): boolean {
  const message = decodeResponse(bytes)
  if (message === null) return true
  const inside = (at: number, size: number) => at === -1 || (at >= 10 && at + size <= bytes.length)
  return (
    inside(message.idAt, 32) &&
    inside(message.tokenAt, 32) &&
    inside(message.closerAt, message.closerCount * 6) &&
    message.closerCount * 6 <= bytes.length &&
    inside(message.valueAt, message.valueBytes) &&
    Number.isSafeInteger(message.error) &&
    message.error >= 0 &&
    peekResponseTid(bytes) === message.tid
  )
}

test('response: encodes the vectors byte by byte', (t) => {
  for (const { name, hex, bytes, fields } of vectors) {
    t.ok(toHex(encodeResponse(toResponse(fields))) === hex, name)
    t.is(responseSizeBytes(toResponse(fields)), bytes, `${name}: size`)
  }
})

test('response: decodes the vectors', (t) => {
  for (const { name, hex, fields } of vectors) {
    const bytes = fromHex(hex)
    const message = decodeResponse(bytes)!
    t.is(datagramKind(bytes), 'response', name)
    t.is(peekResponseTid(bytes), fields.tid, `${name}: tid`)
    t.is(message.closerAt === -1, fields.closerNodes === null, `${name}: list present`)
    t.alike(responseOf(bytes, message), toResponse(fields), name)
  }
})

test('response: decode(encode(x)) = x, in exactly the announced size', (t) => {
  holds(
    t,
    fc.property(anyResponse, (fields) => {
      const bytes = encodeResponse(fields)
      const decoded = responseOf(bytes, decodeResponse(bytes)!)
      return bytes.length === responseSizeBytes(fields) && isAlike(decoded, fields)
    }),
    { numRuns: 1000 },
  )
})

test('response: every byte is written, whatever the memory held before', (t) => {
  holds(
    t,
    fc.property(anyResponse, (fields) => {
      const first = encodeResponse(fields)
      b4a.allocUnsafe(777).fill(0xa5)
      return b4a.equals(first, encodeResponse(fields))
    }),
  )
})

test('response: a datagram cut anywhere is malformed', (t) => {
  const closer = Array.from({ length: 20 }, (_, i) => ({ ip: 0x0a000000 + i, port: 1000 + i }))
  const hashes = { id: b4a.alloc(32, 1), token: b4a.alloc(32, 2) }
  const bytes = encodeResponse({ ...PLAIN, ...hashes, closer, error: 300, value: b4a.alloc(300, 4) })
  let survivors = 0
  for (let size = 0; size < bytes.length; size++) if (decodeResponse(bytes.subarray(0, size)) !== null) survivors++
  t.is(survivors, 0)
  t.ok(decodeResponse(bytes))
})

test('response: the decoder survives any bytes', (t) => {
  holds(t, fc.property(fc.uint8Array({ maxLength: 200 }), isSafe), { numRuns: 2000 })
  holds(t, fc.property(garbage(RESPONSE_BYTE), isSafe), { numRuns: 5000 })
  holds(t, fc.property(mutated(anyResponse.map(encodeResponse)), isSafe), { numRuns: 5000 })
})

test('response: a list is never longer than the datagram', (t) => {
  const huge = ['fe00001000', 'fe01001000', 'feffffffff', 'ffffffffffffff1f00', 'ffffffffffffffffff', '01']
  for (const count of huge) t.is(decodeResponse(fromHex(`13040201c633641423c4${count}`)), null, count)
  const filled = b4a.concat([fromHex('13040201c633641423c4fd5501'), b4a.alloc(341 * 6)])
  t.is(decodeResponse(filled)!.closerCount, 341)
  t.is(decodeResponse(filled.subarray(0, filled.length - 1)), null)
})

test('response: the tid is had without decoding the rest', (t) => {
  t.is(peekResponseTid(fromHex('13040201c633641423c4ffffffffffffffffff')), 0x0102, 'the list is malformed')
  t.is(peekResponseTid(fromHex('13fd10000201c633641423c4')), 0x0102, 'flags of 3 bytes')
  t.is(peekResponseTid(fromHex('13fe100000000201c633641423c4')), 0x0102, 'flags of 5 bytes')
  t.is(peekResponseTid(fromHex('13ff10000000000000000201c633641423c4')), 0x0102, 'flags of 9 bytes')
  t.is(peekResponseTid(fromHex('13000201c633641423')), -1, 'one byte short')
  t.is(peekResponseTid(fromHex('13fd10000201c633641423')), -1, 'one byte short behind wide flags')
  t.is(peekResponseTid(fromHex('1300')), -1, 'two bytes')
  t.is(peekResponseTid(fromHex('')), -1, 'nothing')
})

test('response: setTid patches the id of the transaction and nothing else', (t) => {
  const bytes = encodeResponse(PLAIN)
  setTid(bytes, 0xabcd)
  t.is(toHex(bytes), toHex(encodeResponse({ ...PLAIN, tid: 0xabcd })))
})

test('response: what would put stray memory on the wire is refused', (t) => {
  for (const name of ['id', 'token'] as const) {
    for (const size of [0, 31, 33]) {
      void t.exception.all(encodeWith({ [name]: b4a.alloc(size) }), RangeError, `${name} of ${size} bytes`)
    }
    void t.exception.all(encodeWith({ [name]: 'x'.repeat(32) }), TypeError, `${name} is a string`)
  }
  void t.exception.all(encodeWith({ value: 'text' }), TypeError, 'value is a string')
  for (const error of [-1, 1.5, NaN, 2 ** 53]) {
    void t.exception.all(encodeWith({ error }), RangeError, `error ${error}`)
  }
})
