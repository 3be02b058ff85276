/** Nodes behind a real gateway, on WebSockets and UDP sockets of the loopback interface, among nodes on UDP. */
import test, { type Assert } from 'brittle'
import { DHT } from '../../index.js'
import { Gateway, type GatewayServerOptions } from '../../lib/gateway/index.js'
import { idFromAddress, sameId } from '../../lib/primitives/id.js'
import { createTestnet } from '../../lib/testnet/index.js'
import { rejectionOf } from '../helpers/errors.js'
import { GET, PUT, serveStore } from '../helpers/store.js'
import { startProxy, untilTurn } from './harness.js'

const HOST = '127.0.0.1'

async function startGateway(t: Assert, options: GatewayServerOptions = {}) {
  const gateway = new Gateway({ host: HOST, allow: ['loopback'], connectionsPerMinute: Infinity, ...options })
  t.teardown(() => gateway.close({ withinMs: 0 }))
  const { url, port } = await gateway.listen()
  return { gateway, url, port }
}

test('nodes: through a gateway a node joins, looks up, stores, reads, answers and turns persistent', async (t) => {
  const testnet = await createTestnet(12, { teardown: t.teardown })
  const { gateway, url } = await startGateway(t)
  const nodes: DHT[] = []
  for (let i = 0; i < 2; i++) {
    const node = new DHT({ gateway: url, bootstrap: testnet.bootstrap, ephemeral: false, firewalled: true })
    t.teardown(() => node.destroy())
    nodes.push(node)
    await node.fullyBootstrapped()
  }
  const [first, second] = nodes as [DHT, DHT]
  t.ok(await untilTurn(() => !first.ephemeral && !second.ephemeral), 'both are persistent')
  for (const node of nodes) {
    const { host, port } = node.remoteAddress()!
    t.is(host, HOST)
    t.ok(sameId(node.id!, idFromAddress(host, port)))
  }
  for (const node of [...testnet.nodes, ...nodes]) serveStore(node)

  const target = new Uint8Array(32).fill(7)
  const value = Uint8Array.of(1, 2, 3)
  const put = first.query({ target, command: PUT, value }, { commit: true })
  await put.finished()
  t.ok(put.commits.filter(({ ok }) => ok).length >= 12, 'committed')
  for (const reader of [second, testnet.nodes[5]!]) {
    let found: Uint8Array | null = null
    for await (const reply of reader.query({ target, command: GET })) found ??= reply.value
    t.alike([...(found ?? [])], [1, 2, 3])
  }
  // Page to page, node to page, page to node.
  const askers: [DHT, DHT][] = [
    [first, second],
    [testnet.nodes[3]!, first],
  ]
  for (const [asker, asked] of askers) {
    const { from } = await asker.request({ command: GET, target }, asked.remoteAddress()!)
    t.ok(sameId(from.id!, asked.id!))
  }
  t.ok((await first.ping(testnet.bootstrap[0]!)).rtt >= 0)
  await Promise.all(nodes.map((node) => node.destroy()))
  t.ok(await untilTurn(() => gateway.stats.connections.open === 0))
  t.is(gateway.stats.sockets, 0)
  t.is(gateway.stats.sessions.open, 0)
})

test('nodes: names of bootstrap nodes are looked up by the gateway', async (t) => {
  const testnet = await createTestnet(3, { teardown: t.teardown })
  const asked: string[] = []
  const lookup = async (name: string): Promise<string> => {
    asked.push(name)
    return HOST
  }
  const { url } = await startGateway(t, { lookup })
  const node = new DHT({ gateway: url, bootstrap: [`boot.example:${testnet.bootstrap[0]!.port}`] })
  t.teardown(() => node.destroy())
  await node.fullyBootstrapped()
  t.alike(asked, ['boot.example'])
  t.ok(node.table.size > 0)
})

test('nodes: a gateway that closes hands its nodes over to the next, on real connections', async (t) => {
  const testnet = await createTestnet(6, { teardown: t.teardown })
  const [first, second] = [await startGateway(t), await startGateway(t)]
  const node = new DHT({
    gateway: { url: [first.url, second.url], minDelayMs: 10 },
    bootstrap: testnet.bootstrap,
    ephemeral: false,
  })
  t.teardown(() => node.destroy())
  await node.fullyBootstrapped()
  await first.gateway.close({ withinMs: 1000 })
  t.ok(await untilTurn(() => second.gateway.stats.sockets === 2))
  t.ok(await untilTurn(() => node.remoteAddress() !== null))
  t.ok((await node.ping(testnet.bootstrap[0]!)).rtt >= 0)
  t.is(first.gateway.stats.sockets, 0)
})

test('nodes: a connection that breaks is resumed with the same ports', async (t) => {
  const testnet = await createTestnet(6, { teardown: t.teardown })
  const { gateway, port } = await startGateway(t)
  const proxy = await startProxy(t, port)
  const told: string[] = []
  gateway.on('connection', (client, resumed) => void told.push(`${client.address} ${resumed}`))
  const states: string[] = []
  const node = new DHT({
    gateway: {
      url: proxy.url,
      minDelayMs: 1,
      onStatus: ({ state, resumed }) => void states.push(`${state} ${resumed}`),
    },
    bootstrap: testnet.bootstrap,
    ephemeral: false,
  })
  t.teardown(() => node.destroy())
  await node.fullyBootstrapped()
  t.ok(await untilTurn(() => !node.ephemeral))
  const { id } = node
  proxy.cut()
  t.ok(await untilTurn(() => states.at(-1) === 'open true'))
  t.ok(sameId(node.id!, id!))
  const answer = await testnet.nodes[2]!.ping(node.remoteAddress()!)
  t.ok(sameId(answer.from.id!, id!))
  t.alike(told, [`${HOST} false`, `${HOST} true`])
})

test('nodes: a token, and what the gateway says without it', async (t) => {
  const testnet = await createTestnet(2, { teardown: t.teardown })
  const { url } = await startGateway(t, { authorize: ({ token }) => token === 'sesame' || 'members only' })
  const { bootstrap } = testnet
  const stranger = new DHT({ gateway: url, bootstrap })
  t.teardown(() => stranger.destroy())
  const error = await rejectionOf(stranger.fullyBootstrapped())
  t.ok(error!.message.includes('members only'), error!.message)
  const member = new DHT({ gateway: { url, token: async () => 'sesame' }, bootstrap })
  t.teardown(() => member.destroy())
  await member.fullyBootstrapped()
  t.ok(member.bootstrapped)
})

test('nodes: where nobody listens the node fails with what was tried', async (t) => {
  const { gateway, url } = await startGateway(t)
  await gateway.close()
  const node = new DHT({ gateway: { url, openTimeoutMs: 100, minDelayMs: 5, maxDelayMs: 10 }, bootstrap: [] })
  t.teardown(() => node.destroy())
  const error = await rejectionOf(node.fullyBootstrapped())
  t.ok(/BIND_FAILED.*GATEWAY_UNREACHABLE.*ECONNREFUSED/.test(error!.message), error!.message)
})
