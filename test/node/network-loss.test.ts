/** Machines that sleep, lose their network, get another address, or are alone: the node is back, and right. */
import test from 'brittle'
import type { DHT } from '../../index.js'
import { idFromAddress, sameId } from '../../lib/primitives/id.js'
import { Simulation } from '../../lib/simulation/index.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

type Teardown = { teardown(fn: () => Promise<void>): void }

async function createNetwork(t: Teardown, seed: number, size = 60): Promise<{ sim: Simulation; nodes: DHT[] }> {
  const sim = new Simulation({ seed, network: { loss: 0.01 } })
  t.teardown(() => sim.destroy())
  const nodes = await sim.startNodes(size)
  await sim.advance(5 * MINUTE)
  return { sim, nodes }
}

/** Living nodes that a node gives up from here on, and not for a quicker one. */
function falseEvictions(sim: Simulation, node: DHT): string[] {
  const removed: string[] = []
  let lastAt = -1
  node.on('remove-node', ({ host }) => {
    if (!sim.network.hostAt(host)?.up) return
    removed.push(host)
    lastAt = sim.clock.now()
  })
  node.on('add-node', () => {
    if (sim.clock.now() === lastAt) removed.pop()
    lastAt = -1
  })
  return removed
}

/** Share of lookups of a node that find the true 20 nearest others. */
async function exactness(sim: Simulation, node: DHT, lookups = 20): Promise<number> {
  let found = 0
  for (let i = 0; i < lookups; i++) {
    const target = sim.random.bytes(32)
    const query = node.findNode(target)
    await sim.run(query.finished())
    const truth = sim
      .trueClosest(target, 21)
      .filter((other) => other !== node)
      .slice(0, 20)
    const hits = truth.filter(({ id }) => query.closestNodes.some((peer) => sameId(peer.id!, id!)))
    found += hits.length / truth.length / lookups
  }
  return found
}

/** How many others know a node by its id. */
function knownBy(sim: Simulation, node: DHT): number {
  return sim.nodes.filter((other) => other !== node && node.id !== null && other.table.has(node.id)).length
}

/** What happens to the machine of a node, and how long until it is undone. */
const ACCIDENTS: [string, (sim: Simulation, node: DHT) => Promise<void>][] = [
  [
    'the machine sleeps for a minute',
    async (sim, node) => {
      sim.hostOf(node).sleep(MINUTE)
      await sim.advance(MINUTE)
    },
  ],
  [
    'the machine sleeps for a night',
    async (sim, node) => {
      sim.hostOf(node).sleep(8 * HOUR)
      await sim.advance(8 * HOUR)
    },
  ],
  [
    'the process is stopped for a minute (SIGSTOP)',
    async (sim, node) => {
      sim.hostOf(node).kill()
      await sim.advance(MINUTE)
      sim.hostOf(node).revive()
    },
  ],
  [
    'the cable is out for two minutes',
    async (sim, node) => {
      sim.hostOf(node).disconnect()
      await sim.advance(2 * MINUTE)
      sim.hostOf(node).reconnect()
    },
  ],
  [
    'the cable is out for an hour',
    async (sim, node) => {
      sim.hostOf(node).disconnect()
      await sim.advance(HOUR)
      sim.hostOf(node).reconnect()
    },
  ],
  [
    'the time of day is set forward by six hours',
    async (sim, node) => {
      sim.hostOf(node).clock.jumpWall(6 * HOUR)
      await sim.advance(MINUTE)
    },
  ],
  [
    'the time of day is set back by six hours',
    async (sim, node) => {
      sim.hostOf(node).clock.jumpWall(-6 * HOUR)
      await sim.advance(MINUTE)
    },
  ],
  [
    'the time of day jumps to and fro',
    async (sim, node) => {
      for (let i = 0; i < 20; i++) {
        sim.hostOf(node).clock.jumpWall(i % 2 === 0 ? 3 * HOUR : -3 * HOUR)
        await sim.advance(2000)
      }
    },
  ],
  [
    'it is suspended for an hour',
    async (sim, node) => {
      await sim.run(node.suspend())
      await sim.advance(HOUR)
      await sim.run(node.resume())
    },
  ],
  [
    'the interface goes and comes back',
    async (sim, node) => {
      const host = sim.hostOf(node)
      host.disconnect()
      host.transport.announceInterfaces()
      await sim.advance(20_000)
      host.reconnect()
      host.transport.announceInterfaces()
    },
  ],
  [
    'another interface comes and goes, again and again',
    async (sim, node) => {
      for (let i = 0; i < 50; i++) {
        sim.hostOf(node).transport.announceInterfaces()
        await sim.advance(500)
      }
    },
  ],
]

for (const [name, accident] of ACCIDENTS) {
  test(`network loss: ${name}, and the node is back and right, without a false eviction`, async (t) => {
    const { sim, nodes } = await createNetwork(t, 21)
    const node = nodes[17]!
    const before = node.table.size
    const removed = falseEvictions(sim, node)
    await accident(sim, node)
    // Whoever is cut off for an hour empties its table, or it would never ask anybody else.
    if (name.includes('cable is out for an hour')) removed.length = 0
    await sim.advance(3 * MINUTE)
    t.ok(node.online, 'online')
    t.absent(node.ephemeral, String(node.ephemeralReason))
    t.alike(node.id, idFromAddress(sim.hostOf(node).address, node.port))
    t.alike(removed, [], 'nobody who lives was evicted')
    t.ok(node.table.size >= 0.8 * before, `${node.table.size} contacts, ${before} before`)
    t.ok((await exactness(sim, node)) > 0.98)
    await sim.advance(15 * MINUTE)
    t.ok(knownBy(sim, node) >= 15, `${knownBy(sim, node)} others know it`)
  })
}

