/** The query as a stream: when it starts, what it yields, how fast, and how it ends. */
import test from 'brittle'
import type { DHTError, Query, Reply } from '../../index.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { rejectionOf } from '../helpers/errors.js'
import { MINUTE } from '../helpers/simulation.js'
import { hostsOf, nearestFirst, type ScriptedNode, startAsker } from './scripted-nodes.js'

const TARGET = idFromAddress('1.2.3.4', 5)
const MESSAGE = { target: TARGET, command: 7 }

const askedCount = (nodes: readonly ScriptedNode[]): number => nodes.reduce((sum, { asked }) => sum + asked.length, 0)

const codeOf = async (promise: Promise<unknown>): Promise<string | undefined> =>
  ((await rejectionOf(promise)) as DHTError | null)?.code

test('W-C25: whatever is read of a query without consuming it starts nothing', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 3)
  const query = asker.query(MESSAGE, { nodes })
  t.alike([query.dht, query.target, query.command, query.value], [asker, TARGET, 7, null])
  t.alike([query.inflight, query.successes, query.errors, query.concurrency], [0, 0, 0, 20])
  t.alike([query.closestReplies, query.closestNodes, query.commits], [[], [], []])
  await sim.clock.advance(MINUTE)
  t.is(askedCount(nodes), 0)
  query.destroy()
  await sim.clock.advance(1000)
  t.alike(asker.stats.queries, { active: 0, total: 0 }, 'nor does its end')
  t.is(query.destroyed, true)
})

test('query: is counted from its start to its end', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 3)
  const query = asker.query(MESSAGE, { nodes })
  const finished = query.finished()
  await sim.clock.advance(10)
  t.alike(asker.stats.queries, { active: 1, total: 1 })
  t.is(query.inflight, 3)
  await sim.run(finished)
  t.alike(asker.stats.queries, { active: 0, total: 1 })
  t.alike([query.inflight, query.successes, query.errors], [0, 3, 0])
})

test('query: tells data, end and close, once each', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 5)
  const query = asker.query(MESSAGE, { nodes: nodes.slice(0, 1) })
  const events: string[] = []
  query.on('data', (reply) => void events.push(reply.from.host))
  query.on('end', () => void events.push('end'))
  query.on('close', () => void events.push('close'))
  await sim.clock.advance(5000)
  t.is(events.length, 7)
  t.is(events[0], nodes[0]!.host, 'as they come in')
  t.alike(events.slice(0, 5).sort(), hostsOf(nodes).sort())
  t.alike(events.slice(5), ['end', 'close'])
})

test('query: an async iterator gives every reply, and ends', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 25)
  const seen: string[] = []
  const loop = async (): Promise<void> => {
    for await (const reply of asker.query(MESSAGE, { nodes: nodes.slice(0, 2) })) seen.push(reply.from.host)
  }
  await sim.run(loop())
  t.ok(seen.length >= 20 && new Set(seen).size === seen.length, `${seen.length} replies, each once`)
})

test('query: leaving the loop ends it and takes back what is on the way', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 12)
  for (const node of nodes.slice(1)) node.answer = () => ({ delayMs: 300 })
  let query!: Query
  const loop = async (): Promise<void> => {
    query = asker.query(MESSAGE, { nodes })
    for await (const reply of query) {
      t.is(reply.from.host, nodes[0]!.host)
      break
    }
  }
  await sim.run(loop())
  t.alike([query.destroyed, query.inflight], [true, 0])
  t.is(asker.stats.queries.active, 0)
  await sim.clock.advance(20)
  const asked = askedCount(nodes)
  await sim.clock.advance(MINUTE / 6)
  t.is(askedCount(nodes), asked, 'nobody is asked any more, nor again')
  t.is(query.successes, 1, 'late answers do not count')
})

test('query: a destroyed one takes its requests back at once', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 12)
  for (const node of nodes) node.alive = false
  const query = asker.query(MESSAGE, { nodes, concurrency: 3 })
  const finished = query.finished()
  await sim.clock.advance(10)
  t.ok(asker.stats.requests.active >= 3)
  const active = asker.stats.requests.active
  query.destroy()
  t.is(asker.stats.requests.active, active - 3)
  t.is(await rejectionOf(sim.run(finished)), null, 'that is no error')
})

test('query: finished rejects with what destroyed it, also when it is asked late or twice', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 3)
  const failure = new Error('enough')
  const query = asker.query(MESSAGE, { nodes })
  const first = rejectionOf(query.finished())
  const second = rejectionOf(query.finished())
  query.destroy(failure)
  t.is(await first, failure)
  t.is(await second, failure)
  await sim.clock.advance(1000)
  t.is(await rejectionOf(query.finished()), failure, 'long after')
  const good = asker.query(MESSAGE, { nodes })
  await sim.run(good.finished())
  t.is(await rejectionOf(good.finished()), null)
})

