import b4a from 'b4a'
import test from 'brittle'
import fc from 'fast-check'
import { fillRandom, hashInto } from '../../lib/primitives/crypto-portable.js'
import { blake2b, HASH_BYTES } from '../../lib/primitives/hash.js'
import { loadVectors } from '../vectors/load.js'
import { holds } from '../helpers/properties.js'

interface HashVector {
  key: string | null
  input: string
  hash: string
}

test('hash: matches the vectors, keyed and not', (t) => {
  for (const { key, input, hash } of loadVectors<{ vectors: HashVector[] }>('blake2b').vectors) {
    const data = b4a.from(input, 'hex')
    const digest = key === null ? blake2b(data) : blake2b(data, b4a.from(key, 'hex'))
    t.is(b4a.toString(digest, 'hex'), hash, `${data.length} bytes${key === null ? '' : ', keyed'}`)
  }
})

test('hash: results do not share memory', (t) => {
  const a = blake2b(b4a.from('a'))
  const before = b4a.toString(a, 'hex')
  blake2b(b4a.from('b')).fill(0)
  t.is(b4a.toString(a, 'hex'), before)
  t.is(a.length, 32)
})

test('hash: without native code it is the same one, for any bytes and key, and randomness fills what it is given', (t) => {
  const key = fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined })
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 400 }), key, (data, secret) => {
      const out = new Uint8Array(HASH_BYTES)
      hashInto(out, data, secret)
      return b4a.equals(out, blake2b(data, secret))
    }),
  )
  // Bare has no `crypto`, and never loads this module.
  if (!('crypto' in globalThis)) return
  const random = new Uint8Array(100_000)
  fillRandom(random)
  t.ok(new Set(random.subarray(-4096)).size > 200, 'also behind what is given at a time')
})
