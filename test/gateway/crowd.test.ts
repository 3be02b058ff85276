import test from 'brittle'
import { DHT } from '../../index.js'
import { Gateway } from '../../lib/gateway/index.js'
import { createTestnet } from '../../lib/testnet/index.js'
import { untilTurn } from './harness.js'

const HOST = '127.0.0.1'
const CLIENTS = 200

/** Nodes that join at a time: one process runs all of them, and the gateway. */
const AT_A_TIME = 20

test('crowd: 200 nodes behind one gateway join, and reach each other', { timeout: 120_000 }, async (t) => {
  const testnet = await createTestnet(20, { teardown: t.teardown })
  const gateway = new Gateway({
    host: HOST,
    allow: ['loopback'],
    maxConnectionsPerAddress: CLIENTS,
    connectionsPerMinute: Infinity,
    totalDatagramsPerSecond: Infinity,
  })
  t.teardown(() => gateway.close({ withinMs: 0 }))
  const { url } = await gateway.listen()
  const nodes = Array.from({ length: CLIENTS }, () => new DHT({ gateway: url, bootstrap: testnet.bootstrap }))
  t.teardown(() => Promise.all(nodes.map((node) => node.destroy())))
  for (let i = 0; i < CLIENTS; i += AT_A_TIME) {
    await Promise.all(nodes.slice(i, i + AT_A_TIME).map((node) => node.fullyBootstrapped()))
  }
  t.is(gateway.stats.connections.open, CLIENTS)
  t.is(gateway.stats.sockets, 2 * CLIENTS)
  const ports = new Set(nodes.map((node) => node.address()!.port))
  t.is(ports.size, CLIENTS, 'each has a port of its own')
  for (const node of nodes) node.on('request', (req) => req.reply(Uint8Array.of(1)))
  let answered = 0
  for (let i = 0; i < CLIENTS; i += AT_A_TIME) {
    const asked = nodes.slice(i, i + AT_A_TIME).map(async (node, k) => {
      const { port } = nodes[(i + k + 77) % CLIENTS]!.address()!
      const { value } = await node.request({ command: 5, target: null }, { host: HOST, port })
      if (value?.[0] === 1) answered++
    })
    await Promise.all(asked)
  }
  t.is(answered, CLIENTS)
  const refused = Object.values(gateway.stats.outgoing.refused).reduce((sum, count) => sum + count, 0)
  t.is(refused, 0)
  await Promise.all(nodes.map((node) => node.destroy()))
  t.ok(await untilTurn(() => gateway.stats.sockets === 0))
})
