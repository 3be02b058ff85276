/** The size of the network, and attackers who crowd around a key, as nodes of simulated networks see them. */
import test from 'brittle'
import type { DHT, EclipseWarning } from '../../index.js'
import { commonPrefixLength, compareDistance, idFromIp } from '../../lib/primitives/id.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { Simulation } from '../../lib/simulation/index.js'
import { createTestnet } from '../../lib/testnet/index.js'
import { nextUncaught } from '../helpers/errors.js'

const MINUTE = 60_000

/** Ports of one host that an attacker tries. */
const GRIND_PORTS = 20_000

function createNetwork(t: { teardown(fn: () => Promise<void>): void }, seed: number): Simulation {
  const sim = new Simulation({ seed, network: { latency: 20, jitter: 0 } })
  t.teardown(() => sim.destroy())
  return sim
}

async function lookUp(sim: Simulation, node: DHT, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await sim.run(node.findNode(sim.random.bytes(32)).finished())
}

function warningsOf(nodes: readonly DHT[]): EclipseWarning[] {
  const warnings: EclipseWarning[] = []
  for (const node of nodes) node.on('eclipse-warning', (warning) => warnings.push(warning))
  return warnings
}

/** Persistent nodes at the addresses of a few hosts whose ids are nearest to a target. */
async function crowdAround(sim: Simulation, target: Uint8Array, count: number, hosts = 4): Promise<DHT[]> {
  const machines = Array.from({ length: hosts }, () => sim.createHost())
  const places = machines.flatMap((host) => {
    const ip = parseIPv4(host.address)
    return Array.from({ length: GRIND_PORTS }, (_, i) => ({ host, port: 1024 + i, id: idFromIp(ip, 1024 + i) }))
  })
  const chosen = places.sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, count)
  const nodes = chosen.map(({ host, port }) => {
    return sim.createNode({ ephemeral: false, firewalled: false, port: [port, port + 1], anyPort: false }, { host })
  })
  await sim.run(Promise.all(nodes.map((node) => node.ready())))
  await sim.advance(MINUTE)
  return nodes
}

test('network size: a small network is counted', async (t) => {
  const sim = createNetwork(t, 1)
  const [node] = await sim.startNodes(9)
  await sim.advance(MINUTE)
  t.alike(node!.networkSize, { nodes: 9, low: 9, high: 9, samples: 1 }, 'eight others and the bootstrapper')
  t.is(sim.createNode().networkSize, null)
})

for (const size of [100, 400]) {
  test(`network size: every node of a network of ${size} knows it`, async (t) => {
    const sim = createNetwork(t, size)
    const nodes = await sim.startNodes(size - 1)
    await sim.advance(MINUTE)
    const askers = sim.random.sample(nodes, 25)
    for (const node of askers) await lookUp(sim, node, 10)
    const estimates = askers.map((node) => node.networkSize!)
    const errors = estimates.map(({ nodes: found }) => Math.abs(found / (size - 1) - 1)).sort((a, b) => a - b)
    const within = estimates.filter(({ low, high }) => low <= size - 1 && size - 1 <= high).length
    t.comment(
      `errors: median ${errors[12]!.toFixed(3)}, largest ${errors.at(-1)!.toFixed(3)}; ${within} of 25 in range`,
    )
    t.ok(errors[12]! < 0.1)
    t.ok(errors.at(-1)! < 0.3)
    t.ok(within >= 21)
  })
}

test('network size: a node that does nothing learns it from its own upkeep', async (t) => {
  const sim = createNetwork(t, 5)
  const nodes = await sim.startNodes(150)
  const before = nodes[9]!.networkSize!
  await sim.advance(60 * MINUTE)
  const after = nodes[9]!.networkSize!
  t.ok(after.samples > before.samples)
  t.ok(Math.abs(after.nodes / 150 - 1) < 0.3, JSON.stringify(after))
})

test('network size: commands that few nodes know do not make the network look small', async (t) => {
  const sim = createNetwork(t, 6)
  const nodes = await sim.startNodes(200)
  for (const node of nodes.slice(0, 60)) node.on('request', (req) => req.reply(null))
  const asker = nodes[70]!
  await lookUp(sim, asker, 8)
  const before = asker.networkSize
  for (let i = 0; i < 10; i++) await sim.run(asker.query({ target: sim.random.bytes(32), command: 5 }).finished())
  t.alike(asker.networkSize, before)
})

test('network size: a query of given nodes only does not spoil it', async (t) => {
  const sim = createNetwork(t, 7)
  const nodes = await sim.startNodes(200)
  const asker = nodes.at(-1)!
  const before = asker.networkSize
  t.ok(before)
  const some = nodes.slice(20, 45).map((node) => sim.addressOf(node))
  await sim.run(asker.findNode(sim.random.bytes(32), { nodes: some, onlyClosestNodes: true }).finished())
  t.alike(asker.networkSize, before)
})

