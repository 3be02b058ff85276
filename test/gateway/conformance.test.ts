import test from 'brittle'
import { Gateway } from '../../lib/gateway/index.js'
import { systemClock } from '../../lib/primitives/clock.js'
import { systemRandom } from '../../lib/primitives/random.js'
import { openWebSocket } from '../../lib/transport/link/ws.js'
import { parseGatewayOptions } from '../../lib/transport/tunnel/options.js'
import { createGatewayTransport } from '../../lib/transport/websocket.js'
import { testTransport } from '../conformance/transport.js'
import { requestWith, untilTurn } from './harness.js'

const HOST = '127.0.0.1'

// One gateway for the whole suite: each of its tests makes a transport, and with it a connection, of its own.
const gateway = new Gateway({
  host: HOST,
  allow: ['loopback'],
  ports: [20_000, 30_000],
  socketsPerConnection: 8,
  connectionsPerMinute: Infinity,
})
const { url } = await gateway.listen()

testTransport('gateway', {
  create: () =>
    createGatewayTransport({
      config: parseGatewayOptions(url),
      clock: systemClock,
      random: systemRandom,
      openLink: openWebSocket,
    }),
  host: HOST,
  datagram: requestWith,
  until: untilTurn,
})

test('gateway: without sockets there are no connections', async (t) => {
  t.teardown(() => gateway.close())
  t.ok(await untilTurn(() => gateway.stats.connections.open === 0))
  t.is(gateway.stats.sessions.open, 0)
  t.is(gateway.stats.sockets, 0)
  t.ok(gateway.stats.connections.accepted > 0)
})
