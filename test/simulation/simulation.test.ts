import test from 'brittle'
import { createHash } from 'node:crypto'
import { DHT } from '../../index.js'
import { SeededRandom, Simulation, trueClosest } from '../../lib/simulation/index.js'
import { compareDistance } from '../../lib/primitives/id.js'

const MINUTE = 60_000

/** The hash of every datagram of a network that goes through a lot, and what it ends up as. */
async function runTrace(seed: number): Promise<{ hash: string; datagrams: number }> {
  const sim = new Simulation({ seed, network: { loss: 0.02, jitter: 0.2, duplication: 0.01, reordering: 0.01 } })
  const hash = createHash('sha256')
  let datagrams = 0
  sim.network.tap = ({ bytes, fromHost, fromPort, toHost, toPort }) => {
    datagrams++
    hash.update(`${sim.clock.now()} ${fromHost}:${fromPort} ${toHost}:${toPort} `).update(bytes)
  }
  const nodes = await sim.startNodes(100, undefined, (i) => ({ nat: i % 10 === 9 ? 'randomized' : 'open' }))
  sim.churn({ halfLifeMs: 10 * MINUTE, graceful: 0.2 })
  for (const node of sim.random.sample(nodes, 10)) sim.hostOf(node).sleep(2 * MINUTE)
  for (let i = 0; i < 5; i++) {
    await sim.advance(MINUTE)
    await sim.run(sim.random.pick(sim.livingNodes).findNode(sim.random.bytes(32)).finished())
  }
  await sim.destroy()
  return { hash: hash.digest('hex'), datagrams }
}

test('simulation: the same seed gives the same datagrams at the same times, another gives others', async (t) => {
  const first = await runTrace(1)
  t.ok(first.datagrams > 20_000, `${first.datagrams} datagrams`)
  t.alike(await runTrace(1), first)
  t.not((await runTrace(2)).hash, first.hash)
})

test('simulation: nodes started in waves know each other, and find the closest', async (t) => {
  const sim = new Simulation({ seed: 1 })
  t.teardown(() => sim.destroy())
  const progress: number[] = []
  const nodes = await sim.startNodes(120, undefined, {}, (joined) => progress.push(joined))
  t.alike(progress.slice(0, 5), [10, 20, 30, 40, 50])
  t.is(progress.at(-1), 120)
  t.is(nodes.length, 120)
  t.is(sim.nodes.length, 121, 'and a bootstrapper, made by itself')
  t.ok(nodes.every((node) => !node.ephemeral))
  const target = sim.random.bytes(32)
  const query = nodes[0]!.findNode(target)
  await sim.run(query.finished())
  const truth = sim.trueClosest(target, 21).filter((node) => node !== nodes[0])
  t.alike(
    query.closestNodes.map(({ host, port }) => `${host}:${port}`),
    truth.slice(0, 20).map(({ host, port }) => `${host}:${port}`),
  )
})

test('simulation: the true closest are the living persistent ones, by brute force', (t) => {
  const random = new SeededRandom(1)
  const nodes = Array.from({ length: 300 }, (_, i) => ({ id: i % 7 === 0 ? null : random.bytes(32) }))
  // Ids that share their first bytes with the target, so that more than a prefix decides.
  const target = nodes[1]!.id!
  for (let i = 10; i < 20; i++) nodes[i]!.id?.set(target.subarray(0, 4 + i))
  const expected = nodes
    .filter(({ id }) => id !== null)
    .sort((a, b) => compareDistance(target, a.id!, b.id!))
    .slice(0, 30)
  t.alike(trueClosest(nodes, target, 30), expected)
  t.is(trueClosest(nodes, target, 1000).length, nodes.filter(({ id }) => id !== null).length)
  t.alike(trueClosest([], target, 5), [])
})

test('simulation: run gives what the promise was settled with, and does not wait for ever', async (t) => {
  const sim = new Simulation()
  const later = new Promise<string>((resolve) => void sim.clock.after(1000, () => resolve('done')))
  t.is(await sim.run(later), 'done')
  t.is(sim.clock.now(), 1000)
  await t.exception(sim.run(Promise.reject(new Error('boom'))), /boom/)
  await t.exception(sim.run(new Promise(() => {}), { limitMs: 5000 }), /not settled within 5000 ms/)
  t.is(sim.clock.now(), 6000)
  sim.clock.after(10, () => {
    throw new Error('a bug')
  })
  await t.exception(sim.run(new Promise(() => {})), /a bug/)
})

