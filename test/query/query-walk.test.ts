/** Whom a query asks: where it starts, how many at a time, what it does about the slow and the dead. */
import test from 'brittle'
import type { DHTError, LookupEvent } from '../../index.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { rejectionOf } from '../helpers/errors.js'
import { MINUTE, Simulation } from '../helpers/simulation.js'
import { createScripted, hostsOf, nearestFirst, type Place, type ScriptedNode, startAsker } from './scripted-nodes.js'

const TARGET = idFromAddress('1.2.3.4', 5)
const MESSAGE = { target: TARGET, command: 7 }

/** Hosts of those that were asked, in order. */
function askedHosts(nodes: readonly ScriptedNode[]): string[] {
  const all = nodes.flatMap(({ host, asked }) => asked.map(({ at }) => ({ host, at })))
  return hostsOf(all.sort((a, b) => a.at - b.at))
}

const placeOf = ({ host, port }: Place): Place => ({ host, port })

/** Nobody names anybody. */
function silence(nodes: readonly ScriptedNode[]): void {
  for (const node of nodes) node.closer = []
}

test('query: every way to name the nodes to start from', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 4)
  silence(nodes)
  const first = asker.query(MESSAGE, { nodes: [placeOf(nodes[0]!)] })
  await sim.run(first.finished())
  const [reply] = first.closestReplies
  const rows: [string, object][] = [
    ['nodes', { nodes: [{ ...placeOf(nodes[0]!), id: null }] }],
    ['nodes with ids', { nodes: [{ ...placeOf(nodes[0]!), id: nodes[0]!.id }] }],
    ['closestNodes', { closestNodes: first.closestNodes }],
    ['replies', { replies: [reply!] }],
    ['closestReplies', { closestReplies: first.closestReplies }],
    ['the last that is not null', { nodes: null, closestNodes: null, replies: null, closestReplies: [reply!] }],
  ]
  for (const [name, options] of rows) {
    nodes[0]!.asked.length = 0
    const query = asker.query(MESSAGE, { onlyClosestNodes: true, ...options })
    await sim.run(query.finished())
    t.is(nodes[0]!.asked.length, 1, name)
    t.alike(hostsOf(query.closestNodes), [nodes[0]!.host], name)
  }
  t.alike(askedHosts(nodes.slice(1)), [])
})

test('query: the id of a node to start from is the one of its address, whatever is given', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 1)
  for (const id of [new Uint8Array(32), Uint8Array.of(1, 2, 3), 'id' as never]) {
    const query = asker.query(MESSAGE, { nodes: [{ ...placeOf(nodes[0]!), id }], onlyClosestNodes: true })
    await sim.run(query.finished())
    t.alike(
      query.closestNodes.map((node) => [...node.id!]),
      [[...nodes[0]!.id]],
    )
  }
})

test('query: without nodes to start from it starts at the nearest of the table', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 30)
  silence(nodes)
  for (const node of nodes) asker.addNode(node)
  const query = asker.query(MESSAGE)
  await sim.run(query.finished())
  t.alike(hostsOf(query.closestNodes), hostsOf(nearestFirst(nodes, TARGET).slice(0, 20)))
})

test('query: few nodes to start from are topped up from the table', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 12)
  silence(nodes)
  for (const node of nodes.slice(3)) asker.addNode(node)
  const query = asker.query(MESSAGE, { nodes: nodes.slice(0, 3) })
  await sim.run(query.finished())
  t.is(query.successes, 12)
})

test('query: enough nodes to start from leave the table alone, unless hardly any of them answers', async (t) => {
  for (const alive of [20, 5, 4, 0]) {
    const { sim, nodes, asker } = await startAsker(t, 24)
    silence(nodes)
    const [given, known] = [nodes.slice(0, 20), nodes.slice(20)]
    for (const node of known) asker.addNode(node)
    for (const node of given.slice(alive)) node.alive = false
    const query = asker.query(MESSAGE, { nodes: given })
    await sim.run(query.finished())
    t.is(askedHosts(known).length, alive < 5 ? 4 : 0, `${alive} answer`)
    t.is(query.successes, alive < 5 ? alive + 4 : alive)
  }
})

