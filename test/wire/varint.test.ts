import b4a from 'b4a'
import c from 'compact-encoding'
import fc from 'fast-check'
import test from 'brittle'
import { readUint, uintBytes, uintBytesFrom, writeUint } from '../../lib/wire/varint.js'
import { loadVectors } from '../vectors/load.js'
import { fromHex, toHex, uint } from './messages.js'
import { holds } from '../helpers/properties.js'

interface VarintVectors {
  encode: { value: number; hex: string }[]
  decodeOnly: { hex: string; value?: number; consumed?: number; error?: string }[]
}

const vectors = loadVectors<VarintVectors>('varint')

function encode(value: number): Uint8Array {
  const out = b4a.alloc(uintBytes(value), 0xee)
  writeUint(out, 0, value)
  return out
}

test('varint: encodes and decodes the vectors', (t) => {
  for (const { value, hex } of vectors.encode) {
    t.is(toHex(encode(value)), hex, `encode ${value}`)
    t.is(readUint(fromHex(hex), 0), value, `decode ${value}`)
    t.is(writeUint(b4a.alloc(9), 0, value), hex.length / 2, `offset behind ${value}`)
  }
})

test('varint: non-minimal forms are read, hostile ones are -1', (t) => {
  for (const { hex, value, consumed } of vectors.decodeOnly) {
    const bytes = fromHex(hex)
    t.is(readUint(bytes, 0), value ?? -1, hex === '' ? 'no bytes' : hex)
    if (consumed !== undefined) t.is(uintBytesFrom(bytes[0]!), consumed, `width of ${hex}`)
  }
})

test('varint: reads at an offset and never beyond the end', (t) => {
  const bytes = fromHex('aafd3412')
  t.is(readUint(bytes, 1), 0x1234)
  t.is(readUint(bytes.subarray(0, 3), 1), -1, 'cut')
  t.is(readUint(bytes, 4), -1, 'at the end')
  t.is(readUint(bytes, 400), -1, 'far beyond the end')
})

test('varint: agrees with compact-encoding on every width', (t) => {
  holds(
    t,
    fc.property(uint, (value) => {
      const bytes = encode(value)
      if (!b4a.equals(bytes, c.encode(c.uint, value))) return false
      return readUint(bytes, 0) === value && uintBytesFrom(bytes[0]!) === bytes.length
    }),
    { numRuns: 1000 },
  )
})
