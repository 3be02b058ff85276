import test from 'brittle'
import DHT from '../../index.js'
import { compareDistance, idFromAddress } from '../../lib/primitives/id.js'
import { encodeRequest } from '../../lib/wire/request.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { BOOTSTRAP_HOST, BOOTSTRAP_PORT, MINUTE, Simulation, traceEvents } from '../helpers/simulation.js'

const BOOTSTRAP = `${BOOTSTRAP_HOST}:${BOOTSTRAP_PORT}`
const PING_NAT = 1

test('join: a bootstrapper is persistent at once, and talks to nobody', async (t) => {
  const sim = new Simulation(t)
  sim.record = true
  const { bootstrapper } = sim
  t.is(bootstrapper.ephemeral, true, 'before it has begun')
  await sim.run(bootstrapper.fullyBootstrapped())
  t.is(sim.clock.now(), 0)
  t.alike(bootstrapper.id, idFromAddress(BOOTSTRAP_HOST, BOOTSTRAP_PORT))
  t.alike([bootstrapper.host, bootstrapper.port], [BOOTSTRAP_HOST, BOOTSTRAP_PORT])
  t.alike(bootstrapper.remoteAddress(), { host: BOOTSTRAP_HOST, port: BOOTSTRAP_PORT })
  t.is(sim.datagrams.length, 0)
})

test('join: a node without bootstrap nodes is ready at once, and ephemeral', async (t) => {
  const sim = new Simulation(t)
  const node = sim.create({ bootstrap: false })
  const trace = traceEvents(node, sim.clock, ['listening', 'ready', 'bootstrap', 'persistent'])
  t.alike([node.socket, node.address(), node.localAddress(), node.remoteAddress()], [null, null, null, null])
  await sim.run(node.ready())
  t.alike(trace, [
    [0, 'listening'],
    [0, 'ready'],
    [0, 'bootstrap'],
  ])
  t.ok(node.bootstrapped)
  t.is(node.id, null)
  t.is(node.host, null)
  t.alike(node.localAddress(), sim.addressOf(node))
})

test('join: a node that was told to be persistent is, with the id of its server socket, and its neighbours know', async (t) => {
  const sim = new Simulation(t)
  const [first] = await sim.startMany(1)
  const second = sim.create({ ephemeral: false })
  const trace = traceEvents(second, sim.clock, ['listening', 'persistent', 'ready'])
  await sim.run(second.fullyBootstrapped())
  t.alike(
    trace.map(([, name]) => name),
    ['listening', 'persistent', 'ready'],
  )
  t.alike([second.ephemeral, second.firewalled], [false, false])
  const { host, port } = sim.addressOf(second)
  t.alike(second.id, idFromAddress(host, port))
  t.alike(second.table.id, second.id)
  t.alike(second.remoteAddress(), { host, port })
  t.is(second.socket, second.serverSocket)
  await sim.clock.advance(1000)
  t.ok(sim.bootstrapper.table.has(second.id!))
  t.ok(first!.table.has(second.id!))
})

test('W-C27: an adaptive node learns while it joins that it can be reached, and stays ephemeral', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(5)
  const node = await sim.start()
  await sim.clock.advance(1000)
  t.alike([node.firewalled, node.ephemeral, node.id], [false, true, null])
  t.is(node.socket, node.serverSocket)
  for (const other of sim.nodes) t.absent(other.toArray().some(({ host }) => host === sim.hostOf(node)))
})

test('join: quickFirewall false leaves that for later', async (t) => {
  const sim = new Simulation(t)
  sim.record = true
  await sim.startMany(3)
  const before = sim.sendersOf(PING_NAT).length
  const node = await sim.start({ quickFirewall: false })
  await sim.clock.advance(1000)
  t.is(node.firewalled, true)
  t.is(node.socket, node.clientSocket)
  t.is(sim.sendersOf(PING_NAT).length, before)
})

test('join: a node behind a firewall joins as what it is', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(8)
  const host = sim.nextHost()
  sim.firewall(host)
  const node = await sim.start({}, host)
  await sim.clock.advance(10_000)
  t.alike([node.firewalled, node.ephemeral, node.host], [true, true, host])
  t.ok(node.table.size >= 8)
})

test('W-C2: a firewalled node evicts nobody for the probes that its firewall swallows', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(12)
  const host = sim.nextHost()
  sim.firewall(host)
  const node = sim.create({ ephemeral: false }, host)
  const removed: string[] = []
  node.on('remove-node', (contact) => void removed.push(contact.host))
  await sim.run(node.fullyBootstrapped())
  await sim.clock.advance(10 * MINUTE)
  t.is(node.ephemeral, true)
  t.alike(removed, [])
  t.is(node.table.size, 13)
})

test('W-C16: a node that was told to be persistent becomes it when its firewall opens', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(6)
  const host = sim.nextHost()
  sim.firewall(host)
  const node = await sim.start({ ephemeral: false }, host)
  t.is(node.ephemeral, true)
  sim.openFirewall(host)
  await sim.clock.advance(2 * MINUTE)
  t.is(node.ephemeral, false)
  t.alike(node.id, idFromAddress(host, sim.addressOf(node).port))
})