test('query: a loop over one that fails throws what it failed with', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 3)
  const failure = new Error('enough')
  const query = asker.query(MESSAGE, { nodes })
  let seen = 0
  const loop = async (): Promise<void> => {
    for await (const reply of query) {
      if (reply.error === 0 && ++seen === 2) query.destroy(failure)
    }
  }
  t.is(await rejectionOf(sim.run(loop())), failure)
  t.is(asker.stats.queries.active, 0)
})

test('query: while 16 replies wait for a slow consumer nobody new is asked', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 60)
  // Replies of which every other one is no result: forty are to be yielded.
  const results = nearestFirst(nodes, TARGET).filter((node, i) => {
    if (i % 2 === 0) node.answer = () => ({ id: null })
    return i % 2 === 1
  })
  const query = asker.query(MESSAGE, { nodes, concurrency: 5 })
  t.is(query.read(), null)
  await sim.clock.advance(MINUTE)
  const asked = askedCount(nodes)
  t.ok(asked >= 16 && asked <= 16 + 5, `${asked} asked`)
  t.alike([query.inflight, asker.stats.queries.active], [0, 1])
  for (let i = 0; i < 8; i++) t.ok(query.read() !== null)
  await sim.clock.advance(1000)
  const more = askedCount(nodes) - asked
  t.ok(more > 0 && more <= 8 + 5, `${more} more when 8 are taken`)
  let taken = 8
  const loop = async (): Promise<void> => {
    for await (const reply of query) {
      taken += reply.error === 0 ? 1 : 0
      await new Promise<void>((resolve) => void sim.clock.after(200, resolve))
    }
  }
  await sim.run(loop())
  t.is(taken, query.successes, 'and no reply is lost')
  t.is(taken, 40)
  t.alike(hostsOf(query.closestNodes), hostsOf(results.slice(0, 20)))
})

test('query: a paused one goes on when it is resumed', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 40)
  const query = asker.query(MESSAGE, { nodes })
  let seen = 0
  let closed = false
  query.on('data', () => {
    if (++seen === 2) query.pause()
  })
  query.on('close', () => (closed = true))
  await sim.clock.advance(MINUTE)
  t.alike([seen, closed], [2, false])
  query.resume()
  await sim.clock.advance(MINUTE)
  t.ok(seen >= 20 && closed, `${seen} replies`)
})

test('query: map decides what is yielded, falsy is not; results are raw', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 6)
  nodes.forEach((node, i) => (node.answer = () => ({ value: Uint8Array.of(i) })))
  const falsy = [null, undefined, false, 0, ''] as const
  const query = asker.query<string>(MESSAGE, {
    nodes,
    map: ({ value }) => (value![0]! < falsy.length ? falsy[value![0]!] : `value ${value![0]!}`),
  })
  const seen: string[] = []
  query.on('data', (item) => void seen.push(item))
  await sim.run(query.finished())
  t.alike(seen, ['value 5'])
  t.is(query.successes, 6)
  const raw: Reply[] = query.closestReplies
  t.alike(
    raw.map(({ from }) => from.host),
    hostsOf(nearestFirst(nodes, TARGET)),
  )
  t.ok(raw.every(({ value, token, rtt }) => value!.length === 1 && token!.length === 32 && rtt === 40))
})

test('query: a map that throws, anything, ends it with that', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 6)
  for (const thrown of [new TypeError('boom'), 'boom']) {
    const query = asker.query(MESSAGE, {
      nodes,
      map: () => {
        // oxlint-disable-next-line typescript/only-throw-error -- what users may do
        throw thrown
      },
    })
    const error = await rejectionOf(sim.run(query.finished()))
    t.is(error?.message, 'boom')
    t.ok(error instanceof Error)
    t.is(query.successes, 1, 'it was not called again')
  }
})

test('query: results are live, nearest first, at most 20, identified, and lists of the caller’s own', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 30)
  const sorted = nearestFirst(nodes, TARGET)
  sorted[0]!.answer = () => ({ id: null })
  sorted[1]!.answer = () => ({ id: sorted[2]!.id })
  sorted[2]!.answer = () => ({ error: 16 })
  const query = asker.query(MESSAGE, { nodes: sorted })
  const sizes: number[] = []
  query.on('data', () => void sizes.push(query.closestReplies.length))
  await sim.run(query.finished())
  t.alike(hostsOf(query.closestNodes), hostsOf(sorted.slice(3, 23)))
  t.alike(hostsOf(query.closestReplies.map(({ from }) => from)), hostsOf(query.closestNodes))
  t.ok(sizes[0]! <= 1 && sizes.at(-1) === 20, sizes.join(' '))
  query.closestReplies.length = 0
  query.closestNodes.length = 0
  t.is(query.closestReplies.length, 20)
  t.alike([query.successes, query.errors], [22, 1])
})

test('query: an error reply is not yielded, but whom it names is asked', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 3)
  nodes[0]!.answer = () => ({ error: 1 })
  const query = asker.query(MESSAGE, { nodes: [nodes[0]!] })
  const seen: string[] = []
  query.on('data', ({ from }) => void seen.push(from.host))
  await sim.run(query.finished())
  t.alike(seen.sort(), hostsOf(nodes.slice(1)).sort())
})

