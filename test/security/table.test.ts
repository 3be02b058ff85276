/** What strangers can do to a routing table, and what the table does by itself. */
import test from 'brittle'
import type DHT from '../../index.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { commonPrefixLength, compareDistance, idFromAddress } from '../../lib/primitives/id.js'
import type { Simulation } from '../../lib/simulation/index.js'
import { COMMAND, encodeDownHint } from '../../lib/wire/commands.js'
import { readIp, readPort } from '../../lib/wire/datagram.js'
import { decodeResponse } from '../../lib/wire/response.js'
import {
  createFakes,
  createSimulation,
  type Endpoint,
  FakeNode,
  knows,
  MINUTE,
  namesOf,
  record,
  removalsOf,
  requestTo,
  SECOND,
  startLoner,
} from './attacker.js'

/** A node whose upkeep does nothing by itself. */
const QUIET = { pingIntervalMs: 1e9, refreshIntervalMs: 1e9 }

/** Addresses of nobody, each in a network of its own. */
function* invented(): Generator<Endpoint & { id: Uint8Array }> {
  for (let i = 0; ; i++) {
    const host = `50.${i >> 8}.${i & 255}.1`
    yield { host, port: 1000, id: idFromAddress(host, 1000) }
  }
}

/** Adds addresses of nobody until the bucket that shares no bit with our id has so many. */
function fillFarBucket(node: DHT, count: number): void {
  for (const { host, port, id } of invented()) {
    if (commonPrefixLength(id, node.table.id) === 0) node.addNode({ host, port })
    if (farBucket(node).length >= count) return
  }
}

function farBucket(node: DHT): readonly { id: Uint8Array; host: string }[] {
  const opposite = Uint8Array.from(node.table.id, (byte) => byte ^ 255)
  return node.table.bucketOf(opposite)
}

/** A fake node that belongs into the far bucket. */
async function farFake(sim: Simulation, node: DHT): Promise<FakeNode> {
  for (;;) {
    const fake = await FakeNode.create(sim)
    if (commonPrefixLength(fake.id, node.table.id) === 0) return fake
  }
}

function hint({ host, port }: Endpoint): Uint8Array {
  return encodeDownHint(parseIPv4(host), port)
}

test('W-S5: hints about a contact have it asked, and do not evict it while it answers', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim, QUIET)
  const contacts = await createFakes(sim, 4)
  for (const contact of contacts) contact.ask(sim.addressOf(node))
  await sim.advance(SECOND)
  t.is(node.table.size, 4)
  const removed = removalsOf(node)
  const to = sim.addressOf(node)
  const mallory = await FakeNode.create(sim)
  const [victim] = contacts as [FakeNode]
  const before = victim.asked.length
  for (let i = 0; i < 600; i++) {
    mallory.send(requestTo(to, { tid: i, command: COMMAND.DOWN_HINT, value: hint(victim) }), to)
    // Also one that was heard a moment ago.
    if (i % 50 === 0) victim.ask(to)
    await sim.advance(100)
  }
  t.alike(removed, [])
  const checks = victim.asked.length - before
  t.ok(checks > 0 && checks <= 12 + 13, `600 hints in a minute caused ${checks} checks`)
  victim.answer = () => null
  mallory.send(requestTo(to, { command: COMMAND.DOWN_HINT, value: hint(victim) }), to)
  await sim.advance(10 * SECOND)
  t.alike(removed, [victim.host], 'one that is down is found out')
})

test('W-S8: nobody is a contact before it has answered, and few are asked at a time', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim, QUIET)
  const to = sim.addressOf(node)
  let asked = 0
  for (const { host, port, id } of invented()) {
    sim.network.inject({ from: { host, port }, to, bytes: requestTo(to, { id }) })
    if (++asked === 2000) break
  }
  const sent = record(sim)
  await sim.advance(50)
  t.is(node.table.size, 0)
  const pings = sent.filter(({ bytes }) => bytes[0] === 3)
  t.ok(pings.length > 0 && pings.length <= 64, `${pings.length} pings for 2000 newcomers`)
})