test('W-C28: onlyClosestNodes asks those and nobody else, and looks no name up', async (t) => {
  const sim = new Simulation(t)
  const nodes = await createScripted(sim, 8)
  const host = sim.nextHost()
  const names: string[] = []
  const asker = sim.create(
    {
      ephemeral: true,
      bootstrap: ['seed.test:10001'],
      transport: {
        // oxlint-disable-next-line typescript/no-misused-spread -- its methods are own properties
        ...sim.network.transport(host),
        lookup: (name) => {
          names.push(name)
          return Promise.reject(new Error('no such name'))
        },
      },
    },
    host,
  )
  await sim.run(asker.fullyBootstrapped())
  for (const node of nodes.slice(6)) asker.addNode(node)
  names.length = 0
  const query = asker.query(MESSAGE, { nodes: nodes.slice(0, 3), onlyClosestNodes: true })
  await sim.run(query.finished())
  t.alike(askedHosts(nodes).sort(), hostsOf(nodes.slice(0, 3)).sort())
  t.alike(names, [])
  const nobody = asker.query(MESSAGE, { onlyClosestNodes: true })
  await sim.run(nobody.finished())
  t.is(nobody.successes, 0)
  t.alike(names, [])
  await sim.run(asker.query(MESSAGE, { nodes: nodes.slice(0, 3) }).finished())
  t.alike(names, ['seed.test'], 'without it both are used')
  t.ok(nodes.slice(6).every(({ asked }) => asked.length === 1))
})

test('query: bootstrap nodes are asked where the table is poor', async (t) => {
  const sim = new Simulation(t)
  const nodes = await createScripted(sim, 2)
  const asker = await sim.start({ ephemeral: true, bootstrap: [placeOf(nodes[0]!)] })
  const query = asker.query(MESSAGE)
  await sim.run(query.finished())
  t.is(query.successes, 2)
})

test('query: a destroyed one does not start when its names have been looked up', async (t) => {
  const sim = new Simulation(t)
  const [node] = await createScripted(sim, 1)
  const host = sim.nextHost()
  let resolve: (host: string) => void = () => {}
  // oxlint-disable-next-line typescript/no-misused-spread -- its methods are own properties
  const transport = { ...sim.network.transport(host), lookup: () => new Promise<string>((done) => (resolve = done)) }
  const asker = sim.create({ ephemeral: true, bootstrap: [`seed.test:${node!.port}`], transport }, host)
  await sim.clock.advance(100)
  const query = asker.query(MESSAGE)
  const finished = query.finished()
  await sim.clock.advance(100)
  query.destroy()
  resolve(node!.host)
  await sim.run(finished)
  await sim.clock.advance(1000)
  t.is(node!.asked.length, 0)
  t.is(asker.stats.queries.active, 0)
})

test('query: concurrency bounds the requests on the way, and may change while it runs', async (t) => {
  for (const [concurrency, most] of [
    [1, 1],
    [2, 2],
    [10, 10],
    [undefined, 7],
  ] as const) {
    const { sim, nodes, asker } = await startAsker(t, 40, { concurrency: 7 })
    const query = asker.query(MESSAGE, { nodes, ...(concurrency && { concurrency }) })
    t.is(query.concurrency, most)
    let highest = 0
    const finished = query.finished()
    while (!query.destroyed) {
      await sim.clock.advance(10)
      highest = Math.max(highest, query.inflight)
    }
    await finished
    t.is(highest, most)
  }
  const { sim, nodes, asker } = await startAsker(t, 40)
  const query = asker.query(MESSAGE, { nodes, concurrency: 1 })
  const finished = query.finished()
  await sim.clock.advance(90)
  t.is(query.inflight, 1)
  query.concurrency = 4
  await sim.clock.advance(40)
  t.is(query.inflight, 4)
  await sim.run(finished)
})

test('query: retries, and force, decide how often a silent node is asked', async (t) => {
  for (const [options, sent] of [
    [{}, 2],
    [{ retries: 0 }, 1],
    [{ retries: 1 }, 2],
    [{ retries: 5 }, 6],
    [{ force: true }, 1],
    [{ force: true, retries: 5 }, 1],
  ] as const) {
    const { sim, nodes, asker } = await startAsker(t, 1)
    nodes[0]!.alive = false
    sim.record = true
    await sim.run(asker.query(MESSAGE, { nodes, onlyClosestNodes: true, ...options }).finished())
    await sim.clock.advance(20_000)
    const toHim = sim.datagrams.filter(({ toHost }) => toHost === nodes[0]!.host)
    t.is(toHim.length, sent, JSON.stringify(options))
  }
})

