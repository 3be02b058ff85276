/** Sockets at a gateway and how one is named, for all that may be passed. */
import test from 'brittle'
import fc from 'fast-check'
import { formatIPv4 } from '../../../lib/primitives/address.js'
import { bindError } from '../../../lib/transport/tunnel/bind-error.js'
import { parseGatewayOptions } from '../../../lib/transport/tunnel/options.js'
import { BIND_OUTCOMES } from '../../../lib/transport/tunnel/refusal.js'
import { TunnelSocket } from '../../../lib/transport/tunnel/socket.js'
import { isUdx } from '../../../lib/transport/udx.js'
import { holds, holdsAsync } from '../../helpers/properties.js'

test('bind error: every outcome is an error of a system, with a code of its own', (t) => {
  const codes = new Set<string>()
  holds(
    t,
    fc.property(fc.constantFrom(...BIND_OUTCOMES), fc.ipV4(), fc.nat(65_535), (outcome, host, port) => {
      const error = bindError(outcome, host, port) as Error & { code: string }
      if (outcome !== 'bound') codes.add(error.code)
      return /^E[A-Z]+$/.test(error.code) && error.message.startsWith(`${error.code}: `)
    }),
  )
  t.is(codes.size, BIND_OUTCOMES.length - 1)
})

test('options: whatever is passed as a gateway is taken, or refused by a TypeError or RangeError', (t) => {
  const option = fc.oneof(fc.anything(), fc.integer(), fc.constantFrom('wss://a.example', 'ws://b', 'http://c', ''))
  const options = fc.record(
    { url: option, token: option, windowBytes: option, openTimeoutMs: option, minDelayMs: option, maxDelayMs: option },
    { requiredKeys: ['url'] },
  )
  holds(
    t,
    fc.property(fc.oneof(fc.anything(), options), (given) => {
      try {
        const { urls, windowBytes, minDelayMs, maxDelayMs } = parseGatewayOptions(given as never)
        return urls.length > 0 && windowBytes >= 4096 && minDelayMs <= maxDelayMs
      } catch (error) {
        return error instanceof TypeError || error instanceof RangeError
      }
    }),
    { numRuns: 1000 },
  )
})

test('socket: sends what can be sent, while it is bound, and is closed once', async (t) => {
  const port = fc.integer({ min: -2, max: 70_000 })
  const state = fc.constantFrom('opening', 'bound', 'rebinding', 'closed')
  const host = fc.oneof(fc.nat(0xffffffff).map(formatIPv4), fc.string())
  await holdsAsync(
    t,
    fc.asyncProperty(port, host, state, fc.nat(3), async (to, at, is, closes) => {
      const sent: [ip: number, port: number][] = []
      let closed = 0
      const tunnel = {
        sendDatagram: (_: unknown, ip: number, toPort: number) => void sent.push([ip, toPort]),
        closeSocket: async () => void closed++,
      }
      const socket = new TunnelSocket(tunnel, 0, 1, '0.0.0.0', () => {})
      socket.state = is
      socket.trySend(new Uint8Array(1), to, at)
      const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(at) && sent.every(([ip]) => formatIPv4(ip) === at)
      const mustSend = is === 'bound' && to > 0 && to < 65_536 && isAddress
      for (let i = 0; i < closes; i++) await socket.close()
      socket.trySend(new Uint8Array(1), 1, '20.0.0.1')
      return closed === Math.min(closes, 1) && sent.length > 0 === (mustSend || (closes === 0 && is === 'bound'))
    }),
  )
})

test('udx: what can make sockets is one', (t) => {
  holds(
    t,
    fc.property(fc.anything(), (value) => !isUdx(value)),
  )
  t.ok(isUdx({ createSocket() {} }))
})
