import test from 'brittle'
import type { DHT } from '../../index.js'
import { type ChurnOptions, fixed, Simulation, uniform } from '../../lib/simulation/index.js'

const MINUTE = 60_000

async function create(t: { teardown(fn: () => unknown): void }, count = 40) {
  const sim = new Simulation({ seed: 5 })
  t.teardown(() => sim.destroy())
  const nodes = await sim.startNodes(count)
  return { sim, nodes }
}

test('churn: after a half-life half of the nodes are others, and the network is as large as before', async (t) => {
  const { sim, nodes } = await create(t, 100)
  const churn = sim.churn({ halfLifeMs: 10 * MINUTE })
  await sim.advance(10 * MINUTE)
  const stayed = sim.nodes.filter((node) => nodes.includes(node)).length
  t.ok(stayed > 38 && stayed < 62, `${stayed} of 100 stayed`)
  t.is(sim.livingNodes.length, 101)
  t.is(churn.joins, churn.leaves)
  t.ok(churn.leaves > 100 - stayed, 'some of the new ones left again')
  t.is(churn.graceful, 0)
  t.is(sim.network.hosts.length, 101, 'nothing is kept of those that left')
  churn.stop()
  const { leaves } = churn
  await sim.advance(10 * MINUTE)
  t.is(churn.leaves, leaves, 'stopped')
})

test('churn: fixed sessions end together; pauses leave places empty; events tell of both', async (t) => {
  const { sim, nodes } = await create(t)
  const joined: DHT[] = []
  const left: [DHT, string][] = []
  const begin = sim.clock.now()
  const churn = sim.churn({
    nodes: nodes.slice(0, 10),
    sessionMs: fixed(MINUTE),
    pauseMs: uniform(10_000, 20_000),
    onJoin: (node) => joined.push(node),
    onLeave: (node, how) => left.push([node, how]),
  })
  await sim.advance(MINUTE + 5000)
  t.alike([churn.leaves, churn.joins, sim.livingNodes.length], [10, 0, 31])
  t.alike(
    left.map(([node]) => node),
    nodes.slice(0, 10),
  )
  t.ok(left.every(([, how]) => how === 'killed'))
  await sim.advance(20_000)
  t.is(churn.joins, 10)
  t.alike(joined, sim.nodes.slice(-10))
  t.is(sim.livingNodes.length, 41)
  await sim.run(Promise.all(joined.map((node) => node.fullyBootstrapped())))
  t.ok(joined.every((node) => !node.ephemeral))
  t.is(sim.clock.now() - begin < 2 * MINUTE, true)
})

test('churn: without replacement the network shrinks; graceful nodes are destroyed', async (t) => {
  const { sim, nodes } = await create(t)
  const churn = sim.churn({ sessionMs: uniform(0, MINUTE), replace: false, graceful: 0.5 })
  await sim.advance(2 * MINUTE)
  t.alike([churn.leaves, churn.joins, sim.livingNodes.length], [40, 0, 1])
  t.ok(churn.graceful > 8 && churn.graceful < 32, `${churn.graceful} graceful`)
  t.is(nodes.filter((node) => node.destroyed).length, churn.graceful)
})

test('churn: who was destroyed or removed by others leaves an empty place; nodes can be made by the user', async (t) => {
  const { sim, nodes } = await create(t, 20)
  const made: DHT[] = []
  const churn = sim.churn({
    nodes: nodes.slice(0, 2),
    sessionMs: fixed(MINUTE),
    create: () => {
      const node = sim.createNode({ ephemeral: true })
      made.push(node)
      return node
    },
  })
  await sim.run(nodes[0]!.destroy())
  sim.remove(nodes[1]!)
  await sim.advance(MINUTE + 1)
  t.is(churn.joins, 2)
  t.is(made.length, 2)
  t.is(sim.nodes.length, 21)
})

test('churn: lookups go on finding the closest while a fifth of the network changes every five minutes', async (t) => {
  const { sim } = await create(t, 100)
  const asker = await sim.startNode()
  sim.churn({ nodes: sim.nodes.slice(1, 101), halfLifeMs: 15 * MINUTE })
  await sim.advance(10 * MINUTE)
  let right = 0
  for (let i = 0; i < 30; i++) {
    const target = sim.random.bytes(32)
    const query = asker.findNode(target)
    await sim.run(query.finished())
    if (query.closestNodes[0]?.host === sim.trueClosest(target, 1)[0]!.host) right++
  }
  t.ok(right >= 27, `${right} of 30`)
})

test('churn: bad options throw', async (t) => {
  const { sim } = await create(t, 1)
  const bad: [ChurnOptions, ErrorConstructor][] = [
    [{}, TypeError],
    [{ halfLifeMs: 1, sessionMs: fixed(1) }, TypeError],
    [{ halfLifeMs: 0 }, RangeError],
    [{ halfLifeMs: 1, graceful: 2 }, RangeError],
  ]
  for (const [options, error] of bad) void t.exception.all(() => sim.churn(options), error, JSON.stringify(options))
})

test('churn: stopped while a node leaves, nobody takes its place', async (t) => {
  const { sim, nodes } = await create(t, 10)
  const churn = sim.churn({ nodes: nodes.slice(0, 3), sessionMs: fixed(MINUTE), onLeave: () => churn.stop() })
  await sim.advance(5 * MINUTE)
  t.alike([churn.leaves, churn.joins], [1, 0])
})
