import b4a from 'b4a'
import test from 'brittle'
import { blake2b } from '../../lib/primitives/hash.js'
import { loadVectors } from '../vectors/load.js'

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