test('query: once the result stands nothing is sent again', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 21)
  silence(nodes)
  const near = nearestFirst(nodes, TARGET)
  // Two slow ones open one more rank; they answer while its first transmission is on the way.
  for (const node of near.slice(0, 2)) node.answer = () => ({ delayMs: 520 })
  const spare = near[20]!
  spare.alive = false
  sim.record = true
  const query = asker.query(MESSAGE, { nodes })
  await sim.run(query.finished())
  t.is(query.closestNodes.length, 20)
  await sim.clock.advance(20_000)
  t.is(sim.datagrams.filter(({ toHost }) => toHost === spare.host).length, 1)
})

test('query: force goes past the congestion window, and leaves it as it is', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 6, { maxWindow: 2 })
  const nobody = { host: '20.99.0.1', port: 1 }
  const session = asker.session()
  const pings = Array.from({ length: 2 }, () => rejectionOf(session.ping(nobody)))
  const waiting = asker.query(MESSAGE, { nodes })
  const forced = asker.query({ ...MESSAGE, command: 8 }, { nodes, force: true })
  const ended = [waiting.finished(), forced.finished()]
  await sim.clock.advance(200)
  t.alike([waiting.successes, forced.successes], [0, 6])
  session.destroy()
  await Promise.all(pings)
  await sim.run(Promise.all(ended))
  t.is(waiting.successes, 6)
})

test('query: force goes past it also with what is asked beside the walk (W-C4)', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 24, { maxWindow: 2 })
  const session = asker.session()
  const pings = Array.from({ length: 2 }, () => rejectionOf(session.ping({ host: '20.99.0.1', port: 1 })))
  const disorder = nearestFirst(nodes, TARGET).slice(0, 20).reverse()
  for (const node of nodes) node.closer = disorder
  const beside: number[] = []
  const trace = (event: LookupEvent): void => {
    if (event.type === 'answered' && event.side) beside.push(event.afterMs)
  }
  const query = asker.query(MESSAGE, { nodes, force: true, trace })
  const start = sim.clock.now()
  await sim.run(query.finished())
  t.is(query.closestNodes.length, 20)
  t.alike(beside, [40, 40])
  t.ok(sim.clock.now() - start <= 200, `${sim.clock.now() - start} ms`)
  session.destroy()
  await Promise.all(pings)
})

test('query: its session ends it, before its start too; its end leaves the session alone', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 4)
  const failure = new Error('enough')
  for (const waitMs of [0, 10]) {
    const session = asker.session()
    const query = asker.query(MESSAGE, { nodes, session })
    const ended = rejectionOf(sim.run(query.finished()))
    if (waitMs > 0) await sim.clock.advance(waitMs)
    session.destroy(failure)
    t.is(await ended, failure)
  }
  const session = asker.session()
  const ping = session.ping(nodes[0]!)
  const query = asker.query(MESSAGE, { nodes, session })
  const finished = query.finished()
  query.destroy()
  await sim.run(finished)
  t.is((await sim.run(ping)).from.host, nodes[0]!.host)
})

test('query: those who named a dead node hear of it, once each', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 4)
  silence(nodes)
  const dead = { host: '20.99.0.1', port: 4321 }
  const names = [{ ip: parseIPv4(dead.host), port: dead.port }]
  nodes[0]!.answer = () => ({ closer: names })
  nodes[1]!.answer = () => ({ closer: names })
  // Long after the dead one has been given up.
  nodes[2]!.answer = () => ({ closer: names, delayMs: 3500 })
  const query = asker.query(MESSAGE, { nodes, onlyClosestNodes: false })
  await sim.run(query.finished())
  await sim.clock.advance(10_000)
  const hint = `${dead.host}:${dead.port}`
  t.alike(
    nodes.map(({ hints }) => hints),
    [[hint], [hint], [], []],
  )
})

test('query: a node that was only slow is not hinted, be it in time for this query or not', async (t) => {
  for (const [delayMs, successes] of [
    [700, 2],
    [1200, 1],
    [1800, 1],
  ] as const) {
    const { sim, nodes, asker } = await startAsker(t, 2)
    nodes[1]!.answer = () => ({ delayMs })
    const query = asker.query(MESSAGE, { nodes: nodes.slice(0, 1) })
    await sim.run(query.finished())
    await sim.clock.advance(10_000)
    t.is(query.successes, successes, `${delayMs} ms`)
    t.alike(nodes[0]!.hints, [])
    t.ok(asker.table.has(nodes[1]!.id))
  }
})

