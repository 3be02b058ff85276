/** Traces of queries: what is told, that it is what happened, and that nobody pays who does not listen. */
import test from 'brittle'
import type { DHT, LookupEvent, QueryOptions } from '../../index.js'
import { keyOf } from '../../lib/primitives/address.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { Tracer } from '../../lib/query/tracer.js'
import { Simulation as Network } from '../../lib/simulation/index.js'
import { decodeRequest } from '../../lib/wire/request.js'
import { collectUncaught, errorOf, rejectionOf, uncaughtTold } from '../helpers/errors.js'
import { MINUTE, Simulation } from '../helpers/simulation.js'
import { startAsker } from './scripted-nodes.js'
import { checkStory, doneOf, ofType } from './trace-story.js'

const TARGET = idFromAddress('1.2.3.4', 5)
const MESSAGE = { target: TARGET, command: 7 }

/** Ways take 20 ms in these networks. */
const ROUND_TRIP_MS = 40

/** A list, and the option that fills it. */
function collect(): { events: LookupEvent[]; trace: (event: LookupEvent) => void } {
  const events: LookupEvent[] = []
  return { events, trace: (event) => void events.push(event) }
}

const answers = (node: DHT): DHT => node.on('request', (req) => req.reply())

test('trace: a query tells its story, and the end is what the query says', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 12)
  const { events, trace } = collect()
  const query = asker.query(MESSAGE, { nodes: nodes.slice(0, 2), trace })
  t.alike(events, [], 'not before it starts')
  const startedAt = sim.clock.now()
  await sim.run(query.finished())
  checkStory(t, events)
  const target = Buffer.from(TARGET).toString('hex')
  t.alike(events[0], { lookup: 1, atMs: 0, type: 'started', kind: 'query', command: 7, target, startedAtMs: startedAt })
  const learnt = ofType(events, 'learnt')
  t.is(learnt.length, 12)
  t.is(learnt.filter(({ from }) => from === 'options').length, 2)
  t.is(learnt.filter(({ from, by }) => from === 'reply' && by!.host === nodes[0]!.host).length, 10)
  const done = doneOf(events)
  t.alike(
    done.closest.map(({ host, port }) => ({ host, port })),
    query.closestNodes.map(({ host, port }) => ({ host, port })),
  )
  t.alike([done.error, done.asked, done.answered, done.failed, done.waiting], [null, 12, 12, 0, 0])
  t.is(done.transmissions, 12)
})

test('trace: times are those of the network', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 6)
  nodes[1]!.answer = () => ({ delayMs: 13 })
  const { events, trace } = collect()
  await sim.run(asker.query(MESSAGE, { nodes: [nodes[0]!], trace }).finished())
  const answered = ofType(events, 'answered')
  t.is(answered.length, 6)
  for (const { node, rttMs, afterMs, atMs, named, learnt, rank } of answered) {
    const delayMs = node.host === nodes[1]!.host ? 13 : 0
    t.is(rttMs, ROUND_TRIP_MS + delayMs)
    t.is(afterMs, rttMs)
    t.is(atMs, rttMs + node.hop * ROUND_TRIP_MS)
    t.is(named, 5)
    t.is(learnt, node.host === nodes[0]!.host ? 5 : 0)
    t.ok(rank !== null && rank <= 6)
  }
  t.is(doneOf(events).atMs, 2 * ROUND_TRIP_MS + 13)
})

test('trace: a silent node is asked again, is slow, is given up; one that comes back late is heard', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 5)
  nodes[1]!.alive = false
  let times = 0
  nodes[2]!.answer = () => (times++ === 0 ? null : {})
  const { events, trace } = collect()
  await sim.run(asker.query(MESSAGE, { nodes: [nodes[0]!], trace }).finished())
  checkStory(t, events)
  const of = (i: number) => events.filter((event) => 'node' in event && event.node.host === nodes[i]!.host)
  const typesOf = (i: number) => of(i).map(({ type }) => type)
  t.alike(typesOf(1).slice(0, 4), ['learnt', 'asked', 'retried', 'slow'])
  t.is(ofType(of(1), 'presumed-dead').length, 1)
  t.alike(typesOf(2), ['learnt', 'asked', 'retried', 'slow', 'answered'])
  const [retried] = ofType(of(2), 'retried')
  const [answered] = ofType(of(2), 'answered')
  t.is(retried!.transmission, 2)
  t.is(answered!.rttMs, ROUND_TRIP_MS)
  t.is(answered!.afterMs, retried!.afterMs + ROUND_TRIP_MS)
  const { answered: heard, failed, waiting, transmissions } = doneOf(events)
  t.alike([heard, failed + waiting], [4, 1])
  t.is(transmissions, nodes.reduce((sum, { asked }) => sum + asked.length, 0) + 2, 'the dead one was sent two')
})

