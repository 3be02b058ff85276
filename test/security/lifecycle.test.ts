/** Binding, sleeping, health, and what is left of a node that is gone. */
import test from 'brittle'
import { createSimulation, FakeNode, MINUTE, namesOf, SECOND, startLoner } from './attacker.js'
import type { Transport } from '../../lib/transport/contract.js'
import { rejectionOf } from '../helpers/errors.js'

const NOBODY = { host: '50.0.0.1', port: 1000 }

test('W-C5: one sleep, and one resume, wake once', async (t) => {
  const sim = createSimulation(t)
  const node = await sim.startNode()
  const events = namesOf(node, 'wakeup')
  sim.hostOf(node).clock.jumpWall(MINUTE)
  await sim.advance(MINUTE)
  t.is(events.length, 1)
  await sim.run(node.suspend())
  sim.hostOf(node).clock.jumpWall(MINUTE)
  await sim.advance(MINUTE)
  await sim.run(node.resume())
  await sim.advance(MINUTE)
  t.is(events.length, 2)
})

test('W-C6: a node that was offline for a tick, then degraded, is healthy again after four good ticks', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const living = await FakeNode.create(sim)
  await sim.run(node.ping(living))
  const tick = async (good: number, bad: number) => {
    for (let i = 0; i < good; i++) void node.ping(living).catch(() => {})
    for (let i = 0; i < bad; i++) void node.ping(NOBODY, { retry: false }).catch(() => {})
    await sim.advance(5 * SECOND)
    return [node.online, node.degraded]
  }
  for (let i = 0; i < 6; i++) t.alike(await tick(6, 0), [true, false])
  await tick(0, 6)
  let state: boolean[] = []
  for (let i = 0; i < 6; i++) state = await tick(2, 6)
  t.alike(state, [true, true])
  for (let i = 0; i < 6; i++) state = await tick(6, 0)
  t.alike(state, [true, false])
})

test('W-C9: without anyPort the whole range is tried before the node gives up', async (t) => {
  const sim = createSimulation(t)
  const host = sim.createHost()
  const taken = [5000, 5001].map((port) => FakeNode.create(sim, { host, port }))
  await Promise.all(taken)
  const options = { bootstrap: false, anyPort: false } as const
  const node = await sim.startNode({ ...options, port: [5000, 5003] }, { host })
  t.is(node.localAddress()!.port, 5002)
  const late = sim.createNode({ ...options, port: [5000, 5003] }, { host })
  const error = (await sim.run(rejectionOf(late.fullyBootstrapped()))) as { code?: string }
  t.is(error.code, 'BIND_FAILED')
})

test('W-C10: after a failed bind, destroy works and nothing is left open', async (t) => {
  const sim = createSimulation(t)
  const host = sim.createHost()
  await FakeNode.create(sim, { host, port: 5000 })
  let watchers = 0
  const watchInterfaces: typeof host.transport.watchInterfaces = (onChange) => {
    watchers++
    const cancel = host.transport.watchInterfaces(onChange)
    return () => {
      watchers--
      cancel()
    }
  }
  const transport = Object.assign(Object.create(host.transport) as Transport, { watchInterfaces })
  const node = sim.createNode({ bootstrap: false, anyPort: false, port: [5000, 5001], transport }, { host })
  t.is(((await sim.run(rejectionOf(node.fullyBootstrapped()))) as { code?: string }).code, 'BIND_FAILED')
  t.is(
    ((await sim.run(rejectionOf(Promise.resolve().then(() => node.ping(NOBODY))))) as { code?: string }).code,
    'BIND_FAILED',
  )
  await sim.run(node.destroy())
  t.alike([watchers, sim.network.boundSockets(host.address), sim.clock.pending], [0, 1, 0])
  const fine = sim.createNode({ bootstrap: false, transport }, { host })
  await sim.run(fine.fullyBootstrapped())
  t.is(watchers, 1)
  await sim.run(fine.destroy())
  t.is(watchers, 0)
})

test('W-P11: a node that is destroyed leaves no timer and no socket, whatever it was doing', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(30)
  const node = nodes[3]!
  const failures = [
    rejectionOf(node.ping(NOBODY)),
    rejectionOf(node.delayedPing(sim.addressOf(nodes[1]!), 9000)),
    rejectionOf(node.findNode(sim.random.bytes(32)).finished()),
    rejectionOf(node.request({ command: 7 }, NOBODY, { deadlineMs: 60_000 })),
  ]
  await sim.advance(30)
  await sim.run(node.destroy())
  for (const failure of failures) t.ok((await sim.run(failure)) instanceof Error)
  t.is(sim.network.boundSockets(sim.hostOf(node).address), 0)
  await sim.run(Promise.all(sim.nodes.map((one) => one.destroy())))
  await sim.advance(SECOND)
  t.alike([sim.clock.pending, sim.network.boundSockets()], [0, 0])
})