test('W-S8: one host with a hundred ports gets two places in a bucket and ten in the table', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim, QUIET)
  const host = sim.createHost()
  const faces = await Promise.all(Array.from({ length: 100 }, (_, i) => FakeNode.create(sim, { host, port: 1000 + i })))
  const buckets = new Map<number, number>()
  node.on('add-node', ({ id }) => {
    const index = commonPrefixLength(id, node.table.id)
    buckets.set(index, (buckets.get(index) ?? 0) + 1)
  })
  for (let round = 0; round < 3; round++) {
    for (const face of faces) {
      face.ask(sim.addressOf(node))
      // Its answers to requests of ours count as little.
      await sim.run(node.ping(face))
    }
  }
  t.ok(node.table.size > 4 && node.table.size <= 10, `${node.table.size} contacts`)
  t.ok([...buckets.values()].every((count) => count <= 2))
})

test('W-S8: a flood from one host is cut to its budget, and others are answered meanwhile', async (t) => {
  const sim = createSimulation(t)
  const [node, other] = (await sim.startNodes(2)) as [DHT, DHT]
  const to = sim.addressOf(node)
  const mallory = await FakeNode.create(sim)
  const before = { ...node.stats.datagrams, dropped: { ...node.stats.datagrams.dropped } }
  let answered = 0
  for (let i = 0; i < 100; i++) {
    for (let n = 0; n < 100; n++) mallory.send(requestTo(to, { command: COMMAND.FIND_NODE, target: mallory.id }), to)
    void other.ping(to, { retry: false }).then(() => answered++)
    await sim.advance(50)
  }
  await sim.advance(SECOND)
  const { requests, dropped } = node.stats.datagrams
  const handled = requests - before.requests
  t.is(dropped.overLimit - before.dropped.overLimit + handled, 10_000 + 100 + sidelines(), 'every one is accounted for')
  t.ok(handled <= 1000 + 5 * 500 + 100 + 20, `${handled} of 10000 in five seconds`)
  t.is(answered, 100)

  /** What the two nodes asked of each other besides. */
  function sidelines(): number {
    return node.stats.datagrams.received - before.received - 10_000 - 100 - responses()
  }
  function responses(): number {
    return node.stats.datagrams.responses - before.responses
  }
})

test('W-C3: after our id has changed, a full bucket makes room for a newcomer as before', async (t) => {
  const sim = createSimulation(t)
  await sim.startNodes(30)
  const node = await sim.startNode({ ...QUIET, stableAfterMs: 10 * SECOND })
  await sim.advance(MINUTE)
  t.is(node.ephemeral, false)
  fillFarBucket(node, 20)
  // All are gone at once, and nobody is left who would tell.
  for (const other of sim.nodes) if (other !== node) sim.hostOf(other).kill()
  const removed = removalsOf(node)
  await sim.advance(6 * MINUTE)
  t.alike([farBucket(node).length, removed], [20, []])
  const dead = farBucket(node).map(({ host }) => host)
  const newcomer = await farFake(sim, node)
  newcomer.ask(sim.addressOf(node))
  await sim.advance(10 * SECOND)
  t.ok(knows(node, newcomer))
  t.ok(removed.length === 1 && dead.includes(removed[0]!), 'in the place of one that is dead')
})

test('W-C4: closer nodes are exactly the nearest contacts, nearest first', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim, QUIET)
  const contacts = Array.from(take(invented(), 300))
  for (const { host, port } of contacts) node.addNode({ host, port })
  const mallory = await FakeNode.create(sim)
  const known = node.toArray().map(({ host, port }) => ({ host, port, id: idFromAddress(host, port) }))
  t.ok(known.length > 60)
  const to = sim.addressOf(node)
  const sent = record(sim)
  for (let i = 0; i < 200; i++) {
    // Every other target is near us, where some buckets are full and some are not.
    const target = i % 2 ? sim.random.bytes(32) : Uint8Array.from(node.table.id, (byte, at) => (at > i >> 6 ? i : byte))
    sent.length = 0
    mallory.send(requestTo(to, { command: COMMAND.FIND_NODE, target }), to)
    await sim.advance(50)
    const { bytes } = sent.find(({ toHost }) => toHost === mallory.host)!
    const { closerAt, closerCount } = decodeResponse(bytes)!
    const named = Array.from({ length: closerCount }, (_, n) => readIp(bytes, closerAt + 6 * n))
    const nearest = known.toSorted((a, b) => compareDistance(target, a.id, b.id)).slice(0, 20)
    if (i % 20 === 0) t.is(readPort(bytes, closerAt), 1000)
    const expected = nearest.map(({ host }) => parseIPv4(host))
    if (JSON.stringify(named) !== JSON.stringify(expected)) t.alike(named, expected)
  }
})

