import test from 'brittle'
import DHT, { type DHTError } from '../../index.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import type { Transport } from '../../lib/transport/contract.js'
import { rejectionOf } from '../helpers/errors.js'
import { BOOTSTRAP_HOST, BOOTSTRAP_PORT, MINUTE, Simulation, traceEvents } from '../helpers/simulation.js'

const ALL_EVENTS = ['listening', 'ready', 'suspend', 'resume', 'wakeup', 'close', 'persistent', 'ephemeral'] as const

const codeOf = async (promise: Promise<unknown>): Promise<string | undefined> =>
  ((await rejectionOf(promise)) as DHTError | null)?.code

/** A transport on which nothing can be bound while `broken`. */
function breakable(inner: Transport): Transport & { broken: boolean } {
  const transport: Transport & { broken: boolean } = {
    ...inner,
    broken: true,
    bind: (port, host, onDatagram) =>
      transport.broken ? Promise.reject(new Error('no sockets')) : inner.bind(port, host, onDatagram),
  }
  return transport
}

test('lifecycle: destroy leaves no timer, no socket and no watcher', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(8)
  const node = await sim.start()
  const pings = [node.ping({ host: '20.9.9.9', port: 1 }), node.delayedPing(sim.addressOf(sim.bootstrapper), 5000)]
  const query = node.findNode(idFromAddress('1.2.3.4', 5))
  const finished = query.finished()
  await sim.clock.advance(15)
  await Promise.all(sim.nodes.map((each) => each.destroy()))
  for (const ping of pings) t.is(await codeOf(ping), 'REQUEST_DESTROYED')
  t.ok(await codeOf(finished), 'the query failed')
  await sim.clock.advance(1000)
  t.is(sim.clock.pending, 0)
  t.is(sim.network.boundSockets(), 0)
  t.is(node.stats.requests.active, 0)
  t.is(node.stats.queries.active, 0)
})

test('lifecycle: destroy can be called at any moment, and again', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(4)
  for (let turns = 0; turns < 12; turns++) {
    const node = sim.create({ ephemeral: false })
    const trace = traceEvents(node, sim.clock, ALL_EVENTS)
    for (let i = 0; i < turns; i++) await Promise.resolve()
    if (turns > 8) await sim.clock.advance((turns - 8) * 30)
    const joined = node.fullyBootstrapped()
    const done = node.destroy()
    t.is(node.destroy(), done)
    t.is(node.destroyed, true, 'at once')
    await done
    await node.destroy()
    const code = await codeOf(joined)
    t.ok(code === 'NODE_DESTROYED' || trace.some(([, name]) => name === 'ready'), `${turns} turns: ${code}`)
    t.is(trace.filter(([, name]) => name === 'close').length, 1)
    t.is(trace.at(-1)![1], 'close')
    t.is(sim.network.boundSockets(sim.hostOf(node)), 0)
  }
})

test('lifecycle: after destroy every call fails, and says why', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start()
  const to = sim.addressOf(sim.bootstrapper)
  await node.destroy()
  t.is(await codeOf(node.ping(to)), 'NODE_DESTROYED')
  t.is(await codeOf(node.request({ command: 1 }, to)), 'NODE_DESTROYED')
  t.is(await codeOf(node.delayedPing(to, 1)), 'NODE_DESTROYED')
  t.is(await codeOf(node.bind()), 'NODE_DESTROYED')
  await t.exception(() => node.query({ target: new Uint8Array(32), command: 1 }), { code: 'NODE_DESTROYED' })
  await t.exception(() => node.findNode(new Uint8Array(32)), { code: 'NODE_DESTROYED' })
  await node.refresh()
  await node.suspend()
  await node.resume()
  await node.destroy()
  t.alike([node.suspended, node.destroyed, node.socket, node.address()], [false, true, null, null])
  t.is(sim.network.boundSockets(sim.hostOf(node)), 0, 'nothing was bound again')
})

test('lifecycle: a query made before destroy and consumed after it fails', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start()
  const query = node.findNode(new Uint8Array(32))
  await node.destroy()
  t.is(await codeOf(query.finished()), 'NODE_DESTROYED')
})

test('W-C10: a failed bind rejects fullyBootstrapped, and destroy still works', async (t) => {
  const sim = new Simulation(t)
  const host = sim.nextHost()
  await sim.network.transport(host).bind(10001, host, () => {})
  const node = sim.create({ port: [10001, 10002], anyPort: false }, host)
  const events = traceEvents(node, sim.clock, ALL_EVENTS)
  t.is(await codeOf(sim.run(node.fullyBootstrapped())), 'BIND_FAILED')
  t.is(await codeOf(node.bind()), 'BIND_FAILED')
  t.is(node.bootstrapped, false)
  await node.destroy()
  t.alike(
    events.map(([, name]) => name),
    ['close'],
  )
  await sim.bootstrapper.destroy()
  await sim.clock.advance(1000)
  t.is(sim.clock.pending, 0)
})

