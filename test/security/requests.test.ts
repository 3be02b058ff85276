/** Requests of ours: who may answer them, what they cost, and that nothing of them is left. */
import test from 'brittle'
import b4a from 'b4a'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { errorOf, rejectionOf } from '../helpers/errors.js'
import {
  createSimulation,
  FakeNode,
  forge,
  knows,
  LATENCY_MS,
  MINUTE,
  record,
  removalsOf,
  responseTo,
  SECOND,
  startLoner,
} from './attacker.js'

const NOBODY = { host: '50.0.0.1', port: 1000 }

test('W-S2: who saw one request of ours cannot answer the next ones', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const mallory = await FakeNode.create(sim)
  const dead = await FakeNode.create(sim)
  dead.answer = () => null
  let forged = 0
  let seen = 0
  // From each request that it gets it takes the next hundred transaction ids, in both directions.
  mallory.answer = ({ tid, from }) => {
    seen++
    for (let i = -100; i <= 100; i++) {
      forged++
      forge(sim, dead, from, responseTo(from, (tid + i) & 0xffff, { id: dead.id, ip: parseIPv4('8.8.8.8') }))
    }
    return {}
  }
  const failures: unknown[] = []
  for (let i = 0; i < 20; i++) {
    const asked = node.ping(dead, { retry: false }).catch((error: unknown) => failures.push(error))
    await sim.run(node.ping(mallory))
    await sim.run(asked)
  }
  t.ok(seen >= 20 && forged >= 4000)
  t.is(failures.length, 20, 'no forgery was taken for an answer')
  t.alike([knows(node, dead), node.host === '8.8.8.8'], [false, false])
})

test('W-S2: the right transaction id from another address is no answer, unless the request allows it', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const asked = await FakeNode.create(sim)
  const mallory = await FakeNode.create(sim)
  const lie = { id: mallory.id, value: b4a.from('lie'), ip: parseIPv4('8.8.8.8') }
  asked.answer = ({ from, tid }) => {
    mallory.send(responseTo(from, tid, lie), from)
    forge(sim, { host: asked.host, port: asked.port + 1 }, from, responseTo(from, tid, lie))
    return { value: b4a.from('truth'), afterMs: 100 }
  }
  const reply = await sim.run(node.request({ command: 7 }, asked))
  t.is(b4a.toString(reply.value!), 'truth')
  t.is(node.stats.datagrams.dropped.wrongSource, 2)
  t.alike([knows(node, mallory), node.host === '8.8.8.8'], [false, false])

  const relayed = await sim.run(node.request({ command: 7 }, asked, { relayed: true }))
  t.is(b4a.toString(relayed.value!), 'lie')
  t.unlike({ ...relayed.from, id: null }, { id: null, host: asked.host, port: asked.port })
  t.alike(
    [knows(node, mallory), node.host === '8.8.8.8'],
    [false, false],
    'the table and our address learn nothing from it',
  )
})

test('W-C1: the answer to the first transmission takes back the one that waits in the queue', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim, { maxWindow: 1, pingIntervalMs: 1e9, refreshIntervalMs: 1e9 })
  const slow = await FakeNode.create(sim)
  await sim.run(node.ping(slow))
  t.ok(knows(node, slow))
  const removed = removalsOf(node)
  await sim.advance(10 * MINUTE)
  slow.asked.length = 0
  slow.answer = () => ({ afterMs: 300 })
  const answered = node.ping(slow)
  const other = node.ping(NOBODY).catch(() => {})
  const reply = await sim.run(answered)
  t.is(reply.rtt, 300 + 2 * LATENCY_MS)
  await sim.run(other)
  await sim.advance(SECOND)
  t.is(slow.asked.filter(({ valueAt }) => valueAt === -1).length, 1, 'one transmission in all')
  t.alike([removed, knows(node, slow), node.stats.requests.active], [[], true, 0])
})