test('trace: error replies and replies without an id have no rank', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 4)
  nodes[1]!.answer = () => ({ error: 16 })
  nodes[2]!.answer = () => ({ id: null })
  const { events, trace } = collect()
  await sim.run(asker.query(MESSAGE, { nodes, trace }).finished())
  checkStory(t, events)
  const rankOf = (i: number) => ofType(events, 'answered').find(({ node }) => node.host === nodes[i]!.host)
  t.alike([rankOf(1)!.error, rankOf(1)!.rank], [16, null])
  t.alike([rankOf(2)!.error, rankOf(2)!.rank], [0, null])
  t.is(doneOf(events).closest.length, 2)
})

test('trace: commits are told one by one', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 3)
  nodes[1]!.answer = ({ token }) => (token === null ? {} : { error: 17 })
  nodes[2]!.answer = () => ({ token: null })
  const { events, trace } = collect()
  const query = asker.query(MESSAGE, { nodes, commit: true, trace })
  await sim.run(query.finished())
  checkStory(t, events)
  const hosts = (list: readonly { node: { host: string } }[]) => list.map(({ node }) => node.host).sort()
  t.alike(hosts(ofType(events, 'commit-asked')), hosts(nodes.map((node) => ({ node }))))
  const [accepted] = ofType(events, 'commit-accepted')
  t.is(accepted!.node.host, nodes[0]!.host)
  t.is(accepted!.afterMs, ROUND_TRIP_MS)
  const refused = ofType(events, 'commit-refused')
  t.alike(
    refused.map(({ error, node }) => [node.host, error]),
    [
      [nodes[2]!.host, 'NO_TOKEN'],
      [nodes[1]!.host, 'COMMIT_FAILED'],
    ],
  )
  t.ok(refused[1]!.message.includes('17'))
  t.alike([doneOf(events).error, doneOf(events).atMs], [null, 2 * ROUND_TRIP_MS])
})

test('trace: how a query ends is told, and nothing after that', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 4)
  nodes[1]!.answer = () => ({ delayMs: 500 })
  const endings: [string, Partial<QueryOptions>, ((end: () => void) => void) | null][] = [
    ['REQUEST_DESTROYED', {}, (end) => sim.clock.after(30, end)],
    ['DEADLINE_EXCEEDED', { deadlineMs: 30 }, null],
    ['AbortError', { signal: AbortSignal.abort('no') }, null],
    ['RangeError', { map: () => String(new Uint8Array(-1)) as never }, null],
    ['COMMIT_FAILED', { commit: () => Promise.reject(new Error('no')) }, null],
  ]
  for (const [error, options, end] of endings) {
    const { events, trace } = collect()
    const query = asker.query(MESSAGE, { nodes, trace, ...options })
    end?.(() => query.destroy())
    const finished = rejectionOf(query.finished())
    await sim.clock.advance(MINUTE)
    await finished
    if (error === 'AbortError') {
      t.alike(events, [], 'it had not begun')
      continue
    }
    checkStory(t, events, error)
    t.is(doneOf(events).error, error)
    t.is(ofType(events, 'failed').length, 0, 'taken back is not failed')
  }
})

test('trace: what it throws is uncaught, and breaks nothing', async (t) => {
  const uncaught = collectUncaught(t)
  const { sim, nodes, asker } = await startAsker(t, 8)
  let calls = 0
  const trace = (): void => {
    calls++
    throw new Error('boom')
  }
  const query = asker.query(MESSAGE, { nodes: [nodes[0]!], commit: true, trace })
  await sim.run(query.finished())
  t.is(query.commits.filter(({ ok }) => ok).length, 8)
  await uncaughtTold()
  t.ok(calls > 30)
  t.is(uncaught.length, calls)
  t.is(asker.stats.requests.active, 0)
})

test('trace: it may end the query at any event, which is the last but one, or the last', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 4)
  nodes[3]!.alive = false
  const complete = collect()
  const options = { nodes: nodes.slice(0, 1), commit: true }
  await sim.run(asker.query(MESSAGE, { ...options, trace: complete.trace }).finished())
  await sim.clock.advance(MINUTE)
  for (let last = 0; last < complete.events.length; last++) {
    const { events, trace } = collect()
    const query = asker.query(MESSAGE, {
      ...options,
      trace: (event) => {
        trace(event)
        if (events.length === last + 1) query.destroy()
      },
    })
    await sim.run(query.finished())
    await sim.clock.advance(MINUTE)
    const isEnd = last === complete.events.length - 1
    t.is(events.length, isEnd ? last + 1 : last + 2, events[last]!.type)
    t.is(doneOf(events).error, isEnd ? null : 'REQUEST_DESTROYED')
    t.alike([asker.stats.queries.active, asker.stats.requests.active], [0, 0])
  }
})

