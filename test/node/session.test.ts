import b4a from 'b4a'
import test from 'brittle'
import type { DHTError } from '../../index.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { rejectionOf } from '../helpers/errors.js'
import { MINUTE, Simulation } from '../helpers/simulation.js'

const NOBODY = { host: '20.9.9.9', port: 1 }

const codeOf = async (promise: Promise<unknown>): Promise<string | undefined> =>
  ((await rejectionOf(promise)) as DHTError | null)?.code

test('session: does what its node does', async (t) => {
  const sim = new Simulation(t)
  const [other] = await sim.startMany(1)
  other!.on('request', (req) => req.reply(req.value))
  const node = await sim.start({ ephemeral: true })
  const session = node.session()
  const to = sim.addressOf(other!)
  t.is((await sim.run(session.ping(to))).from.host, to.host)
  t.ok((await sim.run(session.delayedPing(to, 100))).rtt >= 100)
  t.alike((await sim.run(session.request({ command: 1, value: b4a.from('x') }, to))).value, b4a.from('x'))
  const found = session.findNode(idFromAddress('1.2.3.4', 5))
  await sim.run(found.finished())
  t.ok(found.closestNodes.length > 0)
  const query = session.query({ target: new Uint8Array(32), command: 1 })
  await sim.run(query.finished())
  t.ok(query.closestReplies.length > 0)
})

test('session: destroy fails what is under way, and nothing else', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const session = node.session()
  const mine = [session.ping(NOBODY), session.request({ command: 1 }, NOBODY), session.delayedPing(NOBODY, 10)]
  const query = session.findNode(new Uint8Array(32)).finished()
  const other = node.ping(NOBODY)
  await sim.clock.advance(10)
  session.destroy()
  for (const promise of [...mine, query]) t.is(await codeOf(promise), 'REQUEST_DESTROYED')
  t.is(node.stats.queries.active, 0)
  t.is(await codeOf(sim.run(other)), 'REQUEST_TIMEOUT')
  t.is(node.stats.requests.active, 0)
})

test('session: destroy with an error of the caller, and twice', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const session = node.session()
  const error = new Error('enough')
  const ping = rejectionOf(session.ping(NOBODY))
  session.destroy(error)
  session.destroy()
  t.is(await ping, error)
})

test('session: can be used again after destroy', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const session = node.session()
  session.destroy()
  const reply = await sim.run(session.ping(sim.addressOf(sim.bootstrapper)))
  t.ok(reply.rtt > 0)
})

test('W-C7: destroying a session gives every place in the window back once', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true, maxWindow: 4 })
  // Between two looks of the node's own for more contacts.
  await sim.clock.advance(1500)
  const session = node.session()
  const pings = Array.from({ length: 4 }, () => rejectionOf(session.ping(NOBODY)))
  session.destroy()
  await Promise.all(pings)
  sim.record = true
  for (let i = 0; i < 10; i++) void rejectionOf(node.ping(NOBODY))
  t.is(sim.datagrams.length, 4)
})

test('session: what waits in the queue is not sent by the destruction of what is before it', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true, maxWindow: 4 })
  // Between two looks of the node's own for more contacts.
  await sim.clock.advance(1500)
  const session = node.session()
  sim.record = true
  const pings = Array.from({ length: 50 }, () => rejectionOf(session.ping(NOBODY)))
  t.is(sim.datagrams.length, 4)
  session.destroy()
  await Promise.all(pings)
  t.is(sim.datagrams.length, 4)
  t.is(node.stats.requests.active, 0)
})

test('session: lets go of what is settled', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const session = node.session()
  await sim.run(session.ping(sim.addressOf(sim.bootstrapper)))
  const query = session.findNode(new Uint8Array(32))
  await sim.run(query.finished())
  session.destroy(new Error('must reach nobody'))
  await sim.clock.advance(MINUTE)
  t.absent(query.closestNodes.length === 0)
})

test('session: only its own kind is taken', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const fake = {} as never
  const message = 'session must come from node.session()'
  await t.exception.all(() => node.ping(NOBODY, { session: fake }), { message })
  await t.exception.all(() => node.request({ command: 1 }, NOBODY, { session: fake }), { message })
  await t.exception.all(() => node.query({ target: new Uint8Array(32), command: 1 }, { session: fake }), { message })
})
