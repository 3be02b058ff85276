/** The `trace` option of a node: all its lookups, also those it makes for itself. */
import test from 'brittle'
import { DHT, formatTrace, type LookupEvent, type LookupKind } from '../../index.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { Tracing } from '../../lib/node/tracing.js'
import { checkStory, ofType } from '../query/trace-story.js'
import { collectUncaught, errorOf, uncaughtTold } from '../helpers/errors.js'
import { MINUTE, Simulation } from '../helpers/simulation.js'

const TARGET = idFromAddress('1.2.3.4', 5)

/** Kinds of the lookups, by their numbers. */
function kindsOf(events: readonly LookupEvent[]): [number, LookupKind][] {
  return ofType(events, 'started').map(({ lookup, kind }) => [lookup, kind])
}

test('tracing: a join is told, then refreshes and the queries of the application', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(20)
  const events: LookupEvent[] = []
  const node = await sim.start({ ephemeral: true, trace: (event) => void events.push(event) })
  checkStory(t, events)
  t.alike(kindsOf(events), [[1, 'join']])
  t.is(ofType(events, 'learnt')[0]!.from, 'bootstrap')
  t.is(ofType(events, 'learnt').filter(({ from }) => from === 'reply').length, 20)
  t.is(ofType(events, 'done')[0]!.closest.length, 20)

  const own: LookupEvent[] = []
  await sim.run(node.refresh())
  await sim.run(node.findNode(TARGET, { trace: (event) => void own.push(event) }).finished())
  await sim.run(node.query({ target: TARGET, command: 1 }).finished())
  checkStory(t, events)
  t.alike(kindsOf(events).slice(1), [
    [2, 'refresh'],
    [3, 'find-node'],
    [4, 'query'],
  ])
  for (const number of [2, 3, 4]) {
    t.is(ofType(events, 'learnt').find(({ lookup }) => lookup === number)!.from, 'table', `lookup ${number}`)
  }
  t.alike(
    own,
    events.filter(({ lookup }) => lookup === 3),
    'both listeners hear the same',
  )
  t.is(formatTrace(events).match(/^lookup /gm)!.length, 4)
})

test('tracing: all lookups of a persistent node, until it is destroyed', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(10)
  const events: LookupEvent[] = []
  const node = await sim.start({ ephemeral: false, trace: (event) => void events.push(event) })
  await sim.clock.advance(20 * MINUTE)
  t.ok(ofType(events, 'started').some(({ kind }) => kind === 'refresh'))
  void node.refresh()
  await sim.clock.advance(10)
  await node.destroy()
  checkStory(t, events)
  t.is(ofType(events, 'done').at(-1)!.error, 'REQUEST_DESTROYED')
  t.is(ofType(events, 'started').length, ofType(events, 'done').length)
})

test('tracing: what it throws is uncaught, and the node joins all the same', async (t) => {
  const uncaught = collectUncaught(t)
  const sim = new Simulation(t)
  await sim.startMany(10)
  let calls = 0
  const node = await sim.start({
    ephemeral: true,
    trace: () => {
      calls++
      throw new Error('boom')
    },
  })
  await uncaughtTold()
  t.is(node.table.size, 11)
  t.is(uncaught.length, calls)
})

test('tracing: both listeners are called, though one throws', async (t) => {
  const uncaught = collectUncaught(t)
  const heard: LookupEvent[] = []
  const fail = (): void => {
    throw new Error('boom')
  }
  const tracing = new Tracing(new VirtualClock(), fail)
  const tracer = tracing.create('query', { command: 1, target: TARGET }, (event) => void heard.push(event))
  tracer!.start({ list: () => [] } as never, 'table')
  tracer!.end(null)
  tracer!.end(new Error('too late'))
  t.alike(
    heard.map(({ type }) => type),
    ['started', 'done'],
  )
  await uncaughtTold()
  t.is(uncaught.length, 2)
})

test('tracing: nobody listens, nobody tells', (t) => {
  const message = { command: 1, target: TARGET }
  const silent = new Tracing(new VirtualClock(), null)
  t.is(silent.create('join', message), null)
  t.is(silent.create('query', message, null), null)
  t.ok(silent.create('query', message, () => {}))
  t.ok(new Tracing(new VirtualClock(), () => {}).create('join', message))
})

test('tracing: the option must be a function', (t) => {
  const error = errorOf(() => new DHT({ trace: true as never }))
  t.ok(error instanceof TypeError && error.message === 'trace must be a function')
})