test('query: nobody to ask, nobody who answers: it ends without an error', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 3)
  const empty = asker.query(MESSAGE)
  await sim.run(empty.finished())
  t.alike([empty.successes, empty.closestNodes], [0, []])
  for (const node of nodes) node.alive = false
  const silent = asker.query(MESSAGE, { nodes })
  await sim.run(silent.finished())
  t.alike([silent.successes, silent.closestNodes.length], [0, 0])
})

test('query: value and target reach the nodes as they were given', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 1)
  const value = Uint8Array.of(1, 2)
  await sim.run(asker.query({ target: TARGET, command: 2 ** 40, value }, { nodes }).finished())
  const [asked] = nodes[0]!.asked
  t.alike([asked!.command, asked!.token], [2 ** 40, null])
  t.alike([...asked!.target!, ...asked!.value!], [...TARGET, ...value])
})

test('query: of several deadlines and signals the first one ends it', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 3)
  for (const node of nodes) sim.block(node.host)
  for (const [own, later] of [
    [100, 900],
    [900, 100],
  ] as const) {
    const start = sim.clock.now()
    const query = asker.query(MESSAGE, { nodes, deadlineMs: own })
    t.is(await codeOf(sim.run(query.finished({ deadlineMs: later }))), 'DEADLINE_EXCEEDED')
    t.is(sim.clock.now() - start, 100)
  }
})

test('query: waiting for one that is over leaves no timer and no listener', async (t) => {
  const { sim, asker } = await startAsker(t, 1)
  const query = asker.query(MESSAGE)
  query.destroy()
  await sim.run(query.finished())
  const timers = sim.clock.pending
  let listeners = 0
  const signal = { aborted: false, addEventListener: () => listeners++, removeEventListener: () => listeners-- }
  await sim.run(query.finished({ deadlineMs: 60_000, signal }))
  t.is(sim.clock.pending, timers)
  t.is(listeners, 0)
})

test('query: a deadline counts from the first consumption', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 3)
  for (const node of nodes) node.alive = false
  const query = asker.query(MESSAGE, { nodes, deadlineMs: 300 })
  await sim.clock.advance(5000)
  t.absent(query.destroyed)
  const start = sim.clock.now()
  t.is(await codeOf(sim.run(query.finished())), 'DEADLINE_EXCEEDED')
  t.is(sim.clock.now() - start, 300)
})

test('query: a signal ends it, before its start, in the middle, and not after its end', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 3)
  for (const waitMs of [0, 30]) {
    const controller = new AbortController()
    const query = asker.query(MESSAGE, { nodes, signal: controller.signal })
    const ended = rejectionOf(sim.run(query.finished()))
    await sim.clock.advance(waitMs)
    controller.abort(new Error(`after ${waitMs}`))
    t.is((await ended)?.message, `after ${waitMs}`)
  }
  const controller = new AbortController()
  const query = asker.query(MESSAGE, { nodes, signal: controller.signal })
  await sim.run(query.finished({ signal: controller.signal }))
  controller.abort()
  t.is(await rejectionOf(query.finished()), null)
})

test('W-C12: suspending in the middle ends it with IO_SUSPENDED and asks nobody else', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 30)
  for (const node of nodes) node.alive = false
  sim.record = true
  const query = asker.query(MESSAGE, { nodes })
  const ended = codeOf(query.finished())
  await sim.clock.advance(10)
  const asked = sim.datagrams.length
  await sim.run(asker.suspend())
  t.is(await ended, 'IO_SUSPENDED')
  t.is(sim.datagrams.length, asked)
  t.alike([asker.stats.queries.active, asker.stats.requests.active], [0, 0])
  t.is(await codeOf(sim.run(asker.query(MESSAGE, { nodes }).finished())), 'IO_SUSPENDED', 'and so does a new one')
  await sim.run(asker.resume())
  for (const node of nodes) node.alive = true
  const again = asker.query(MESSAGE, { nodes })
  await sim.run(again.finished())
  t.is(again.closestNodes.length, 20)
})

test('query: destroying the node in the middle, or before its start, ends it with an error', async (t) => {
  const { sim, nodes, asker } = await startAsker(t, 30)
  const running = codeOf(asker.query(MESSAGE, { nodes }).finished())
  const late = asker.query(MESSAGE, { nodes })
  await sim.clock.advance(10)
  await sim.run(asker.destroy())
  t.is(await running, 'REQUEST_DESTROYED')
  t.is(await codeOf(sim.run(late.finished())), 'NODE_DESTROYED')
  t.alike([asker.stats.queries.active, asker.stats.requests.active], [0, 0])
  await t.exception(() => asker.query(MESSAGE), /Node destroyed/)
  await t.exception(() => asker.findNode(TARGET), /Node destroyed/)
})
