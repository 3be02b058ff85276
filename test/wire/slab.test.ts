import test from 'brittle'
import fc from 'fast-check'
import { Slab } from '../../lib/wire/slab.js'
import { holds } from '../helpers/properties.js'

test('slab: every copy stays as it was made, however many follow', (t) => {
  const sizes = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 80 })
  holds(
    t,
    fc.property(sizes, (all) => {
      const slab = new Slab()
      const copies = all.map((size, i) => {
        const source = new Uint8Array(size).fill(i + 1)
        slab.copy(source)
        source.fill(0xff)
        return { bytes: slab.bytes, at: slab.at, size, mark: i + 1 }
      })
      return copies.every(({ bytes, at, size, mark }) => {
        return at + size <= bytes.length && bytes.subarray(at, at + size).every((byte) => byte === mark)
      })
    }),
    { numRuns: 300 },
  )
})

test('slab: small copies share memory, 8 kB at most; large ones have their own', (t) => {
  const slab = new Slab()
  const buffers = new Set<unknown>()
  for (let i = 0; i < 100; i++) {
    slab.copy(new Uint8Array(200))
    buffers.add(slab.bytes.buffer)
  }
  t.is(slab.bytes.buffer.byteLength, 8192)
  t.is(buffers.size, 3, '40 copies of 200 bytes in each')
  const before = slab.bytes.buffer
  slab.copy(new Uint8Array(1200))
  t.is(slab.bytes.length, 1200)
  t.is(slab.at, 0)
  slab.copy(new Uint8Array(1))
  t.is(slab.bytes.buffer, before, 'the slab goes on where it was')
})
