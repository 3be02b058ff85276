import b4a from 'b4a'
import fc from 'fast-check'
import test from 'brittle'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { blake2b } from '../../lib/primitives/hash.js'
import {
  commonPrefixLength,
  compareDistance,
  ID_BITS,
  idBit,
  idFromAddress,
  idFromIp,
  idPrefix,
  idSharing,
  sameId,
  withBitFlipped,
} from '../../lib/primitives/id.js'
import { loadVectors } from '../vectors/load.js'
import { holds } from '../helpers/properties.js'

interface IdVector {
  host: string
  port: number
  id: string
}

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })

/** Two ids that often share a long prefix, which random ones never do. */
const pair = fc.tuple(bytes, bytes, fc.nat({ max: 32 })).map(([a, b, shared]) => {
  const near = b4a.concat([a.subarray(0, shared), b.subarray(shared)])
  return [b4a.from(a), near] as const
})

function toNumber(id: Uint8Array): bigint {
  return BigInt(`0x${b4a.toString(id, 'hex')}`)
}

function hashOf(ip: number, port: number): Uint8Array {
  return blake2b(b4a.from([ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255, port & 255, port >>> 8]))
}

test('id: is the hash of the address, as in the vectors', (t) => {
  for (const { host, port, id } of loadVectors<{ vectors: IdVector[] }>('ids').vectors) {
    t.is(b4a.toString(idFromAddress(host, port), 'hex'), id, `${host}:${port}`)
    t.is(b4a.toString(idFromIp(parseIPv4(host), port), 'hex'), id)
  }
})

test('id: every call gives memory of its own', (t) => {
  const a = idFromAddress('10.0.0.1', 80)
  const before = b4a.from(a)
  idFromAddress('10.0.0.2', 80).fill(0)
  t.alike(a, before)
  idFromAddress('10.0.0.1', 80).fill(0)
  t.alike(a, before, 'also of the same address')
  t.alike(idFromAddress('10.0.0.1', 80), before)
})

test('id: is the same whether it was asked for before or not, also beside thousands of others', (t) => {
  const address = fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 65535 }))
  holds(
    t,
    fc.property(fc.array(address, { minLength: 1, maxLength: 20 }), (addresses) => {
      for (const [ip, port] of [...addresses, ...addresses]) {
        if (!sameId(idFromIp(ip, port), hashOf(ip, port))) return false
      }
      return true
    }),
  )
  let wrong = 0
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 0; i < 3000; i++) {
      const [ip, port] = [0x7f000000 + (i & 15), 1024 + (i >> 4)]
      if (!sameId(idFromIp(ip, port), hashOf(ip, port))) wrong++
    }
  }
  t.is(wrong, 0)
})

test('id: the common prefix is the number of equal leading bits', (t) => {
  holds(
    t,
    fc.property(pair, ([a, b]) => {
      const distance = toNumber(a) ^ toNumber(b)
      const expected = distance === 0n ? ID_BITS : ID_BITS - distance.toString(2).length
      return commonPrefixLength(a, b) === expected && commonPrefixLength(b, a) === expected
    }),
    { numRuns: 1000 },
  )
  t.is(commonPrefixLength(b4a.alloc(32), b4a.alloc(32)), 256)
})

test('id: distances compare like the XOR as a big-endian number', (t) => {
  holds(
    t,
    fc.property(bytes, pair, (target, [a, b]) => {
      const x = toNumber(a) ^ toNumber(target)
      const y = toNumber(b) ^ toNumber(target)
      return Math.sign(compareDistance(target, a, b)) === (x < y ? -1 : x > y ? 1 : 0)
    }),
    { numRuns: 1000 },
  )
})

test('id: same means equal in every byte', (t) => {
  holds(
    t,
    fc.property(pair, ([a, b]) => sameId(a, b) === b4a.equals(a, b)),
  )
  for (let i = 0; i < 32; i++) {
    const other = b4a.alloc(32)
    other[i] = 1
    t.absent(sameId(other, b4a.alloc(32)), `byte ${i} is compared`)
  }
})

test('id: sharing shares exactly so many bits, and takes the rest from the filler', (t) => {
  holds(
    t,
    fc.property(bytes, bytes, fc.integer({ min: 0, max: 255 }), (id, filler, shared) => {
      const rest = b4a.from(filler)
      const made = idSharing(id, shared, filler)
      if (commonPrefixLength(made, id) !== shared) return false
      return (
        commonPrefixLength(made, rest) >= shared ||
        made.subarray((shared >> 3) + 1).every((byte, i) => byte === rest[(shared >> 3) + 1 + i])
      )
    }),
  )
})

test('id: a flipped bit is the first in which the two differ, and the only one', (t) => {
  holds(
    t,
    fc.property(bytes, fc.nat(255), (id, index) => {
      const flipped = withBitFlipped(id, index)
      return (
        commonPrefixLength(id, flipped) === index &&
        sameId(withBitFlipped(flipped, index), id) &&
        flipped.buffer !== id.buffer
      )
    }),
  )
})

test('id: prefix and bits are read most significant first, unsigned', (t) => {
  t.is(idPrefix(b4a.from('ff00000100', 'hex')), 0xff000001)
  holds(
    t,
    fc.property(bytes, (id) => {
      const binary = toNumber(id).toString(2).padStart(ID_BITS, '0')
      if (idPrefix(id) !== Number.parseInt(binary.slice(0, 32), 2)) return false
      return Array.from(binary).every((bit, i) => idBit(id, i) === Number(bit))
    }),
  )
})
