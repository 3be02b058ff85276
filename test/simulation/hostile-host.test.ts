import test from 'brittle'
import { Simulation } from '../../lib/simulation/index.js'

test('hostile host: sees raw bytes, answers with nonsense, and the node goes on', async (t) => {
  const sim = new Simulation({ seed: 6 })
  t.teardown(() => sim.destroy())
  const nodes = await sim.startNodes(20)
  const mallory = await sim.hostileHost((bytes, from, host) => {
    host.send(sim.random.bytes(50), from)
    host.send(bytes.subarray(0, 5), from) // borrowed bytes: send copies them
  })
  const node = nodes[0]!
  await t.exception(sim.run(node.ping(mallory.endpoint)), { code: 'REQUEST_TIMEOUT' })
  t.ok(mallory.received >= 1, `asked ${mallory.received} times`)
  node.addNode(mallory.endpoint)
  const query = node.findNode(sim.random.bytes(32))
  await sim.run(query.finished())
  t.absent(query.closestNodes.some(({ host }) => host === mallory.host.address))
})

test('hostile host: forged datagrams get in, and the answer goes to the one they name', async (t) => {
  const sim = new Simulation({ seed: 6, network: { latency: 10, jitter: 0 } })
  t.teardown(() => sim.destroy())
  const [node] = await sim.startNodes(1)
  const got: string[] = []
  const victim = await sim.hostileHost((bytes, from) => got.push(`${bytes.length > 0} ${from.host}`), { port: 7777 })
  const mallory = await sim.hostileHost()
  // A ping request without id and token (wire-protocol 3): version and kind, flags, tid, the address it is sent to.
  const ping = Uint8Array.of(3, 4, 1, 0, 20, 0, 0, 2, 0, 0, 0)
  mallory.forge(ping, victim.endpoint, sim.addressOf(node!))
  await sim.advance(100)
  t.alike(got, [`true ${sim.hostOf(node!).address}`])
  t.is(mallory.received, 0)
  t.is(victim.endpoint.port, 7777)
})

test('hostile host: what it sends is a copy, so it may pass on what it got', async (t) => {
  const sim = new Simulation({ seed: 6 })
  const got: number[][] = []
  const end = await sim.hostileHost((bytes) => got.push([...bytes]))
  const relay = await sim.hostileHost((bytes, _from, host) => host.send(bytes, end.endpoint))
  end.send(Uint8Array.of(1, 2, 3), relay.endpoint)
  await sim.advance(1000)
  t.alike(got, [[1, 2, 3]])
})
