import test from 'brittle'
import fc from 'fast-check'
import { datagramKind } from '../../lib/wire/datagram.js'
import { NetworkSeal, SEAL_BYTES, SEALED_BYTE } from '../../lib/wire/network-seal.js'
import { holds } from '../helpers/properties.js'

const bytes = fc.uint8Array({ maxLength: 300 })
const anyId = fc.oneof(fc.string({ minLength: 1, maxLength: 40 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))

const toHex = (data: Uint8Array): string => Buffer.from(data).toString('hex')

test('network seal: the format stays what it is', (t) => {
  // Also computed with Python's hashlib.blake2b(digest_size=32).
  const ping = Buffer.from('030401027f00000139c204', 'hex')
  const sealed = new NetworkSeal('example').seal(ping)
  t.is(toHex(sealed), `78dfcb60c1c1a26bcb${toHex(ping)}`)
  t.is(sealed.length, ping.length + SEAL_BYTES)
  t.is(SEAL_BYTES, 9)
})

test('network seal: what was sealed is opened under the same id', (t) => {
  const property = fc.property(anyId, bytes, (key, datagram) => {
    const sealed = new NetworkSeal(key).seal(datagram)
    if (toHex(new NetworkSeal(key).open(sealed)!) !== toHex(datagram)) throw new Error('not the same')
  })
  holds(t, property, { numRuns: 500 })
})

test('network seal: under another id nothing is opened', (t) => {
  const property = fc.property(anyId, anyId, bytes, (key, other, datagram) => {
    const same = Buffer.compare(Buffer.from(key as string), Buffer.from(other as string)) === 0
    const opened = new NetworkSeal(other).open(new NetworkSeal(key).seal(datagram))
    if ((opened !== null) !== same) throw new Error('opened')
  })
  holds(t, property, { numRuns: 500 })
})

test('network seal: with any bit changed, and cut off anywhere, nothing is opened', (t) => {
  const seal = new NetworkSeal('a')
  const sealed = seal.seal(Uint8Array.from({ length: 43 }, (_, i) => i))
  let refused = 0
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Uint8Array.from(sealed)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    if (seal.open(changed) === null) refused++
  }
  t.is(refused, sealed.length * 8)
  for (let length = 0; length < sealed.length; length++) {
    if (seal.open(sealed.subarray(0, length)) !== null) t.fail(`opened ${length} bytes`)
  }
})

test('network seal: datagrams of the public network, and any bytes, are not opened', (t) => {
  const seal = new NetworkSeal('a')
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 2048 }), (data) => seal.open(data) === null),
    { numRuns: 1000 },
  )
  for (const first of [0x03, 0x13, SEALED_BYTE]) {
    const data = new Uint8Array(43).fill(7)
    data[0] = first
    t.is(seal.open(data), null)
  }
})

test('network seal: to the public network it is another protocol’s datagram, and no UDX packet', (t) => {
  for (const length of [0, 1, 11, 43, 200]) {
    const sealed = new NetworkSeal('a').seal(new Uint8Array(length).fill(3))
    t.is(datagramKind(sealed), 'foreign')
    t.not(sealed[0], 0xff)
  }
})

test('network seal: text counts as its UTF-8, and the bytes given are not kept', (t) => {
  const text = 'ü'.repeat(16)
  const id = Uint8Array.from(Buffer.from(text))
  const datagram = Uint8Array.of(3, 4)
  const seal = new NetworkSeal(id)
  const sealed = new NetworkSeal(text).seal(datagram)
  t.alike(seal.seal(datagram), sealed)
  id.fill(0)
  t.alike(seal.seal(datagram), sealed)
})

test('network seal: sealing leaves the datagram alone, and gives a buffer of its own', (t) => {
  const datagram = Uint8Array.of(3, 4, 5)
  const seal = new NetworkSeal('a')
  const sealed = seal.seal(datagram)
  t.alike(datagram, Uint8Array.of(3, 4, 5))
  seal.seal(Uint8Array.of(9, 9, 9))
  t.alike(seal.open(sealed) && [...seal.open(sealed)!], [3, 4, 5])
})
