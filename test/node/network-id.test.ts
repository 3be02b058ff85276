/** Private networks: nodes with different ids never hear each other, wherever they live and whomever they ask. */
import test, { type Assert } from 'brittle'
import { DHT, type DHTOptions } from '../../index.js'
import { Simulation as TestNetwork } from '../helpers/simulation.js'
import { type SimulatedHost, Simulation } from '../../lib/simulation/index.js'

const TARGET = new Uint8Array(32).fill(5)
const IDS = [undefined, 'one', 'two', new Uint8Array(32).fill(1)] as const
const K = 20

/** Every datagram of a node is accounted for. */
function checkBooks(t: Assert, node: DHT): void {
  const { received, requests, responses, dropped } = node.stats.datagrams
  const sum = Object.values(dropped).reduce((a, b) => a + b, requests + responses)
  if (received !== sum) t.fail(`${received} received, ${sum} accounted for`)
}

test('network id: networks on the same hosts, with each other as bootstrap nodes, never mix', async (t) => {
  const sim = new Simulation({ seed: 3, network: { latency: 20, loss: 0.01 } })
  t.teardown(() => sim.destroy())
  // Each host runs a node of each network, and every node is told a bootstrapper of its own and one of another network.
  const hosts = Array.from({ length: 25 }, () => sim.createHost())
  const networks: DHT[][] = IDS.map(() => [])
  const portOf = (network: number): number => 5000 + (network % IDS.length)
  const { address } = hosts[0]!
  const startOn = (host: SimulatedHost, i: number): DHT => {
    const networkId = IDS[i] as string
    const bootstrap = [i, i + 1].map((network) => ({ host: address, port: portOf(network) }))
    const create = (options: DHTOptions): DHT =>
      host === hosts[0] ? DHT.bootstrapper(portOf(i), address, options) : new DHT(options)
    return sim.createNode({ bootstrap, ephemeral: false, port: portOf(i), networkId }, { host, create })
  }
  for (const host of hosts) {
    const nodes = IDS.map((_, i) => startOn(host, i))
    nodes.forEach((node, i) => networks[i]!.push(node))
    await sim.run(Promise.all(nodes.map((node) => node.ready())))
  }
  await sim.advance(10 * 60_000)
  for (const [i, nodes] of networks.entries()) {
    const ports = new Set(nodes.flatMap((node) => [...node.nodes].map(({ port }) => port)))
    t.alike([...ports], [portOf(i)], `network ${i} knows its own only`)
    t.ok(nodes.every((node) => node.table.size >= K && !node.ephemeral))
    const query = nodes.at(-1)!.findNode(TARGET)
    await sim.run(query.finished())
    t.is(query.closestNodes.length, K)
    t.ok(query.closestNodes.every(({ port }) => port === portOf(i)))
    t.ok(nodes[0]!.stats.datagrams.dropped.foreign > 0, 'the others did knock')
    t.is(nodes[0]!.stats.datagrams.dropped.malformed, 0)
    for (const node of nodes) checkBooks(t, node)
  }
})

test('network id: what is asked of a node of another network is never answered, in any direction', async (t) => {
  const sim = new TestNetwork(t)
  const nodes = await Promise.all(
    IDS.map((networkId) => sim.start({ bootstrap: [], firewalled: false, networkId: networkId as string })),
  )
  for (const node of nodes) node.on('request', (req) => req.reply(null))
  for (const [i, asker] of nodes.entries()) {
    for (const [j, asked] of nodes.entries()) {
      if (i === j) continue
      const before = asked.stats.datagrams.dropped.foreign
      const outcome = asker.request({ command: 7 }, sim.addressOf(asked), { retry: false }).then(
        () => 'answered',
        (error: { code: string }) => error.code,
      )
      t.is(await sim.run(outcome), 'REQUEST_TIMEOUT', `${i} to ${j}`)
      t.is(asked.stats.datagrams.dropped.foreign, before + 1)
    }
  }
  const twin = await sim.start({ bootstrap: [], networkId: 'one' })
  const reply = await sim.run(twin.request({ command: 7 }, sim.addressOf(nodes[1]!)))
  t.is(reply.error, 0, 'its own network answers')
})

test('network id: a sealed datagram without the id of the network is dropped before anything else is done', async (t) => {
  const sim = new TestNetwork(t)
  const node = await sim.start({ bootstrap: [], firewalled: false, networkId: 'one' })
  const { socket } = await sim.socket()
  const to = sim.addressOf(node)
  const sends = [[], [0x78], [0x03], [0x03, 0x04, 1, 2, 20, 0, 0, 1, 0, 1, 0], [0x78, ...new Array<number>(40).fill(3)]]
  for (const bytes of sends) socket.trySend(Uint8Array.from(bytes), to.port, to.host)
  await sim.clock.advance(100)
  const { received, requests, sent, dropped } = node.stats.datagrams
  t.alike([received, requests, sent, dropped.short, dropped.foreign], [5, 0, 0, 3, 2])
})

test('network id: a value may be nine bytes shorter', async (t) => {
  const sim = new TestNetwork(t)
  const open = sim.create({ bootstrap: [] })
  const closed = sim.create({ bootstrap: [], networkId: 'one' })
  const mostOf = (node: DHT): number => {
    for (let size = 2048; ; size--) {
      try {
        void node.request({ command: 7, value: new Uint8Array(size) }, { host: '20.9.9.9', port: 1 }).catch(() => {})
        return size
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
      }
    }
  }
  t.is(mostOf(open) - mostOf(closed), 9)
})

test('network id: an answer of full length arrives', async (t) => {
  const sim = new TestNetwork(t)
  const networkId = 'one'
  const node = await sim.start({ bootstrap: [], firewalled: false, networkId, inboundLimits: false })
  let most = 2048
  node.on('request', (req) => {
    for (; ; most--) {
      try {
        req.reply(new Uint8Array(most))
        return
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
      }
    }
  })
  const asker = await sim.start({ bootstrap: [], networkId })
  const reply = await sim.run(asker.request({ command: 7 }, sim.addressOf(node)))
  t.is(reply.value?.length, most)
})
