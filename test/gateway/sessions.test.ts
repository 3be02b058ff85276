import test, { type Assert } from 'brittle'
import { createGatewayStats } from '../../lib/gateway/metrics.js'
import { type GatewayServerOptions, parseGatewayServerOptions } from '../../lib/gateway/options.js'
import { Sessions } from '../../lib/gateway/sessions.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { createUdpTransport } from '../../lib/transport/udp.js'
import { SimulatedNetwork } from '../../lib/simulation/network.js'
import { requestWith } from './harness.js'

function create(t: Assert, options: GatewayServerOptions) {
  const clock = new VirtualClock()
  const { transport } = new SimulatedNetwork({ seed: 1, clock }).createHost()
  const stats = createGatewayStats()
  const sessions = new Sessions(parseGatewayServerOptions({ transport, clock, ...options }), stats)
  t.teardown(() => sessions.endAll())
  return { sessions, clock, stats }
}

test('sessions: one address has so many places, another has its own', (t) => {
  const { sessions } = create(t, { maxConnectionsPerAddress: 2 })
  t.is(sessions.enter('a'), 'entered')
  t.is(sessions.enter('a'), 'entered')
  t.is(sessions.enter('a'), 'tooMany')
  t.is(sessions.enter('b'), 'entered')
  sessions.leave('a')
  t.is(sessions.enter('a'), 'entered')
})

test('sessions: the gateway has so many places for all', (t) => {
  const { sessions } = create(t, { maxConnections: 2 })
  t.is(sessions.enter('a'), 'entered')
  t.is(sessions.enter('b'), 'entered')
  t.is(sessions.enter('c'), 'full')
})

test('sessions: one that waits gives its place to who is there, the longest first', (t) => {
  const { sessions, clock, stats } = create(t, { maxConnectionsPerAddress: 2 })
  sessions.enter('a')
  const first = sessions.create('a')
  sessions.enter('a')
  const second = sessions.create('a')
  const connection = { deliver: () => true }
  first.connection = connection
  second.connection = connection
  t.is(sessions.enter('a'), 'tooMany', 'both are there')
  sessions.park(second)
  sessions.park(first)
  t.is(clock.now(), 0)
  t.is(sessions.enter('a'), 'entered')
  t.is(sessions.find(second.ticket), null)
  t.is(sessions.find(first.ticket), first)
  t.is(stats.sessions.expired, 1)
})

test('sessions: new connections of one address come at a rate', async (t) => {
  const { sessions, clock } = create(t, { connectionsPerMinute: 6 })
  for (let i = 0; i < 6; i++) t.is(sessions.enter('a'), 'entered')
  t.is(sessions.enter('a'), 'tooMany')
  t.is(sessions.enter('b'), 'entered')
  await clock.advance(10_000)
  t.is(sessions.enter('a'), 'entered')
  t.is(sessions.enter('a'), 'tooMany')
})

test('sessions: who resumes one from elsewhere takes its place along', (t) => {
  const { sessions } = create(t, { maxConnectionsPerAddress: 1 })
  sessions.enter('a')
  const session = sessions.create('a')
  session.connection = { deliver: () => true }
  sessions.park(session)
  t.is(sessions.enter('b'), 'entered')
  sessions.resume(session, 'b')
  session.connection = { deliver: () => true }
  t.is(sessions.enter('b'), 'tooMany')
  t.is(sessions.enter('a'), 'entered')
})

test('sessions: what a gateway has not come to read is little, and not old', async (t) => {
  const sessions = new Sessions(
    parseGatewayServerOptions({ host: '127.0.0.1', allow: ['loopback'] }),
    createGatewayStats(),
  )
  t.teardown(() => sessions.endAll())
  sessions.enter('a')
  const session = sessions.create('a')
  let delivered = 0
  session.connection = { deliver: () => ++delivered > 0 }
  const { port } = await session.bind(0, 0)!
  const sender = await createUdpTransport().bind(0, '127.0.0.1', () => {})
  t.teardown(() => sender.close())
  const datagram = requestWith(new Uint8Array(1150))
  // All of them before the gateway has its next turn.
  for (let i = 0; i < 1000; i++) sender.trySend(datagram, port, '127.0.0.1')
  const untilNoMore = async (): Promise<void> => {
    const before = delivered
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (delivered > before) await untilNoMore()
  }
  await untilNoMore()
  const windowful = (64 * 1024) / datagram.length
  t.ok(delivered >= windowful, `${delivered} were kept: a burst of a window's size`)
  t.ok(delivered < 6 * windowful, 'and not the hundreds that would be a tenth of a second late')
})
