/** Lookups and commits: what they do to others, what others do to them, and how they end. */
import test from 'brittle'
import b4a from 'b4a'
import type DHT from '../../index.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import type { Transport } from '../../lib/transport/contract.js'
import { rejectionOf } from '../helpers/errors.js'
import { createFakes, createSimulation, FakeNode, MINUTE, record, SECOND } from './attacker.js'

const TARGET = idFromAddress('1.2.3.4', 5)
const MESSAGE = { target: TARGET, command: 7 }

test('W-C12: a query that runs when its node is suspended asks nobody else, and fails', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(60)
  const node = nodes[0]!
  const query = node.findNode(TARGET, { concurrency: 3 })
  const failure = rejectionOf(query.finished())
  await sim.advance(LOOK_MS)
  t.ok(query.inflight > 0)
  const sent = record(sim)
  await sim.run(node.suspend())
  const error = (await sim.run(failure)) as { code?: string }
  t.is(error.code, 'IO_SUSPENDED')
  await sim.advance(MINUTE)
  t.is(sent.filter(({ fromHost }) => fromHost === sim.hostOf(node).address).length, 0)
  t.alike([node.stats.requests.active, node.stats.queries.active], [0, 0])
})

/** The first replies are here, the last ones not. */
const LOOK_MS = 50

test('W-C13: a commit that every node refuses fails, and each refusal is told', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(30)
  const query = nodes[0]!.query(MESSAGE, { commit: true })
  for (const node of nodes) node.on('request', (req) => (req.token === null ? req.reply() : req.error(17)))
  for (const node of sim.nodes) if (!nodes.includes(node)) sim.hostOf(node).kill()
  const error = (await sim.run(rejectionOf(query.finished()))) as { code?: string }
  t.is(error.code, 'COMMIT_FAILED')
  t.is(query.commits.length, 20)
  t.absent(query.commits.some(({ ok }) => ok))
})

test('W-C14: a commit function that throws, or returns no promise, is an outcome and nothing worse', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(25)
  for (const node of sim.nodes) node.on('request', (req) => req.reply())
  let calls = 0
  const commit = () => {
    if (++calls % 2 === 0) throw new Error('thrown')
    return 'no promise'
  }
  const query = nodes[0]!.query(MESSAGE, { commit })
  await sim.run(query.finished())
  t.is(query.commits.length, 20)
  t.is(query.commits.filter(({ ok }) => ok).length, 10)
  t.is(query.commits.filter(({ error }) => error?.message === 'thrown').length, 10)
  const failing = nodes[0]!.query(MESSAGE, { commit: () => Promise.reject(new Error('all')) })
  t.is(((await sim.run(rejectionOf(failing.finished()))) as { code?: string }).code, 'COMMIT_FAILED')
  t.ok((await sim.run(nodes[0]!.ping(sim.addressOf(nodes[1]!)))).rtt > 0, 'the node goes on')
})

test('W-C24: where hints are off none is sent, and nothing can switch half of it on', async (t) => {
  for (const sendDownHints of [false, true]) {
    const sim = createSimulation(t)
    const nodes = await sim.startNodes(30)
    await sim.advance(10 * MINUTE)
    const node = await sim.startNode({ ephemeral: true, sendDownHints, downHintsRateLimit: 4 })
    node.config.sendDownHints = true
    node.config.downHintsRateLimit = 1000
    for (const dead of nodes.slice(10, 18)) sim.hostOf(dead).kill()
    await sim.run(node.findNode(TARGET).finished())
    await sim.advance(3 * SECOND)
    const { tx } = node.stats.commands.downHint
    if (sendDownHints) t.ok(tx > 0 && tx <= 8, `${tx} within the budget of the two ticks`)
    else t.is(tx, 0)
  }
})

test('W-C25: a query that nobody consumes is not counted, sends nothing and holds nothing', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(25)
  const node = nodes[0]!
  await sim.advance(MINUTE)
  const before = { ...node.stats.queries }
  const sent = record(sim)
  const asked = node.stats.commands.findNode.tx
  const queries = Array.from({ length: 100 }, () => node.findNode(TARGET))
  await sim.advance(100)
  t.alike(node.stats.queries, before)
  t.is(node.stats.commands.findNode.tx, asked)
  queries[0]!.destroy()
  await sim.advance(100)
  t.alike(node.stats.queries, before)
  await sim.run(queries[1]!.finished())
  t.is(node.stats.queries.total, before.total + 1)
  t.is(node.stats.queries.active, before.active)
  t.ok(sent.length > 0)
})