test('query: slow nodes are overtaken before their last timeout', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 5)
  silence(nodes)
  for (const node of nearestFirst(nodes, TARGET).slice(0, 3)) node.alive = false
  const query = asker.query(MESSAGE, { nodes, concurrency: 3 })
  const start = sim.clock.now()
  const finished = query.finished()
  await sim.clock.advance(530)
  const others = nearestFirst(nodes, TARGET).slice(3)
  t.alike(
    others.map(({ asked }) => asked.map(({ at }) => at - start)),
    [[520], [520]],
    'asked after 500 ms, not after a second',
  )
  t.is(query.successes, 0)
  await sim.clock.advance(100)
  t.is(query.successes, 2)
  await sim.run(finished)
  t.is(sim.clock.now() - start, 1000, 'two timeouts are enough')
})

test('query: at its natural end the requests of slow nodes run on, a while, and teach the table', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 24)
  silence(nodes)
  const [late, dead] = nearestFirst(nodes, TARGET).slice(0, 2)
  late!.answer = () => ({ delayMs: 1500 })
  dead!.alive = false
  const query = asker.query(MESSAGE, { nodes })
  await sim.run(query.finished())
  t.alike([query.inflight, query.successes, query.closestNodes.length], [0, 21, 20])
  t.is(asker.table.has(late!.id), false)
  t.ok(asker.stats.requests.active >= 2)
  await sim.clock.advance(700)
  t.ok(asker.table.has(late!.id), 'its late answer')
  t.is(query.successes, 21, 'is no result any more')
  await sim.clock.advance(10_000)
  t.is(late!.asked.length, 2, 'and it is asked no more than twice')
  await sim.clock.runUntil(() => asker.stats.requests.active === 0, MINUTE)
  t.is(asker.stats.requests.active, 0)
})

for (const way of ['destroy', 'suspend', 'session', 'query'] as const) {
  test(`query: what is late when it is ended by ${way} leaves nothing behind`, async (t) => {
    const { sim, nodes, asker } = await startAsker(t, 4)
    for (const node of nodes.slice(1)) node.answer = () => null
    const session = asker.session()
    // One at a time: the first silent one is late while the last one is on its way.
    const query = asker.query(MESSAGE, { nodes, session, concurrency: 1 })
    const ended = rejectionOf(query.finished())
    await sim.clock.advance(1250)
    t.is(query.inflight, 3)
    const before = askedHosts(nodes).length
    t.is(before, 1 + 2 + 2 + 1)
    if (way === 'session') session.destroy()
    else if (way === 'query') query.destroy()
    else await sim.run(asker[way]())
    await sim.run(ended)
    t.alike([asker.stats.requests.active, asker.stats.queries.active, query.inflight], [0, 0, 0])
    await sim.clock.advance(10_000)
    t.is(askedHosts(nodes).length, before, 'nothing more is sent')
  })
}

test('query: a full queue ends it, and leaves nothing behind', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 6, { maxWindow: 1 })
  const session = asker.session()
  const pings = Array.from({ length: 65_536 + 1 }, () => session.ping(nodes[0]!).catch(() => {}))
  const query = asker.query(MESSAGE, { nodes })
  t.is(((await rejectionOf(sim.run(query.finished()))) as DHTError).code, 'QUEUE_FULL')
  t.is(query.inflight, 0)
  session.destroy()
  await Promise.all(pings)
  t.alike([asker.stats.queries.active, asker.stats.requests.active], [0, 0])
})

test('query: a network of 40 nodes: the 20 nearest of all, in order, few asks, fast', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(40)
  await sim.clock.advance(MINUTE)
  const asker = await sim.start({ ephemeral: true })
  await sim.clock.advance(10_000)
  const ids = sim.nodes.filter(({ id }) => id !== null).map((node) => ({ id: node.id!, ...sim.addressOf(node) }))
  for (let i = 0; i < 20; i++) {
    const target = idFromAddress('9.9.9.9', 1 + i)
    const query = asker.findNode(target)
    const start = sim.clock.now()
    await sim.run(query.finished())
    t.alike(hostsOf(query.closestNodes), hostsOf(nearestFirst(ids as never, target).slice(0, 20)))
    t.ok(query.successes <= 30 && sim.clock.now() - start <= 400, `${query.successes} asks`)
    t.is(query.errors, 0)
  }
})