function* take<T>(all: Iterable<T>, count: number): Generator<T> {
  for (const one of all) {
    if (count-- === 0) return
    yield one
  }
}

test('W-C15: a node that is added twice has one record, which a removal takes out', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim, { ...QUIET, pingIntervalMs: 40 * SECOND })
  const events = namesOf(node, 'add-node', 'remove-node')
  const dead = { host: '50.0.0.1', port: 1000 }
  node.addNode(dead)
  node.addNode(dead)
  t.alike([node.table.size, node.nodes.length, node.toArray().length, events], [1, 1, 1, ['add-node']])
  const living = await FakeNode.create(sim)
  node.addNode(living)
  await sim.advance(5 * MINUTE)
  t.alike(node.toArray(), [{ host: living.host, port: living.port }])
  t.alike([node.table.size, node.nodes.length, events], [1, 1, ['add-node', 'add-node', 'remove-node']])
})

test('W-C21: a ping round loses no turn to contacts that were asked a moment before', async (t) => {
  const sim = createSimulation(t)
  const fakes = await createFakes(sim, 40)
  const node = await startLoner(sim, { refreshIntervalMs: 1e9 })
  for (const fake of fakes) node.addNode(fake)
  const to = sim.addressOf(node)
  const mallory = await FakeNode.create(sim)
  const known = fakes.filter((fake) => knows(node, fake))
  t.ok(known.length > 25, `${known.length} contacts`)
  // The two that would be first are asked again and again because of hints, and are slow to answer.
  const [first, second, ...rest] = known as [FakeNode, FakeNode, ...FakeNode[]]
  for (const fake of [first, second]) fake.answer = () => ({ afterMs: 900 })
  const pinged = () => rest.filter((fake) => fake.count(COMMAND.PING) > 0).length
  while (pinged() === 0 && sim.clock.now() < 2 * MINUTE) {
    for (const { host, port } of [first, second]) {
      mallory.send(requestTo(to, { command: COMMAND.DOWN_HINT, value: hint({ host, port }) }), to)
    }
    await sim.advance(SECOND)
  }
  t.is(pinged(), 3, 'the round had all of its three turns')
})

test('W-C26: whoever leaves the table for our new id is told about, and we are never in it', async (t) => {
  const sim = createSimulation(t, { seed: 5 })
  const others = await sim.startNodes(10)
  const node = await sim.startNode({ ...QUIET, stableAfterMs: 30 * SECOND })
  let listed = node.table.size
  node.on('add-node', () => listed++)
  node.on('remove-node', () => listed--)
  for (const fake of await createFakes(sim, 200)) node.addNode(fake)
  const own = sim.addressOf(node)
  node.addNode(own)
  const before = node.table
  t.is(listed, before.size)
  const removed = removalsOf(node)
  await sim.advance(MINUTE)
  t.is(node.ephemeral, false)
  t.is(commonPrefixLength(node.id!, before.id), 0, 'what was far is near now, and the other way round')
  t.ok(removed.length > 20, `${removed.length} found no place`)
  t.alike([node.table.size, node.nodes.length, node.toArray().length], [listed, listed, listed])
  t.absent(knows(node, own))
  t.absent(node.table.has(node.id!))
  t.ok(others.some((other) => knows(node, sim.addressOf(other))))
})

test('W-P9: every contact of a large table is asked within 15 minutes', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim, { refreshIntervalMs: 1e9 })
  const fakes = await createFakes(sim, 300)
  for (const fake of fakes) node.addNode(fake)
  const known = fakes.filter((fake) => knows(node, fake))
  t.ok(known.length > 80, `${known.length} contacts`)
  await sim.advance(15 * MINUTE + 40 * SECOND)
  t.is(known.filter((fake) => fake.count(COMMAND.PING) === 0).length, 0)
})
