/** The pure rules of a gateway: addresses, origins, budgets. What becomes of datagrams by them is in limits. */
import test from 'brittle'
import fc from 'fast-check'
import { clientAddress, clientKey, unheardProxy } from '../../lib/gateway/client-address.js'
import { inspectOutgoing, NO_PORT } from '../../lib/gateway/datagram-rules.js'
import { type ExtraScope, isDestinationAllowed } from '../../lib/gateway/destination.js'
import { isOriginAllowed, type OriginRule } from '../../lib/gateway/origin.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { decodeRequest } from '../../lib/wire/request.js'
import { decodeResponse } from '../../lib/wire/response.js'
import { holds } from '../helpers/properties.js'

const DESTINATIONS: [host: string, port: number, allow: ExtraScope[], allowed: boolean][] = [
  ['8.8.8.8', 2000, [], true],
  ['8.8.8.8', 1023, [], false],
  ['127.0.0.1', 2000, [], false],
  ['127.0.0.1', 2000, ['loopback'], true],
  ['127.0.0.1', 2000, ['private'], false],
  ['192.168.0.1', 2000, ['private'], true],
  ['192.168.0.1', 2000, ['loopback'], false],
  ['169.254.169.254', 2000, [], false],
  ['224.0.0.1', 2000, ['loopback', 'private'], false],
  ['255.255.255.255', 2000, ['loopback', 'private'], false],
  ['0.0.0.0', 2000, ['loopback', 'private'], false],
  ['192.0.2.1', 2000, [], false],
  ['198.19.255.255', 2000, [], false],
  ['198.20.0.0', 2000, [], true],
  ['203.0.112.255', 2000, [], true],
]

test('rules: destinations are public hosts, unless more is allowed', (t) => {
  for (const [host, port, allow, allowed] of DESTINATIONS) {
    const rules = { allow: new Set(allow), minPort: 1024 }
    t.is(isDestinationAllowed(parseIPv4(host), port, rules), allowed, `${host}:${port} ${allow.join()}`)
  }
})

const ORIGINS: [origin: string | undefined, host: string | undefined, rule: OriginRule | null, allowed: boolean][] = [
  [undefined, 'gw.example', null, true],
  ['https://gw.example', 'gw.example', null, true],
  ['https://gw.example:8443', 'gw.example:8443', null, true],
  ['https://gw.example', 'gw.example:8443', null, false],
  ['https://evil.example', 'gw.example', null, false],
  ['https://gw.example.evil.example', 'gw.example', null, false],
  ['null', 'null', null, false],
  ['gw.example', 'gw.example', null, false],
  ['https://gw.example', undefined, null, false],
  ['https://evil.example', 'gw.example', '*', true],
  ['https://app.example', 'gw.example', ['https://app.example'], true],
  ['https://APP.example', 'gw.example', ['https://app.example/'], true],
  ['http://app.example', 'gw.example', ['https://app.example'], false],
  ['https://gw.example', 'gw.example', ['https://app.example'], false],
  [undefined, 'gw.example', ['https://app.example'], true],
  ['null', 'gw.example', ['null'], true],
  ['https://a.example', 'gw.example', (origin) => origin.endsWith('a.example'), true],
  ['https://b.example', 'gw.example', (origin) => origin.endsWith('a.example'), false],
]

test('rules: pages of the gateway’s own host, or of those that are named', (t) => {
  for (const [origin, host, rule, allowed] of ORIGINS) {
    t.is(isOriginAllowed(origin, host, rule), allowed, `${origin} at ${host}: ${String(rule)}`)
  }
})

test('rules: an IPv6 client is its /64', (t) => {
  t.is(clientKey('203.0.113.7'), '203.0.113.7')
  t.is(clientKey('::ffff:203.0.113.7'), '203.0.113.7')
  t.is(clientKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  t.is(clientKey('2001:0db8:0001:0002::1'), '2001:db8:1:2::/64')
  t.is(clientKey('2001:db8::1'), '2001:db8:0:0::/64')
  t.is(clientKey('::1'), '0:0:0:0::/64')
  t.is(clientKey('fe80::1%eth0'), 'fe80:0:0:0::/64')
})

test('rules: what a proxy says is believed if it is one of ours', (t) => {
  const ours = new Set(['127.0.0.1', '10.0.0.2'])
  t.is(clientAddress('203.0.113.7', '1.2.3.4', ours), '203.0.113.7', 'a stranger says what he likes')
  t.is(clientAddress('127.0.0.1', '1.2.3.4', ours), '1.2.3.4')
  t.is(clientAddress('::ffff:127.0.0.1', '9.9.9.9, 1.2.3.4', ours), '1.2.3.4', 'what the client added does not count')
  t.is(clientAddress('127.0.0.1', '9.9.9.9, 1.2.3.4, 10.0.0.2', ours), '1.2.3.4', 'through two of ours')
  t.is(clientAddress('127.0.0.1', 'unknown', ours), '127.0.0.1')
  t.is(clientAddress('127.0.0.1', undefined, ours), '127.0.0.1')
  t.is(clientAddress('127.0.0.1', '2001:DB8::1', ours), '2001:db8::1')
})

test('rules: a proxy that is not heard is noticed, one that is heard is not', (t) => {
  const ours = new Set(['127.0.0.1'])
  const of = (peer: string, headers: Record<string, string>) => unheardProxy(peer, headers, ours)
  t.is(of('20.0.0.1', {}), null, 'no proxy')
  t.is(of('20.0.0.1', { 'x-forwarded-for': '1.2.3.4' }), 'x-forwarded-for')
  t.is(of('20.0.0.1', { forwarded: 'for=1.2.3.4' }), 'forwarded')
  t.is(of('::ffff:20.0.0.1', { 'x-real-ip': '1.2.3.4' }), 'x-real-ip')
  t.is(of('127.0.0.1', { 'x-forwarded-for': '1.2.3.4', 'x-real-ip': '1.2.3.4' }), null)
  t.is(of('::ffff:127.0.0.1', { 'x-forwarded-for': '9.9.9.9, 2001:db8::1' }), null)
  t.is(of('127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }), null, 'a client on the machine of the proxy')
  t.is(of('127.0.0.1', { 'x-real-ip': '1.2.3.4' }), 'x-real-ip', 'one of ours, in a header that is not read')
  t.is(of('127.0.0.1', { 'x-forwarded-for': 'unknown' }), 'x-forwarded-for', 'one of ours that hides its clients')
  t.is(of('127.0.0.1', {}), null, 'from the machine of the proxy, past it')
})

test('rules: whatever bytes leave, a node can read them', (t) => {
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(3, 0x13, 0x78, -1), (bytes, first) => {
      if (first !== -1 && bytes.length > 0) bytes[0] = first
      if (inspectOutgoing(bytes) < NO_PORT) return true
      const inner = bytes[0] === 0x78 ? bytes.subarray(9) : bytes
      return decodeRequest(inner) !== null || decodeResponse(inner) !== null
    }),
    { numRuns: 500 },
  )
})
