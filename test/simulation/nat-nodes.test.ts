/** What becomes of nodes behind each kind of NAT. */
import test from 'brittle'
import { type NatKind, Simulation } from '../../lib/simulation/index.js'

const MINUTE = 60_000
const STABLE_AFTER_MS = 20 * MINUTE

interface Expected {
  nat: NatKind
  persistent: boolean
  firewalled: boolean
  randomized: boolean
  /** Whether others see the port that the node's requests leave from. */
  keepsPort: boolean | null
}

const CASES: Expected[] = [
  { nat: 'open', persistent: true, firewalled: false, randomized: false, keepsPort: true },
  { nat: 'firewalled', persistent: false, firewalled: true, randomized: false, keepsPort: true },
  { nat: 'consistent', persistent: false, firewalled: true, randomized: false, keepsPort: false },
  { nat: 'randomized', persistent: false, firewalled: true, randomized: true, keepsPort: null },
]

for (const { nat, persistent, firewalled, randomized, keepsPort } of CASES) {
  test(`nat nodes: ${nat} ends up ${persistent ? 'persistent' : 'ephemeral'}, and finds the closest`, async (t) => {
    const sim = new Simulation({ seed: 3 })
    t.teardown(() => sim.destroy())
    await sim.startNodes(60)
    const node = await sim.startNode({}, { nat })
    t.ok(node.ephemeral, 'at first it may leave again at any time')
    t.is(node.host, sim.hostOf(node).address)
    t.is(node.randomized, randomized)
    t.is(node.firewalled, firewalled)
    if (keepsPort !== null) t.is(node.port === node.socket!.address()!.port, keepsPort)

    await sim.advance(STABLE_AFTER_MS + 2 * MINUTE)
    t.is(node.ephemeral, !persistent)
    t.is(node.firewalled, firewalled)
    t.is(node.randomized, randomized)
    if (persistent) t.is(sim.trueClosest(node.id!, 1)[0], node)
    let right = 0
    for (let i = 0; i < 10; i++) {
      const target = sim.random.bytes(32)
      const query = node.findNode(target)
      await sim.run(query.finished())
      const truth = sim.trueClosest(target, 21).filter((other) => other !== node)
      if (query.closestNodes[0]?.host === truth[0]!.host) right++
    }
    t.is(right, 10, 'lookups')
  })
}

test('nat nodes: a router that is replaced by an open line makes a node persistent', async (t) => {
  const sim = new Simulation({ seed: 4 })
  t.teardown(() => sim.destroy())
  await sim.startNodes(20)
  const node = await sim.startNode({ stableAfterMs: MINUTE }, { nat: 'firewalled' })
  await sim.advance(5 * MINUTE)
  t.ok(node.ephemeral)
  sim.hostOf(node).setNat('open')
  await sim.advance(5 * MINUTE)
  t.absent(node.ephemeral)
})