test('network loss: a node that was cut off for hours finds its network again while every bootstrap node is down', async (t) => {
  const { sim, nodes } = await createNetwork(t, 26)
  const node = nodes[30]!
  sim.hostOf(node).disconnect()
  await sim.advance(5 * HOUR)
  t.absent(node.online)
  t.is(node.table.size, 0, 'it has given everybody up')
  sim.hostOf(sim.nodes[0]!).kill()
  sim.hostOf(node).reconnect()
  await sim.advance(2 * MINUTE)
  t.ok(node.online)
  t.ok(node.table.size >= 20)
  t.ok((await exactness(sim, node)) > 0.98)
})

test('network loss: interfaces that change all the time cost one lookup per beat at most', async (t) => {
  const { sim, nodes } = await createNetwork(t, 22)
  const node = nodes[3]!
  const before = node.stats.requests.total
  for (let i = 0; i < 600; i++) {
    sim.hostOf(node).transport.announceInterfaces()
    await sim.advance(100)
  }
  const requests = node.stats.requests.total - before
  t.ok(requests < 13 * 40, `${requests} requests in a minute`)
})

for (const [kind, options] of [
  ['persistent by order', { ephemeral: false }],
  ['with an open port', { ephemeral: false, firewalled: false }],
  ['adaptive', { stableAfterMs: 5 * MINUTE }],
] as const) {
  test(`network loss: a node ${kind} whose address changes says so within 15 s, and earns a new id`, async (t) => {
    const { sim } = await createNetwork(t, 23)
    const node = await sim.startNode(options)
    // Long before its next refresh.
    await sim.advance(12 * MINUTE)
    t.absent(node.ephemeral)
    const oldId = node.id!
    const removed = falseEvictions(sim, node)
    const address = sim.network.nextAddress()
    let leftAt = NaN
    node.once('ephemeral', () => (leftAt = sim.clock.now()))
    const movedAt = sim.clock.now()
    sim.hostOf(node).move(address)
    await sim.advance(15_000)
    t.ok(leftAt - movedAt < 15_000, `after ${Math.round(leftAt - movedAt)} ms`)
    await sim.advance(10 * MINUTE)
    t.absent(node.ephemeral, String(node.ephemeralReason))
    t.is(node.host, address)
    t.alike(node.id, idFromAddress(address, node.port))
    t.unlike(node.id, oldId)
    t.alike(removed, [])
    t.ok(knownBy(sim, node) >= 15)
    t.ok((await exactness(sim, node)) > 0.98)
  })
}

test('ephemeral reason: the first node of a network without a known host, and what becomes of it', async (t) => {
  const sim = new Simulation({ seed: 24 })
  t.teardown(() => sim.destroy())
  const first = sim.createNode({ bootstrap: [], ephemeral: false, port: 20_001 })
  t.is(first.ephemeralReason, 'address-unknown')
  await sim.run(first.ready())
  await sim.advance(HOUR)
  t.alike([first.ephemeral, first.bootstrapped, first.host], [true, true, null])
  t.is(first.ephemeralReason, 'address-unknown', 'a defined state, however long it lasts')
  const bootstrap = [{ host: sim.hostOf(first).address, port: 20_001 }]
  for (let i = 0; i < 4; i++) sim.createNode({ bootstrap, ephemeral: false })
  await sim.advance(10 * MINUTE)
  t.is(first.ephemeralReason, null, 'others have told it')
  t.absent(first.ephemeral)
  const alone = sim.bootstrapper()
  await sim.run(alone.ready())
  t.is(alone.ephemeralReason, null, 'a bootstrapper knows its host')
})

test('ephemeral reason: every other one', async (t) => {
  const { sim } = await createNetwork(t, 25, 20)
  const told = await sim.startNode({ ephemeral: true })
  t.is(told.ephemeralReason, 'told')
  const fixed = await sim.startNode({ adaptive: false })
  t.is(fixed.ephemeralReason, 'told')
  const adaptive = await sim.startNode()
  t.is(adaptive.ephemeralReason, 'waiting')
  const walled = await sim.startNode({ ephemeral: false }, { nat: 'firewalled' })
  t.is(walled.ephemeralReason, 'unreachable')
  const random = await sim.startNode({ ephemeral: false }, { nat: 'randomized' })
  t.is(random.ephemeralReason, 'port-random')
  const probing = sim.createNode({ ephemeral: false })
  const reasons = new Set<string | null>()
  while (probing.ephemeral) {
    reasons.add(probing.ephemeralReason)
    await sim.advance(10)
  }
  t.alike([...reasons], ['address-unknown', 'waiting', 'probing'])
  t.is(probing.ephemeralReason, null)
  await sim.advance(21 * MINUTE)
  t.is(adaptive.ephemeralReason, null)
  sim.hostOf(walled).setNat('open')
  await sim.advance(30 * MINUTE)
  t.is(walled.ephemeralReason, null)
})