test('trace: what ends the query when a node is asked keeps the request from being sent', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 4)
  const query = asker.query(MESSAGE, { nodes, trace: ({ type }) => void (type === 'asked' && query.destroy()) })
  await sim.run(query.finished())
  await sim.clock.advance(MINUTE)
  t.alike(
    nodes.map(({ asked }) => asked.length),
    [0, 0, 0, 0],
  )
})

test('trace: a query of a node that knows nobody starts at the bootstrap nodes', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(5)
  const node = sim.create({ ephemeral: true })
  const { events, trace } = collect()
  await sim.run(node.findNode(TARGET, { trace }).finished())
  checkStory(t, events)
  const [first] = ofType(events, 'learnt')
  t.alike([first!.from, first!.node.host], ['bootstrap', sim.hostOf(sim.bootstrapper)])
})

test('trace: without a listener there is no tracer, in queries and in lookups of the node', async (t) => {
  const prototype = Tracer.prototype as unknown as Record<string, unknown>
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
  let calls = 0
  for (const name of names) {
    const method = prototype[name] as (...args: unknown[]) => unknown
    t.teardown(() => (prototype[name] = method))
    prototype[name] = function (this: unknown, ...args: unknown[]) {
      calls++
      return method.apply(this, args)
    }
  }
  const sim = new Simulation(t)
  const nodes = await sim.startMany(10)
  for (const node of nodes) answers(node)
  for (const trace of [undefined, null]) {
    await sim.run(nodes[0]!.query(MESSAGE, { commit: true, trace }).finished())
    await sim.run(nodes[0]!.findNode(TARGET, { trace }).finished())
    await sim.run(nodes[0]!.refresh())
  }
  t.is(calls, 0)
  await sim.run(nodes[0]!.findNode(TARGET, collect()).finished())
  t.ok(calls > 10, 'the counter works')
})

test('trace: must be a function', async (t) => {
  const { asker } = await startAsker(t, 1)
  const error = errorOf(() => asker.findNode(TARGET, { trace: [] as never }))
  t.ok(error instanceof TypeError && error.message.includes('trace'))
})

for (const seed of [1, 2, 3, 4]) {
  test(`trace: is what went over the wire, in a lossy half-dead network (seed ${seed})`, async (t) => {
    const network = new Network({ seed, network: { loss: 0.03 } })
    t.teardown(() => network.destroy())
    const nodes = await network.startNodes(60)
    for (const node of network.nodes) answers(node)
    const [asker, ...others] = nodes as [DHT, ...DHT[]]
    for (const node of network.random.sample(others, 20)) network.hostOf(node).kill()
    const sent = new Map<number, number>()
    network.network.tap = ({ bytes, fromHost, toHost, toPort }) => {
      const request = fromHost === network.hostOf(asker).address && bytes[0] === 3 ? decodeRequest(bytes) : null
      if (request === null || request.internal || request.command !== 7 || request.tokenAt !== -1) return
      sent.set(keyOf(toHost, toPort), (sent.get(keyOf(toHost, toPort)) ?? 0) + 1)
    }
    for (let i = 0; i < 5; i++) {
      // What the last one left behind is sent again after its end.
      await network.advance(MINUTE)
      sent.clear()
      const { events, trace } = collect()
      const query = asker.query(
        { target: network.random.bytes(32), command: 7 },
        { trace, commit: i % 2 === 0, concurrency: 1 + 3 * i },
      )
      let replies = 0
      query.on('data', () => void replies++)
      await network.run(query.finished())
      checkStory(t, events)
      const told = new Map<number, number>()
      for (const event of events) {
        if ((event.type !== 'asked' && event.type !== 'retried') || event.side) continue
        const key = keyOf(event.node.host, event.node.port)
        told.set(key, (told.get(key) ?? 0) + 1)
      }
      t.alike(told, sent, 'each datagram of the walk')
      t.is(ofType(events, 'answered').filter(({ late, side }) => !late && !side).length, replies)
      t.is(ofType(events, 'commit-accepted').length, query.commits.filter(({ ok }) => ok).length)
      const { closest } = doneOf(events)
      t.alike(
        closest.map(({ id }) => id),
        query.closestNodes.map(({ id }) => Buffer.from(id!).toString('hex')),
      )
    }
  })
}
