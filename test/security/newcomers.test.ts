/** What newcomers can do, and what they cannot, however many they pretend to be. */
import test from 'brittle'
import type DHT from '../../index.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { commonPrefixLength, idFromAddress } from '../../lib/primitives/id.js'
import {
  createSimulation,
  type Endpoint,
  FakeNode,
  forge,
  knows,
  MINUTE,
  record,
  requestTo,
  SECOND,
  startLoner,
} from './attacker.js'

/** Addresses of nobody whose ids make them neighbours of a node, which would like to know those. */
function neighboursOf(node: DHT, count: number): (Endpoint & { id: Uint8Array })[] {
  const all: (Endpoint & { id: Uint8Array })[] = []
  for (let i = 0; all.length < count; i++) {
    const host = `50.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
    const id = idFromAddress(host, 9)
    if (commonPrefixLength(id, node.table.id) >= 6) all.push({ host, port: 9, id })
  }
  return all
}

test('W-S8: forged newcomers take no place in the window, and lookups are as quick as before', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(100)
  await sim.advance(5 * MINUTE)
  const node = nodes[70]!
  const to = sim.addressOf(node)
  const newcomers = neighboursOf(node, 1000)
  const lookups = async (): Promise<number> => {
    const at = sim.clock.now()
    await sim.run(Promise.all(Array.from({ length: 6 }, () => node.findNode(sim.random.bytes(32)).finished())))
    return sim.clock.now() - at
  }
  const usual = Math.max(await lookups(), await lookups(), await lookups())
  let on = true
  const attack = (i: number): void => {
    if (!on) return
    for (let n = 0; n < 10; n++) {
      const { id, ...from } = newcomers[(i + n) % newcomers.length]!
      forge(sim, from, to, requestTo(to, { id }))
    }
    sim.clock.after(100, () => attack(i + 10))
  }
  attack(0)
  await sim.advance(10 * SECOND)
  const sent = record(sim)
  const times = [await lookups(), await lookups(), await lookups()]
  on = false
  t.ok(Math.max(...times) <= usual + 40, `${times.join(', ')} ms, usually ${usual} at most`)
  const toForged = sent.filter(({ toHost }) => toHost.startsWith('50.'))
  t.ok(toForged.length > 0, 'they were asked meanwhile')
  await sim.advance(10 * SECOND)
  const pings = new Map<string, number>()
  for (const { toHost, bytes } of sent) {
    if (toHost.startsWith('50.') && bytes[0] === 3) pings.set(toHost, (pings.get(toHost) ?? 0) + 1)
  }
  t.ok(
    [...pings.values()].every((count) => count === 1),
    'once each',
  )
})

test('W-S3: one host has one vote on our address, however many nodes it runs', async (t) => {
  const sim = createSimulation(t)
  await sim.startNodes(20)
  const node = await sim.startNode({ ephemeral: false })
  await sim.advance(20 * MINUTE)
  const { host, port } = node
  let changes = 0
  node.on('nat-update', () => changes++)
  const liars = sim.createHost()
  const faces: FakeNode[] = []
  for (let i = 0; i < 60; i++) {
    const face = await FakeNode.create(sim, { host: liars, port: 1000 + i })
    face.answer = () => ({ ip: parseIPv4('8.8.8.8'), port: 4660 })
    face.ask(sim.addressOf(node))
    faces.push(face)
    await sim.advance(1500)
  }
  await sim.advance(10 * MINUTE)
  t.ok(faces.filter((face) => knows(node, face)).length >= 5, 'several of them are contacts')
  t.alike([node.host, node.port, changes], [host, port, 0])
})

test('W-S8: a /24 of a hundred hosts gets four places in a bucket and twenty in the table', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim, { pingIntervalMs: 1e9, refreshIntervalMs: 1e9 })
  const buckets = new Map<number, number>()
  node.on('add-node', ({ id }) => {
    const index = commonPrefixLength(id, node.table.id)
    buckets.set(index, (buckets.get(index) ?? 0) + 1)
  })
  for (let i = 0; i < 100; i++) {
    const face = await FakeNode.create(sim, { host: sim.createHost({ address: `50.1.2.${i + 1}` }) })
    face.ask(sim.addressOf(node))
    await sim.run(node.ping(face))
  }
  t.ok(node.table.size > 8 && node.table.size <= 20, `${node.table.size} contacts`)
  t.ok([...buckets.values()].every((count) => count <= 4))
  const other = await FakeNode.create(sim, { host: sim.createHost({ address: '50.1.3.1' }) })
  await sim.run(node.ping(other))
  t.ok(knows(node, other))
})

test('W-S8: the silence of forged newcomers does not make an idle node think that it is offline', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(30)
  await sim.advance(5 * MINUTE)
  const node = nodes[17]!
  const to = sim.addressOf(node)
  const newcomers = neighboursOf(node, 500)
  let offline = 0
  node.on('network-update', () => {
    if (!node.online || node.degraded) offline++
  })
  for (let second = 0; second < 100; second++) {
    for (let n = 0; n < 5; n++) {
      const { id, ...from } = newcomers[second * 5 + n]!
      forge(sim, from, to, requestTo(to, { id }))
    }
    await sim.advance(SECOND)
  }
  t.ok(node.stats.requests.timeouts > 50, `${node.stats.requests.timeouts} newcomers were asked in vain`)
  t.is(offline, 0)
  t.is(node.online, true)
})