test('eclipse: nobody is warned in an honest network, also while it grows tenfold', async (t) => {
  const sim = createNetwork(t, 8)
  const nodes = await sim.startNodes(40)
  const early = nodes[5]!
  await lookUp(sim, early, 10)
  nodes.push(...(await sim.startNodes(360)))
  const warnings = warningsOf(nodes)
  await lookUp(sim, early, 5)
  t.ok(early.networkSize!.nodes > 270, `it knows of them: ${JSON.stringify(early.networkSize)}`)
  for (const node of sim.random.sample(nodes, 30)) await lookUp(sim, node, 10)
  t.alike(warnings, [])
})

test('eclipse: a crowd around a key is told, with those who crowd', async (t) => {
  const sim = createNetwork(t, 9)
  const nodes = await sim.startNodes(250)
  const target = sim.random.bytes(32)
  const victim = nodes[7]!
  await lookUp(sim, victim, 6)
  const warnings = warningsOf([victim])
  await sim.run(victim.findNode(target).finished())
  await sim.advance(MINUTE)
  t.alike(warnings, [], 'before')
  const crowd = await crowdAround(sim, target, 20)
  await sim.run(victim.findNode(target).finished())
  t.alike(warnings, [], 'the suspicion is checked first')
  await sim.advance(5000)
  t.is(warnings.length, 1)
  const { target: told, expected, observed, nodes: named } = warnings[0]!
  t.alike(told, target)
  t.ok(expected < 2 && observed >= 10, `${observed} where ${expected.toFixed(2)} are expected`)
  t.is(named.length, observed)
  const ids = new Set(crowd.map(({ id }) => String(id)))
  const guilty = named.filter(({ id }) => ids.has(String(id))).length
  t.ok(guilty >= 0.9 * observed, `${guilty} of ${observed}`)
  for (let i = 0; i < 5; i++) await sim.run(victim.findNode(target).finished())
  await sim.advance(5000)
  t.is(warnings.length, 1, 'told once in ten minutes')
  await sim.advance(11 * MINUTE)
  await sim.run(victim.query({ target, command: 9 }).finished())
  await sim.advance(5000)
  t.ok(warnings.length <= 2)
  const { nodes: size } = victim.networkSize!
  t.ok(Math.abs(size / 270 - 1) < 0.4, `the crowd does not fool the estimate: ${size}`)
})

test('eclipse: a node around whose own id somebody crowds notices by itself', async (t) => {
  const sim = createNetwork(t, 10)
  const nodes = await sim.startNodes(200)
  const victim = nodes[20]!
  await sim.advance(30 * MINUTE)
  const warnings = warningsOf([victim])
  await crowdAround(sim, victim.id!, 20)
  await sim.advance(30 * MINUTE)
  t.ok(warnings.length >= 1)
  t.ok(warnings.length <= 6, `told ${warnings.length} times`)
  for (const { target } of warnings) t.ok(commonPrefixLength(target, victim.id!) >= 5, 'it is there')
})

test('eclipse: a listener that throws is uncaught, and the node lives on', async (t) => {
  const sim = createNetwork(t, 11)
  const nodes = await sim.startNodes(200)
  const target = sim.random.bytes(32)
  await crowdAround(sim, target, 20)
  const victim = nodes[3]!
  await lookUp(sim, victim, 6)
  let told = 0
  const uncaught = nextUncaught()
  victim.on('eclipse-warning', () => {
    told++
    throw new Error('mine')
  })
  await sim.run(victim.findNode(target).finished())
  await sim.advance(5000)
  t.is((await uncaught).message, 'mine')
  t.is(told, 1)
  await lookUp(sim, victim, 2)
  t.absent(victim.destroyed)
})

test('eclipse: what is destroyed while it checks a suspicion tells nothing', async (t) => {
  const sim = createNetwork(t, 12)
  const nodes = await sim.startNodes(200)
  const target = sim.random.bytes(32)
  await crowdAround(sim, target, 20)
  const victim = nodes[3]!
  await lookUp(sim, victim, 6)
  const warnings = warningsOf([victim])
  await sim.run(victim.findNode(target).finished())
  await sim.run(victim.destroy())
  await sim.advance(MINUTE)
  t.alike(warnings, [])
})

test(
  'eclipse: the nodes of one machine, whose ids follow from their ports, warn nobody',
  { timeout: 60_000 },
  async (t) => {
    const { nodes } = await createTestnet(60, { teardown: t.teardown })
    const warnings = warningsOf(nodes)
    for (const node of nodes.slice(0, 20)) {
      for (let i = 0; i < 5; i++) {
        const target = new Uint8Array(32).map(() => Math.floor(Math.random() * 256))
        await node.findNode(target).finished()
      }
    }
    t.alike(warnings, [])
    t.ok(nodes[3]!.networkSize!.nodes > 30)
  },
)