/** A node whose bootstrap nodes have names, and the names it looked up. */
async function startWithNames(t: Parameters<typeof createSimulation>[0]): Promise<{
  sim: ReturnType<typeof createSimulation>
  node: DHT
  names: string[]
}> {
  const sim = createSimulation(t)
  const names: string[] = []
  const boots = [sim.bootstrapper(), await FakeNode.create(sim)]
  await sim.run((boots[0] as DHT).fullyBootstrapped())
  sim.network.names.set('one.example', sim.hostOf(boots[0] as DHT).address)
  sim.network.names.set('two.example', (boots[1] as FakeNode).host)
  const host = sim.createHost()
  const lookup = (name: string) => {
    names.push(name)
    return host.transport.lookup(name)
  }
  const transport = Object.assign(Object.create(host.transport) as Transport, { lookup })
  const node = sim.createNode(
    { ephemeral: true, bootstrap: ['one.example:49737', 'two.example:1000'], transport },
    { host },
  )
  await sim.run(node.fullyBootstrapped())
  return { sim, node, names }
}

test('W-C28: a query of given nodes only looks no name up, and asks nobody else', async (t) => {
  const { sim, node, names } = await startWithNames(t)
  const fakes = await createFakes(sim, 3)
  for (const fake of fakes) fake.answer = () => ({ closer: [{ ip: 50 * 2 ** 24 + 1, port: 1000 }] })
  // By then upkeep looks them up every few minutes; what it found is forgotten after one.
  await sim.advance(60 * MINUTE)
  names.length = 0
  while (names.length === 0) await sim.advance(SECOND)
  await sim.advance(2 * MINUTE)
  names.length = 0
  const sent = record(sim)
  await sim.run(node.query(MESSAGE, { nodes: fakes, onlyClosestNodes: true }).finished())
  t.is(names.length, 0)
  t.alike(
    fakes.map(({ asked }) => asked.length),
    [1, 1, 1],
  )
  t.is(sent.filter(({ toHost }) => toHost.startsWith('50.')).length, 0)
})

test('W-P5: whoever is asked is one of the nearest known, so few are asked for nothing', async (t) => {
  const sim = createSimulation(t)
  await sim.startNodes(250)
  const node = await sim.startNode({ ephemeral: true })
  await sim.advance(MINUTE)
  let asked = 0
  for (let i = 0; i < 20; i++) {
    const before = node.stats.commands.findNode.tx
    const target = sim.random.bytes(32)
    const query = node.findNode(target)
    await sim.run(query.finished())
    asked += node.stats.commands.findNode.tx - before
    const truth = sim.trueClosest(target).map(({ id }) => b4a.toString(id!, 'hex'))
    const found = query.closestNodes.map(({ id }) => b4a.toString(id!, 'hex'))
    if (JSON.stringify(found) !== JSON.stringify(truth)) t.alike(found, truth)
  }
  t.ok(asked / 20 < 36, `${asked / 20} asked for 20 results`)
})

test('W-P8: bootstrap names are looked up at the same time, once for all queries of a minute', async (t) => {
  const { sim, node, names } = await startWithNames(t)
  t.alike(names, ['one.example', 'two.example'], 'once while joining')
  for (let i = 0; i < 10; i++) await sim.run(node.findNode(TARGET).finished())
  t.is(names.length, 2)
  await sim.advance(2 * MINUTE)
  names.length = 0
  await sim.run(Promise.all(Array.from({ length: 10 }, () => node.findNode(TARGET).finished())))
  t.ok(names.length <= 2, `${names.length} for ten at a time`)
})

test('lookups: a node that answers with lies has as much of a say as any other', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(60)
  const liar = await FakeNode.create(sim)
  const dead = Array.from({ length: 20 }, (_, i) => ({ ip: 50 * 2 ** 24 + 256 * i + 1, port: 1 }))
  liar.answer = () => ({ closer: dead })
  const node = nodes[0]!
  await sim.run(node.ping(liar))
  const query = node.findNode(liar.id)
  await sim.run(query.finished())
  const found = query.closestNodes.map(({ id }) => b4a.toString(id!, 'hex'))
  const truth = sim.trueClosest(liar.id, 19).map(({ id }) => b4a.toString(id!, 'hex'))
  t.alike(found, [b4a.toString(liar.id, 'hex'), ...truth])
})
