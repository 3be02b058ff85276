import fc from 'fast-check'
import test from 'brittle'
import { addressKey, addressScope, formatIPv4, isIPv4, isPort, keyOf, parseIPv4 } from '../../lib/primitives/address.js'
import { loadVectors } from '../vectors/load.js'
import { holds } from '../helpers/properties.js'

test('address: parses what the vectors encode', (t) => {
  for (const { host, address } of loadVectors<{ vectors: { host: string; address: string }[] }>('ids').vectors) {
    t.is(parseIPv4(host).toString(16).padStart(8, '0'), address.slice(0, 8), host)
  }
})

test('address: parse(format(x)) = x for every 32-bit number', (t) => {
  holds(
    t,
    fc.property(fc.nat({ max: 0xffffffff }), (ip) => parseIPv4(formatIPv4(ip)) === ip),
  )
  holds(
    t,
    fc.property(fc.ipV4(), (host) => formatIPv4(parseIPv4(host)) === host),
  )
  t.is(formatIPv4(0xffffffff), '255.255.255.255')
  t.is(formatIPv4(0), '0.0.0.0')
})

test('address: numbers are written the same however many others were written in between', (t) => {
  let wrong = 0
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 0; i < 3000; i++) {
      const ip = (Math.imul(i, 0x9e3779b1) ^ (i % 7)) >>> 0
      const host = [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255].join('.')
      if (formatIPv4(ip) !== host || formatIPv4(ip) !== host) wrong++
    }
  }
  t.is(wrong, 0)
})

test('address: only canonical dotted-decimal is IPv4', (t) => {
  const refused = [
    '',
    '1',
    '1.2.3',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4.',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.1.1.256',
    '999.1.1.1',
    '01.2.3.4',
    '1.2.3.04',
    '00.0.0.0',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.-4',
    '+1.2.3.4',
    '1.2.3.4e',
    '0x1.2.3.4',
    '1,2,3,4',
    '::1',
    '::ffff:1.2.3.4',
    'localhost',
    '1.2.3.4:80',
    '1.2.3.4\n',
    '\u0661.2.3.4',
  ]
  for (const host of refused) {
    t.is(parseIPv4(host), -1, JSON.stringify(host))
    t.absent(isIPv4(host))
  }
  for (const host of ['0.0.0.0', '1.2.3.4', '10.20.30.40', '255.255.255.255']) t.ok(isIPv4(host), host)
})

test('address: no string makes the parser throw or leave its range', (t) => {
  const almost = fc.string({ unit: fc.constantFrom('0', '1', '2', '5', '9', '.', ' ', 'a', '-'), maxLength: 17 })
  holds(
    t,
    fc.property(fc.oneof(fc.string(), almost), (host) => {
      const ip = parseIPv4(host)
      return ip === -1 || (Number.isInteger(ip) && ip >= 0 && ip <= 0xffffffff && formatIPv4(ip) === host)
    }),
    { numRuns: 2000 },
  )
})

test('address: a port is an integer from 1 to 65535', (t) => {
  for (const port of [1, 80, 65535]) t.ok(isPort(port), String(port))
  for (const port of [0, -1, 65536, 1.5, NaN, Infinity, '80', null, undefined]) t.absent(isPort(port), String(port))
})

test('address: a key is exact and names one address', (t) => {
  const address = fc.tuple(fc.nat({ max: 0xffffffff }), fc.nat({ max: 65535 }))
  holds(
    t,
    fc.property(address, ([ip, port]) => {
      const key = addressKey(ip, port)
      const exact = Number.isSafeInteger(key) && Math.floor(key / 65536) === ip && key % 65536 === port
      return exact && keyOf(formatIPv4(ip), port) === key
    }),
  )
  t.is(keyOf('example.org', 80), -1)
})

test('address: scopes begin and end where the registries say', (t) => {
  const rows = {
    '0.0.0.0': 'unusable',
    '0.255.255.255': 'unusable',
    '1.0.0.0': 'public',
    '9.255.255.255': 'public',
    '10.0.0.0': 'private',
    '10.255.255.255': 'private',
    '11.0.0.0': 'public',
    '100.63.255.255': 'public',
    '100.64.0.0': 'private',
    '100.127.255.255': 'private',
    '100.128.0.0': 'public',
    '126.255.255.255': 'public',
    '127.0.0.1': 'loopback',
    '127.255.255.255': 'loopback',
    '128.0.0.0': 'public',
    '169.253.255.255': 'public',
    '169.254.0.0': 'private',
    '169.254.255.255': 'private',
    '169.255.0.0': 'public',
    '172.15.255.255': 'public',
    '172.16.0.0': 'private',
    '172.31.255.255': 'private',
    '172.32.0.0': 'public',
    '192.167.255.255': 'public',
    '192.168.0.0': 'private',
    '192.168.255.255': 'private',
    '192.169.0.0': 'public',
    '223.255.255.255': 'public',
    '224.0.0.0': 'unusable',
    '239.1.1.1': 'unusable',
    '240.0.0.0': 'unusable',
    '255.255.255.255': 'unusable',
  }
  for (const [host, scope] of Object.entries(rows)) t.is(addressScope(parseIPv4(host)), scope, host)
})