test('lifecycle: requests of a node that could not bind fail', async (t) => {
  const sim = new Simulation(t)
  const host = sim.nextHost()
  const node = sim.create({ transport: breakable(sim.network.transport(host)) }, host)
  const early = codeOf(node.ping({ host: BOOTSTRAP_HOST, port: BOOTSTRAP_PORT }))
  t.is(await codeOf(sim.run(node.fullyBootstrapped())), 'BIND_FAILED')
  t.is(await sim.run(early), 'BIND_FAILED')
})

test('lifecycle: a node that could not bind can be suspended and resumed once it can', async (t) => {
  const sim = new Simulation(t)
  const host = sim.nextHost()
  const transport = breakable(sim.network.transport(host))
  const node = sim.create({ transport, ephemeral: false }, host)
  t.is(await codeOf(sim.run(node.fullyBootstrapped())), 'BIND_FAILED')
  t.is(await codeOf(node.ping({ host: BOOTSTRAP_HOST, port: BOOTSTRAP_PORT })), 'BIND_FAILED')
  await sim.run(node.suspend())
  t.is(await codeOf(sim.run(node.resume())), 'BIND_FAILED', 'still')
  t.is(node.suspended, true, 'and can be resumed another time')
  transport.broken = false
  await sim.run(node.resume())
  await sim.run(node.fullyBootstrapped())
  t.alike([node.bootstrapped, node.ephemeral], [true, false])
})

test('lifecycle: suspend closes everything, resume opens the same ports', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(8)
  const node = await sim.start({ ephemeral: true })
  const ports = [node.serverSocket!.address()!.port, node.clientSocket!.address()!.port]
  const trace = traceEvents(node, sim.clock, ALL_EVENTS)
  const contacts = node.table.size
  await sim.run(node.suspend())
  t.is(node.suspended, true)
  t.alike([node.socket, node.address(), sim.network.boundSockets(sim.hostOf(node))], [null, null, 0])
  const received = node.stats.datagrams.received
  await sim.clock.advance(10 * MINUTE)
  t.is(node.stats.datagrams.received, received)
  t.is(node.table.size, contacts)
  await sim.run(node.resume())
  t.is(node.suspended, false)
  t.alike([node.serverSocket!.address()!.port, node.clientSocket!.address()!.port], ports)
  t.alike(
    trace.map(([, name]) => name),
    ['suspend', 'wakeup', 'listening', 'resume'],
  )
  await sim.clock.advance(MINUTE)
  t.is(node.table.size, contacts)
  t.ok((await sim.run(node.ping(sim.addressOf(sim.bootstrapper)))).rtt > 0)
})

test('W-C5: a resumed node wakes up once', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start()
  const trace = traceEvents(node, sim.clock, ['wakeup'])
  await sim.run(node.suspend())
  sim.sleep(node, 60 * MINUTE)
  await sim.clock.advance(5 * MINUTE)
  await sim.run(node.resume())
  await sim.clock.advance(5 * MINUTE)
  t.is(trace.length, 1)
})

test('lifecycle: suspending twice, and resuming twice, does it once', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const host = sim.hostOf(node)
  const trace = traceEvents(node, sim.clock, ['suspend', 'resume'])
  await sim.run(Promise.all([node.suspend(), node.suspend()]))
  await sim.run(node.suspend())
  t.is(sim.network.boundSockets(host), 0)
  await sim.run(Promise.all([node.resume(), node.resume()]))
  await sim.run(node.resume())
  t.is(sim.network.boundSockets(host), 2)
  t.alike(
    trace.map(([, name]) => name),
    ['suspend', 'resume'],
  )
})

test('lifecycle: suspend, resume and destroy run in the order they were called', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start()
  const trace = traceEvents(node, sim.clock, ['suspend', 'resume', 'close'])
  await sim.run(Promise.all([node.suspend(), node.resume(), node.suspend(), node.resume()]))
  t.alike(
    trace.map(([, name]) => name),
    ['suspend', 'resume', 'suspend', 'resume'],
  )
  t.is(node.suspended, false)
  const ended = [node.suspend(), node.resume(), node.destroy()]
  await sim.run(Promise.all(ended))
  t.is(trace.at(-1)![1], 'close')
  t.is(sim.network.boundSockets(sim.hostOf(node)), 0)
})

test('lifecycle: a suspended node can be destroyed', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start()
  await sim.run(node.suspend())
  await node.destroy()
  t.alike([node.destroyed, node.suspended], [true, false])
  t.is(sim.network.boundSockets(sim.hostOf(node)), 0)
})

test('W-C11: requests while suspended fail at once, later ones work', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start()
  const to = sim.addressOf(sim.bootstrapper)
  const running = codeOf(node.ping({ host: '20.9.9.9', port: 1 }))
  await sim.run(node.suspend())
  t.is(await running, 'IO_SUSPENDED')
  const before = sim.clock.now()
  t.is(await codeOf(node.ping(to)), 'IO_SUSPENDED')
  t.is(await codeOf(node.request({ command: 1 }, to)), 'IO_SUSPENDED')
  t.is(await codeOf(node.findNode(new Uint8Array(32)).finished()), 'IO_SUSPENDED')
  t.is(await codeOf(node.bind()), 'IO_SUSPENDED')
  t.is(sim.clock.now(), before)
  await sim.run(node.resume())
  await sim.run(node.ping(to))
  t.is(node.stats.requests.active, 0)
})