test('W-C16: nodes of a network without a bootstrapper become persistent', async (t) => {
  const sim = new Simulation(t)
  const first = sim.create({ bootstrap: false, ephemeral: false, port: 20001 })
  const host = sim.hostOf(first)
  await sim.run(first.fullyBootstrapped())
  t.is(first.ephemeral, true, 'nobody can tell it its address')
  const others = Array.from({ length: 4 }, () => sim.create({ bootstrap: [`${host}:20001`], ephemeral: false }))
  await sim.run(Promise.all(others.map((node) => node.fullyBootstrapped())))
  await sim.clock.advance(10 * MINUTE)
  t.alike(
    [first, ...others].map(({ ephemeral }) => ephemeral),
    [false, false, false, false, false],
  )
})

test('join: a network that does not answer is given up, and the node is ready', async (t) => {
  const sim = new Simulation(t)
  sim.block(BOOTSTRAP_HOST)
  const node = await sim.start({ ephemeral: false })
  t.ok(sim.clock.now() <= 15_000, `${sim.clock.now()} ms`)
  t.alike([node.bootstrapped, node.ephemeral, node.table.size], [true, true, 0])
  sim.unblock(BOOTSTRAP_HOST)
  await sim.clock.advance(2 * MINUTE)
  t.is(node.ephemeral, false, 'it joins when it can')
})

test('join: by name, by suggested IP, and through another node', async (t) => {
  const sim = new Simulation(t)
  sim.network.names.set('bootstrap.example', BOOTSTRAP_HOST)
  const rows = [
    [`bootstrap.example:${BOOTSTRAP_PORT}`],
    [`${BOOTSTRAP_HOST}@missing.example:${BOOTSTRAP_PORT}`],
    [`20.9.9.9@bootstrap.example:${BOOTSTRAP_PORT}`],
    ['missing.example:1', BOOTSTRAP],
    [sim.bootstrapper as { host: string | null; port: number }],
  ]
  for (const bootstrap of rows) {
    const node = await sim.start({ bootstrap, ephemeral: false })
    t.is(node.ephemeral, false, typeof bootstrap[0] === 'string' ? bootstrap[0] : 'a node')
  }
})

test('join: contacts given as nodes are there at once, the first as the newest', async (t) => {
  const sim = new Simulation(t)
  const others = await sim.startMany(3)
  const nodes = others.map((other) => sim.addressOf(other))
  const node = sim.create({ bootstrap: false, nodes })
  t.alike(node.toArray(), nodes)
  t.alike(node.toArray({ limit: 2 }), nodes.slice(0, 2))
  t.alike(node.toArray({ limit: 0 }), [])
  await sim.run(node.fullyBootstrapped())
  await sim.clock.advance(1000)
  t.ok(node.table.size >= 3)
})

test('W-S3: one unsolicited request neither enters the table nor tells us our address', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ bootstrap: false })
  const stranger = await sim.socket()
  const { port } = sim.addressOf(node)
  stranger.socket.trySend(
    encodeRequest({
      tid: 1,
      ip: parseIPv4('8.8.8.8'),
      port: 4660,
      id: idFromAddress(stranger.host, stranger.port),
      token: null,
      internal: true,
      command: 0,
      target: null,
      value: null,
    }),
    port,
    sim.hostOf(node),
  )
  await sim.clock.advance(MINUTE)
  t.is(node.host, null)
  t.is(node.table.size, 0, 'it did not answer when it was asked')
})

test('join: nodes that start at the same time get to know each other within seconds', async (t) => {
  const sim = new Simulation(t)
  const nodes = await sim.startMany(20)
  await sim.clock.advance(15_000)
  for (const node of nodes) t.ok(node.table.size >= 10, `${node.table.size} contacts`)
})

test('join: in a grown network every lookup finds the true closest nodes', async (t) => {
  const sim = new Simulation(t)
  for (let i = 0; i < 8; i++) await sim.startMany(5)
  await sim.clock.advance(MINUTE)
  const persistent = sim.nodes.filter((node) => !node.ephemeral)
  t.is(persistent.length, 41)
  const asker = await sim.start({ ephemeral: true })
  for (let i = 0; i < 10; i++) {
    const target = idFromAddress('1.2.3.4', 1 + i)
    const query = asker.findNode(target)
    await sim.run(query.finished())
    const expected = persistent
      .map(({ id }) => id!)
      .sort((a, b) => compareDistance(target, a, b))
      .slice(0, 20)
    t.alike(
      query.closestNodes.map(({ id }) => id),
      expected,
    )
  }
})

test('join: the walk before the id is known asks five at a time, the others ten', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(60)
  for (const ephemeral of [false, true]) {
    const most: number[] = []
    await sim.start({
      ephemeral,
      trace: (event) => {
        if (event.type === 'asked') most[event.lookup] = Math.max(most[event.lookup] ?? 0, event.inFlight)
      },
    })
    t.alike(most.slice(1), ephemeral ? [10] : [5, 10])
  }
})

test('join: the same seed gives the same run', async (t) => {
  const run = async (): Promise<unknown> => {
    const sim = new Simulation(t, { seed: 5, loss: 0.05 })
    sim.record = true
    await sim.startMany(6)
    await sim.clock.advance(MINUTE)
    return sim.datagrams.map(({ fromHost, toHost, bytes }) => `${fromHost} ${toHost} ${bytes.length}`)
  }
  t.alike(await run(), await run())
})

test('join: subclasses are what bootstrapper makes', async (t) => {
  const sim = new Simulation(t)
  class Mine extends DHT {}
  const host = sim.nextHost()
  const node = Mine.bootstrapper(10001, host, { transport: sim.network.transport(host), clock: sim.clock })
  t.teardown(() => node.destroy())
  t.ok(node instanceof Mine)
  await sim.run(node.fullyBootstrapped())
  t.alike(node.id, idFromAddress(host, 10001))
})
