/** Tables that are small or have a gap are looked after: soon, and ever less often where that does not help. */
import test, { type Assert } from 'brittle'
import type { DHT, DHTOptions } from '../../index.js'
import { commonPrefixLength, idFromAddress } from '../../lib/primitives/id.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { decodeRequest } from '../../lib/wire/request.js'
import { createScripted, type ScriptedNode } from '../query/scripted-nodes.js'
import { BOOTSTRAP_HOST, MINUTE, Simulation } from '../helpers/simulation.js'

/** Nothing but repairs looks anything up. */
const NO_REFRESH = { refreshIntervalMs: 2 ** 40 }

const STEP_MS = 100

/** Times between lookups of a node's own, until so many have been seen. */
async function pacesOf(sim: Simulation, node: DHT, count: number, limitMs: number): Promise<number[]> {
  const paces: number[] = []
  const { findNode } = node.stats.commands
  let last = -1
  for (let waited = 0; paces.length < count && waited < limitMs; waited += STEP_MS) {
    const before = findNode.tx
    await sim.clock.advance(STEP_MS)
    if (findNode.tx === before) continue
    if (last !== -1 && waited - last > STEP_MS) paces.push(waited - last)
    if (last === -1 || waited - last > STEP_MS) last = waited
  }
  return paces
}

/** A node without bootstrap nodes, that knows some who name nobody. */
async function create(t: Assert, count: number, known: number, options: DHTOptions = {}) {
  const sim = new Simulation(t)
  const nodes = await createScripted(sim, count)
  for (const node of nodes) node.closer = []
  const node = await sim.start({ ephemeral: true, bootstrap: false, nodes: nodes.slice(0, known), ...options })
  return { sim, nodes, node }
}

/** One beat later at most. */
function isPace(actual: number, expected: number): boolean {
  return actual >= expected - STEP_MS && actual <= expected + 5000 + STEP_MS
}

test('upkeep: a small table is repaired after a second, then half as often each time, down to every 320 s', async (t) => {
  const { sim, node } = await create(t, 3, 3, NO_REFRESH)
  const paces = await pacesOf(sim, node, 12, 60 * MINUTE)
  const expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 320, 320].map((s) => s * 1000)
  t.is(paces.length, 12)
  const from = paces.findIndex((pace) => pace > 1500)
  t.ok(from === 0 || from === 1, paces.join(' '))
  expected.slice(1).forEach((pace, i) => {
    t.ok(isPace(paces[from + i]!, pace), `${paces[from + i]!} ms, ${pace} expected`)
  })
})

test('upkeep: while repairs help they go on at their first pace, also after they did not', async (t) => {
  const { sim, nodes, node } = await create(t, 12, 1, NO_REFRESH)
  const learn = (): void => node.addNode(nodes[node.table.size] as ScriptedNode)
  let repairs = 0
  for (let i = 0; i < 10; i++) {
    const before = node.stats.commands.findNode.tx
    learn()
    await sim.clock.advance(1000)
    if (node.stats.commands.findNode.tx > before) repairs++
  }
  t.ok(repairs >= 9, `${repairs} in ten seconds`)
  await sim.clock.advance(2 * MINUTE)
  learn()
  // The repair that notices, and the one a second later.
  const { findNode } = node.stats.commands
  const before = findNode.tx
  await sim.clock.runUntil(() => findNode.tx > before, 5 * MINUTE)
  const start = sim.clock.now()
  await sim.clock.advance(200)
  const settled = findNode.tx
  await sim.clock.runUntil(() => findNode.tx > settled, 5 * MINUTE)
  t.ok(sim.clock.now() - start <= 1200, `${sim.clock.now() - start} ms later`)
})

test('upkeep: a full table without gap is not repaired', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(30)
  const node = await sim.start({ ephemeral: true, ...NO_REFRESH })
  await sim.clock.advance(MINUTE)
  t.ok(node.table.size >= 20 && node.table.gap === -1)
  const before = node.stats.commands.findNode.tx
  await sim.clock.advance(30 * MINUTE)
  t.is(node.stats.commands.findNode.tx, before)
})

test('upkeep: an empty table is no small one: only the ping rounds look for somebody', async (t) => {
  const sim = new Simulation(t)
  sim.block(BOOTSTRAP_HOST)
  const alone = await sim.start({ ephemeral: true, bootstrap: false })
  const lost = await sim.start({ ephemeral: true, ...NO_REFRESH })
  const before = lost.stats.commands.findNode.tx
  await sim.clock.advance(10 * MINUTE)
  t.is(alone.stats.datagrams.sent, 0)
  const lookups = lost.stats.commands.findNode.tx - before
  t.ok(lookups >= 13 && lookups <= 16, `${lookups} in ten minutes, every 40 s`)
  sim.unblock(BOOTSTRAP_HOST)
  await sim.clock.advance(MINUTE)
  t.is(lost.table.size, 1, 'and it is found')
})

test('upkeep: a gap is looked into from the bootstrap nodes only', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true, ...NO_REFRESH })
  await sim.clock.advance(50)
  let added = 0
  for (let i = 1; added < 30; i++) {
    const place = { host: `20.77.${i >> 8}.${i & 255}`, port: 1 }
    if (commonPrefixLength(idFromAddress(place.host, 1), node.table.id) === 0) continue
    node.addNode(place)
    if (node.table.has(idFromAddress(place.host, 1))) added++
  }
  t.is(node.table.gap, 0)
  sim.record = true
  await sim.clock.advance(15_000)
  const asked = sim.datagrams.flatMap(({ bytes, fromHost, toHost }) => {
    const request = bytes[0] === 3 && fromHost === sim.hostOf(node) ? decodeRequest(bytes) : null
    if (request === null || !request.internal || request.command !== COMMAND.FIND_NODE) return []
    return [{ toHost, target: bytes.slice(request.targetAt, request.targetAt + 32) }]
  })
  t.ok(asked.length >= 3, `${asked.length} lookups`)
  t.ok(asked.every(({ toHost }) => toHost === BOOTSTRAP_HOST))
  t.ok(asked.every(({ target }) => commonPrefixLength(target, node.table.id) === 0))
  t.is(
    new Set(asked.map(({ target }) => Buffer.from(target).toString('hex'))).size,
    asked.length,
    'another place each time',
  )
})

test('upkeep: a gap is filled by who is there', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(60)
  await sim.clock.advance(5 * MINUTE)
  for (const { table } of sim.nodes) t.is(table.gap, -1)
})