test('W-C7: a session that is destroyed gives back each of its places once', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim, { maxWindow: 4 })
  const sent = record(sim)
  const ping = (of: Pick<typeof node, 'ping'>) => void of.ping(NOBODY).catch(() => {})
  const session = node.session()
  for (let i = 0; i < 3; i++) ping(session)
  ping(node)
  for (let i = 0; i < 10; i++) ping(session)
  t.is(sent.length, 4)
  session.destroy()
  await sim.advance(0)
  t.is(sent.length, 4, 'what waited is not sent')
  t.is(node.stats.requests.active, 1)
  for (let i = 0; i < 10; i++) ping(node)
  t.is(sent.length, 4 + 3)
})

test('W-C8: a request that cannot be sent leaves nothing behind', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const target = b4a.alloc(32)
  const wrong: [object, object][] = [
    [{ target }, NOBODY],
    [
      { command: 7, target },
      { host: 'localhost', port: 1 },
    ],
    [
      { command: 7, target },
      { host: '20.0.0.1', port: 0 },
    ],
    [{ command: 7, target: b4a.alloc(5) }, NOBODY],
    [{ command: 7, token: b4a.alloc(33) }, NOBODY],
    [{ command: -1 }, NOBODY],
    [{ command: 7, value: 'text' }, NOBODY],
    [{ command: 7, value: b4a.alloc(4000) }, NOBODY],
  ]
  for (const [message, to] of wrong) {
    const error = errorOf(() => node.request(message as { command: number }, to as typeof NOBODY))
    t.ok(error instanceof TypeError || error instanceof RangeError, error?.message)
  }
  const socket = {
    trySend: () => {
      throw new Error('refused')
    },
    address: () => null,
    close: async () => {},
  }
  await t.exception(sim.run(node.ping(NOBODY, { socket })), { code: 'SEND_FAILED' })
  t.is(node.stats.requests.active, 0)
  const before = sim.clock.pending
  await sim.advance(MINUTE)
  t.ok(sim.clock.pending <= before)
})

test('W-C11: requests of a suspended node fail at once, and later ones are not tied to its old sockets', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const other = await FakeNode.create(sim)
  await sim.run(node.suspend())
  const at = sim.clock.now()
  t.is(((await sim.run(rejectionOf(node.ping(other)))) as { code?: string }).code, 'IO_SUSPENDED')
  t.is(sim.clock.now(), at)
  const resumed = node.resume()
  const early = rejectionOf(node.ping(other))
  await sim.run(resumed)
  const failure = (await sim.run(early)) as { code?: string } | null
  t.ok(failure === null || failure.code === 'IO_SUSPENDED')
  t.is((await sim.run(node.ping(other))).from.port, other.port)
  t.is(node.stats.requests.active, 0)
})

test('W-C22: a delayed ping throws what is wrong at the call, and leaves one timer at who answers', async (t) => {
  const sim = createSimulation(t)
  const asker = await startLoner(sim)
  const node = await startLoner(sim)
  const to = sim.addressOf(node)
  t.ok(errorOf(() => asker.delayedPing(to, 10_001)) instanceof RangeError)
  await sim.advance(MINUTE)
  const sent = record(sim)
  const before = sim.clock.pending
  const answered = asker.delayedPing(to, 9000)
  await sim.advance(8000)
  t.is(sim.clock.pending - before, 2, 'the timeout here, the answer there')
  await sim.run(answered)
  t.is(sent.length, 2, 'a question and an answer')
})

test('W-C23: the round trip counts from the transmission that was answered', async (t) => {
  const sim = createSimulation(t)
  const slow = await FakeNode.create(sim)
  const host = sim.createHost()
  const node = sim.createNode({ bootstrap: false, ephemeral: true, maxWindow: 1 }, { host })
  const trip = 2 * LATENCY_MS
  // Before it is bound, while its window is full, and after transmissions that were lost.
  const first = node.ping(slow)
  const queued = node.ping(slow)
  t.is((await sim.run(first)).rtt, trip)
  t.is((await sim.run(queued)).rtt, trip)
  let asked = 0
  slow.answer = () => (++asked < 3 ? null : {})
  t.is((await sim.run(node.ping(slow))).rtt, trip)
  t.is(asked, 3)
  slow.answer = () => (++asked === 4 ? { afterMs: 400 } : null)
  t.is((await sim.run(node.ping(slow))).rtt, 400 + trip, 'or to the first one, though there was a second')
})