test('W-C12: a query that runs at suspension fails, and asks nobody more', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(30)
  await sim.clock.advance(MINUTE)
  const node = await sim.start({ ephemeral: true })
  sim.record = true
  const query = node.findNode(idFromAddress('1.2.3.4', 5), { concurrency: 3 })
  const failure = codeOf(query.finished())
  await sim.clock.advance(30)
  const sent = sim.datagrams.filter(({ fromHost }) => fromHost === sim.hostOf(node)).length
  t.ok(sent > 0)
  await sim.run(node.suspend())
  t.is(await failure, 'IO_SUSPENDED')
  t.is(sim.datagrams.filter(({ fromHost }) => fromHost === sim.hostOf(node)).length, sent)
  t.is(node.stats.queries.active, 0)
})

test('lifecycle: a suspension evicts nobody and adds nobody', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(25)
  await sim.clock.advance(6 * MINUTE)
  const node = sim.nodes[3]!
  const changes: string[] = []
  node.on('add-node', ({ host }) => void changes.push(`+${host}`))
  node.on('remove-node', ({ host }) => void changes.push(`-${host}`))
  void node.refresh()
  await sim.clock.advance(5)
  changes.length = 0
  await sim.run(node.suspend())
  t.alike(changes, [])
})

test('W-C19: an adaptive node that was suspended is ephemeral, with its wait begun anew', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(8)
  const node = await sim.start()
  await sim.clock.advance(25 * MINUTE)
  t.is(node.ephemeral, false)
  const trace = traceEvents(node, sim.clock, ['ephemeral', 'persistent'])
  await sim.run(node.suspend())
  await sim.run(node.resume())
  t.is(node.ephemeral, true)
  await sim.clock.advance(55 * MINUTE)
  t.is(node.ephemeral, true)
  await sim.clock.advance(10 * MINUTE)
  t.alike(
    trace.map(([, name]) => name),
    ['ephemeral', 'persistent'],
  )
})

test('lifecycle: a node that is suspended while it joins joins when it is resumed', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(5)
  const node = sim.create({ ephemeral: false })
  const joined = node.fullyBootstrapped()
  await sim.clock.advance(10)
  t.is(node.bootstrapped, false)
  await sim.run(node.suspend())
  await sim.clock.advance(MINUTE)
  t.is(node.bootstrapped, false)
  await sim.run(node.resume())
  await sim.run(joined)
  t.alike([node.bootstrapped, node.ephemeral], [true, false])
})

test('lifecycle: the node answers nobody while it is suspended, and everybody afterwards', async (t) => {
  const sim = new Simulation(t)
  const [node] = await sim.startMany(1)
  const asker = await sim.start({ ephemeral: true })
  const to = sim.addressOf(node!)
  await sim.run(node!.suspend())
  t.is(await codeOf(sim.run(asker.ping(to))), 'REQUEST_TIMEOUT')
  await sim.run(node!.resume())
  t.is((await sim.run(asker.ping(to))).from.host, to.host)
})

test('lifecycle: delayed pings that wait are forgotten', async (t) => {
  const sim = new Simulation(t)
  const asker = await sim.start({ ephemeral: true })
  const answer = rejectionOf(asker.delayedPing(sim.addressOf(sim.bootstrapper), 8000))
  await sim.clock.advance(100)
  await sim.bootstrapper.destroy()
  await sim.clock.advance(MINUTE)
  t.is(((await answer) as DHTError).code, 'REQUEST_TIMEOUT')
})

test('lifecycle: changed interfaces are told while the node runs', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start()
  const told: string[] = []
  node.on('network-change', (interfaces) => void told.push(interfaces[0]!.host))
  const trace = traceEvents(node, sim.clock, ['network-update'])
  const moves = [sim.nextHost(), sim.nextHost(), sim.nextHost()]
  sim.move(sim.hostOf(node), moves[0]!)
  await sim.clock.advance(10)
  t.alike(told, [moves[0]])
  t.is(trace.length, 1)
  await sim.run(node.suspend())
  sim.move(moves[0]!, moves[1]!)
  await sim.clock.advance(10)
  t.is(told.length, 1)
  await sim.run(node.resume())
  await node.destroy()
  sim.move(moves[1]!, moves[2]!)
  await sim.clock.advance(10)
  t.is(told.length, 1)
})

test('lifecycle: a request made before there is a socket goes out with the first', async (t) => {
  const sim = new Simulation(t)
  const node = sim.create()
  const reply = await sim.run(node.ping({ host: BOOTSTRAP_HOST, port: BOOTSTRAP_PORT }))
  t.is(reply.from.host, BOOTSTRAP_HOST)
  t.is(reply.rtt, 40)
})

test('lifecycle: await using destroys the node', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start()
  await node[Symbol.asyncDispose]()
  t.is(node.destroyed, true)
  t.ok(node instanceof DHT)
})
