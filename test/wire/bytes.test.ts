import b4a from 'b4a'
import fc from 'fast-check'
import test from 'brittle'
import { copyBytes, hashEquals, readIp, readPort, writeAddress } from '../../lib/wire/bytes.js'
import { toHex } from './messages.js'
import { holds } from '../helpers/properties.js'

test('bytes: an address is four octets in reading order and a little-endian port', (t) => {
  const out = b4a.alloc(6)
  t.is(writeAddress(out, 0, 0x01020304, 0xc249), 6)
  t.is(toHex(out), '0102030449c2')
  t.is(readIp(out, 0), 0x01020304)
  t.is(readPort(out, 0), 0xc249)
})

test('bytes: any address survives, the high ones unsigned', (t) => {
  holds(
    t,
    fc.property(fc.nat({ max: 0xffffffff }), fc.nat({ max: 65535 }), fc.nat({ max: 9 }), (ip, port, at) => {
      const out = b4a.alloc(16)
      writeAddress(out, at, ip, port)
      return readIp(out, at) === ip && readPort(out, at) === port
    }),
  )
})

test('bytes: a copy does not share memory with what it was copied from', (t) => {
  for (const size of [0, 1, 32, 33, 64, 2000]) {
    const datagram = new Uint8Array(2048).map((_, i) => i)
    const copy = copyBytes(datagram, 7, size)
    t.is(copy.length, size)
    t.not(copy.buffer, datagram.buffer)
    const before = toHex(copy)
    t.is(before, toHex(datagram.subarray(7, 7 + size)), `${size} bytes`)
    datagram.fill(0)
    t.is(toHex(copy), before)
  }
})

test('bytes: a hash equals only the same 32 bytes', (t) => {
  const hash = b4a.alloc(32).map((_, i) => i)
  const datagram = b4a.concat([b4a.from([9, 9, 9]), hash])
  t.ok(hashEquals(datagram, 3, hash))
  t.absent(hashEquals(datagram, 2, hash))
  t.absent(hashEquals(datagram, 4, hash), 'beyond the end')
  for (let i = 0; i < 32; i++) {
    const other = b4a.from(hash)
    other[i]! ^= 1
    if (hashEquals(datagram, 3, other)) t.fail(`byte ${i} is not compared`)
  }
})