test('simulation: nodes of a class of one’s own, on hosts of one’s own', async (t) => {
  class Mine extends DHT {}
  const sim = new Simulation({ create: (options) => new Mine(options) })
  t.teardown(() => sim.destroy())
  const node = await sim.startNode()
  t.ok(node instanceof Mine)
  class Other extends DHT {
    readonly name = 'other'
  }
  const host = sim.createHost({ address: '50.0.0.1' })
  const other = await sim.startNode({}, { host, create: (options) => new Other(options) })
  t.is(other.name, 'other', 'and the type is that of what create makes')
  const [third] = await sim.startNodes(1, {}, { create: (options) => new Other(options) })
  t.is(third!.name, 'other')
  t.is(sim.hostOf(other), host)
  t.is(sim.addressOf(other).host, '50.0.0.1')
  await sim.run(node.ping(sim.addressOf(other)).catch(() => {}))
})

test('simulation: living nodes, removed nodes, and nodes of somebody else', async (t) => {
  const sim = new Simulation()
  t.teardown(() => sim.destroy())
  const bootstrapper = sim.bootstrapper()
  const [a, b, c] = (await sim.startNodes(3)) as [DHT, DHT, DHT]
  sim.hostOf(a).kill()
  await sim.run(b.destroy())
  t.alike(sim.livingNodes, [bootstrapper, c])
  t.alike(sim.nodes, [bootstrapper, a, b, c])
  const { address } = sim.hostOf(a)
  sim.remove(a)
  t.alike(sim.nodes, [bootstrapper, b, c])
  t.is(sim.network.hostAt(address), undefined)
  void t.exception(() => sim.hostOf(a), /not of this simulation/)
  void t.exception(() => sim.addressOf(b), /not bound/)
  t.alike(sim.bootstrap, [{ host: bootstrapper.host, port: bootstrapper.port }])
})

test('simulation: destroyed, nothing is left of it; twice is harmless', async (t) => {
  const sim = new Simulation()
  await sim.startNodes(10)
  sim.churn({ halfLifeMs: MINUTE })
  sim.hostOf(sim.nodes[3]!).kill()
  const { nodes } = sim
  await sim.destroy()
  await sim.destroy()
  t.ok(nodes.every((node) => node.destroyed))
  t.is(sim.network.boundSockets(), 0)
  await sim.advance(10 * MINUTE)
  t.is(sim.clock.pending, 0)
})

test('simulation: destroyed in the middle of everything, the clock is empty, but for timers of the user’s own', async (t) => {
  const sim = new Simulation()
  const nodes = await sim.startNodes(30)
  const hosts = nodes.map((node) => sim.hostOf(node))
  const mallory = await sim.hostileHost()
  sim.churn({ sessionMs: () => 20 * MINUTE })
  hosts[0]!.kill()
  hosts[1]!.sleep(100 * MINUTE)
  hosts[2]!.disconnect()
  sim.remove(nodes[3]!)
  const query = nodes[5]!.findNode(sim.random.bytes(32))
  const ended = query.finished().then(
    () => 'found',
    ({ code }: { code: string }) => code,
  )
  await sim.advance(100)
  const destroyed = sim.destroy()
  t.is(sim.destroy(), destroyed, 'and once')
  await destroyed
  t.is(await ended, 'REQUEST_DESTROYED')
  t.is(sim.clock.pending, 0)
  t.is(sim.network.boundSockets(), 0)
  await mallory.close()
  hosts[6]!.clock.after(1000, () => {})
  t.is(sim.clock.pending, 1)
})

test('simulation: destroyed, it makes nothing any more', async (t) => {
  const sim = new Simulation()
  const nodes = await sim.startNodes(2)
  await sim.destroy()
  const calls = [
    () => sim.createHost(),
    () => sim.createNode(),
    () => sim.startNode(),
    () => sim.startNodes(1),
    () => sim.bootstrapper(),
    () => sim.hostileHost(),
    () => sim.churn({ halfLifeMs: MINUTE, nodes }),
  ]
  for (const call of calls) void t.exception(call, { code: 'NODE_DESTROYED' })
  t.is(sim.nodes.length, 0)
})