test('W-C29: every command is counted when it goes out first, and events have all their names', async (t) => {
  const sim = createSimulation(t)
  const other = await FakeNode.create(sim)
  const names: string[] = []
  const node = sim.createNode({ bootstrap: false, ephemeral: true, maxWindow: 1 })
  for (const name of ['ready', 'bootstrap', 'wakeup', 'wake-up'] as const) node.on(name, () => void names.push(name))
  await sim.run(node.fullyBootstrapped())
  sim.hostOf(node).clock.jumpWall(MINUTE)
  await sim.advance(10 * SECOND)
  t.alike(names, ['ready', 'bootstrap', 'wakeup', 'wake-up'])
  const { delayedPing, ping } = node.stats.commands
  await sim.run(node.delayedPing(other, 100))
  t.alike(delayedPing, { tx: 1, rx: 1 })
  const before = { ...ping }
  other.answer = () => null
  const session = node.session()
  const lost = rejectionOf(session.ping(other))
  const queued = rejectionOf(session.ping(other))
  await sim.advance(5 * SECOND)
  await sim.run(lost)
  session.destroy()
  await sim.run(queued)
  t.ok(other.count(COMMAND.PING) >= 4)
  t.alike(ping, { tx: before.tx + 2, rx: before.rx }, 'not its repetitions')
  const unbound = sim.createNode({ bootstrap: false, ephemeral: true })
  const waiting = unbound.session()
  const never = rejectionOf(waiting.ping(other))
  waiting.destroy()
  await sim.run(never)
  t.alike([unbound.stats.requests.total, unbound.stats.commands.ping.tx], [1, 0], 'nor what was never sent')
})

test('W-P3: one timer for all requests on the way', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  await sim.advance(MINUTE)
  const before = sim.clock.pending
  for (let i = 0; i < 80; i++) void node.ping(NOBODY).catch(() => {})
  await sim.advance(1)
  t.is(node.stats.requests.active, 80)
  t.is(sim.clock.pending - before, 1)
  await sim.advance(400)
  t.is(sim.clock.pending - before, 1, 'also when they are sent again')
})

test('W-P6: an answer lets the next request out at once, and what is given up leaves the queue', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim, { maxWindow: 1 })
  const other = await FakeNode.create(sim)
  await sim.run(node.ping(other))
  const at = sim.clock.now()
  const session = node.session()
  const answers = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? node : session).ping(other).catch(() => null))
  session.destroy()
  t.is(node.stats.requests.active, 5)
  const replies = await sim.run(Promise.all(answers))
  t.is(replies.filter((reply) => reply !== null).length, 5)
  t.is(sim.clock.now() - at, 5 * 2 * LATENCY_MS, 'one round trip each, and no wait between them')
})

test('W-P7: repetitions to a dead node come ever later, and a lookup does not wait for them', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(40)
  const node = nodes[0]!
  const sent = record(sim)
  await t.exception(sim.run(node.ping(NOBODY)), { code: 'REQUEST_TIMEOUT' })
  const times = sent.filter(({ toHost }) => toHost === NOBODY.host).map(({ at }) => at)
  const gaps = times.slice(1).map((time, i) => time - times[i]!)
  t.is(times.length, 4)
  t.ok(gaps[1]! > 1.5 * gaps[0]! && gaps[2]! > 1.5 * gaps[1]!, `${gaps.join(', ')} ms`)
  for (const dead of nodes.slice(20, 28)) sim.hostOf(dead).kill()
  const at = sim.clock.now()
  const query = node.findNode(sim.random.bytes(32))
  await sim.run(query.finished())
  t.ok(sim.clock.now() - at < SECOND, `${sim.clock.now() - at} ms with a fifth of the nodes dead, not 6 s`)
  t.is(query.closestNodes.length, 20)
})
