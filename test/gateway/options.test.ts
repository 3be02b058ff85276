import test from 'brittle'
import { DEFAULT_LIMITS, Gateway } from '../../lib/gateway/index.js'
import type { GatewayServerOptions } from '../../lib/gateway/options.js'
import { parseGatewayOptions } from '../../lib/transport/tunnel/options.js'
import { errorOf } from '../helpers/errors.js'

const WRONG: [GatewayServerOptions | object | null, RegExp][] = [
  [null, /options must be an object/],
  [{ host: 'localhost' }, /host must be an IPv4 address/],
  [{ origins: 5 }, /origins/],
  [{ authorize: true }, /authorize must be a function/],
  [{ lookup: 'yes' }, /lookup/],
  [{ allow: ['multicast'] }, /allow may hold/],
  [{ ports: [0, 5] }, /ports must be/],
  [{ ports: [5, 5] }, /ports must be/],
  [{ maxConnections: 0 }, /maxConnections must be/],
  [{ maxConnections: NaN }, /maxConnections must be a number/],
  [{ datagramsPerSecond: '5' }, /datagramsPerSecond must be a number/],
  [{ socketsPerConnection: 256 }, /socketsPerConnection must be from 1 to 255/],
  [{ maxDatagramBytes: 4096 }, /maxDatagramBytes/],
  [{ windowBytes: 1 }, /windowBytes/],
  [{ graceMs: -1 }, /graceMs/],
]

test('options: a gateway names the option that makes no sense', (t) => {
  for (const [options, message] of WRONG) {
    t.ok(message.test(String(errorOf(() => new Gateway(options as never))?.message)), JSON.stringify(options))
  }
})

test('options: every limit may be set', async (t) => {
  const gateway = new Gateway(DEFAULT_LIMITS)
  t.is(gateway.stats.connections.open, 0)
  await gateway.close()
})

const WRONG_CLIENT: [unknown, RegExp][] = [
  ['http://example.org', /ws:\/\/ or wss:\/\//],
  ['', /ws:\/\/ or wss:\/\//],
  [[], /1 to 16 URLs/],
  [['wss://a.example', 5], /ws:\/\/ or wss:\/\//],
  ['wss://a.example/#fragment', /without a fragment/],
  [5, /gateway must be a URL/],
  [{}, /ws:\/\/ or wss:\/\//],
  [{ url: 'wss://a.example', token: 5 }, /gateway.token/],
  [{ url: 'wss://a.example', windowBytes: 5 }, /gateway.windowBytes/],
  [{ url: 'wss://a.example', openTimeoutMs: '5' }, /gateway.openTimeoutMs must be a number/],
  [{ url: 'wss://a.example', minDelayMs: 5000, maxDelayMs: 1000 }, /gateway.maxDelayMs/],
  [{ url: 'wss://a.example', onStatus: 1 }, /gateway.onStatus/],
]

test('options: a client names the option that makes no sense', (t) => {
  for (const [options, message] of WRONG_CLIENT) {
    t.ok(message.test(String(errorOf(() => parseGatewayOptions(options as never))?.message)), JSON.stringify(options))
  }
  t.alike(parseGatewayOptions('wss://a.example/dht?x=1').urls, ['wss://a.example/dht?x=1'])
  t.alike(parseGatewayOptions(['ws://a', 'wss://b']).urls, ['ws://a', 'wss://b'])
})
