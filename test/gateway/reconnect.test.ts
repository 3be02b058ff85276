import test from 'brittle'
import type { DHT } from '../../index.js'
import { hasCode } from '../../lib/primitives/errors.js'
import { idFromAddress, sameId } from '../../lib/primitives/id.js'
import { rejectionOf } from '../helpers/errors.js'
import { GatewayWorld, MINUTE } from './simulated-gateway.js'

const COMMAND = 7

/** What another node hears of this one when it asks it. */
async function answerOf({ sim }: GatewayWorld, node: DHT): Promise<string> {
  const asker = sim.nodes[3]!
  const { host, port } = node.remoteAddress()!
  const asked = asker.request({ command: COMMAND, target: null }, { host, port }).then(
    ({ value }) => (value === null ? '' : String.fromCharCode(...value)),
    (error: Error) => error.message,
  )
  return sim.run(asked)
}

test('reconnect: a node behind a gateway is a node like others, and persistent', async (t) => {
  const world = new GatewayWorld(t)
  const { host } = world.addGateway()
  const { node } = await world.start(40)
  const { port } = node.remoteAddress()!
  t.is(node.remoteAddress()!.host, host, 'the address is the gateway’s, learnt from what others said')
  t.ok(sameId(node.id!, idFromAddress(host, port)))
  node.on('request', (req) => req.reply(Uint8Array.of(111, 107)))
  t.is(await answerOf(world, node), 'ok')
  const lookup = node.findNode(world.sim.random.bytes(32))
  await world.sim.run(lookup.finished())
  t.is(lookup.closestNodes.length, 20)
  t.ok(world.sim.nodes.filter((other) => other.table.has(node.id!)).length > 10, 'others know it')
})

test('reconnect: after a lost connection the node has the same ports, and the same id', async (t) => {
  const world = new GatewayWorld(t)
  const { server } = world.addGateway()
  const { node, statuses } = await world.start(30)
  node.on('request', (req) => req.reply(Uint8Array.of(111, 107)))
  const events: string[] = []
  for (const name of ['ephemeral', 'persistent', 'wakeup'] as const) node.on(name, () => void events.push(name))
  const id = Uint8Array.from(node.id!)
  await world.sim.advance(MINUTE)
  world.links.cut()
  t.is(server.stats.sessions.parked, 1)
  await world.sim.advance(2000)
  t.is(statuses.at(-1)!.state, 'open')
  t.ok(statuses.at(-1)!.resumed)
  t.is(server.stats.sessions.resumed, 1)
  t.is(server.stats.sessions.parked, 0)
  t.ok(sameId(node.id!, id))
  t.alike(events, [], 'it never noticed')
  t.is(await answerOf(world, node), 'ok')
})

test('reconnect: who comes back too late is another node', async (t) => {
  const world = new GatewayWorld(t)
  const { url, server } = world.addGateway({ graceMs: 20_000 })
  const { node, statuses } = await world.start(30)
  const id = Uint8Array.from(node.id!)
  const contacts = node.table.size
  world.links.servers.delete(url)
  world.links.cut()
  await world.sim.advance(30_000)
  t.is(server.stats.sessions.open, 0)
  t.is(server.stats.sockets, 0)
  t.is(statuses.at(-1)!.state, 'waiting')
  world.links.servers.set(url, server)
  await world.sim.run(new Promise<void>((resolve) => node.once('ephemeral', () => resolve())))
  t.absent(statuses.at(-1)!.resumed)
  await world.sim.run(world.persistent(node))
  t.absent(sameId(node.id!, id), 'a new id, for a new address')
  t.ok(node.table.size >= contacts * 0.8, 'and it knows whom it knew')
  t.is(server.stats.sockets, 2)
})

test('reconnect: while no gateway can be reached it is as without a network, and later as before', async (t) => {
  const world = new GatewayWorld(t)
  const { url, server } = world.addGateway({ graceMs: 30 * MINUTE })
  const { node } = await world.start(40)
  const removed: string[] = []
  node.on('remove-node', ({ host }) => void removed.push(host))
  const size = node.table.size
  const goes = async (minutes: number): Promise<void> => {
    world.links.servers.delete(url)
    world.links.cut()
    await world.sim.advance(minutes * MINUTE)
  }
  const comesBack = async (): Promise<void> => {
    world.links.servers.set(url, server)
    await world.sim.advance(2 * MINUTE)
  }
  await goes(3)
  await comesBack()
  t.alike(removed, [], 'nobody is given up for three minutes without')
  await goes(10)
  t.absent(node.online)
  await comesBack()
  t.ok(node.online)
  t.ok(node.table.size >= size * 0.9, 'it knows whom it knew')
  t.absent(node.ephemeral)
})

test('reconnect: attempts come ever more seldom, and not all clients at once', async (t) => {
  const world = new GatewayWorld(t)
  const { url } = world.addGateway()
  await world.start(10)
  world.links.servers.delete(url)
  const before = world.links.attempts.length
  world.links.cut()
  await world.sim.advance(10 * MINUTE)
  const attempts = world.links.attempts.length - before
  t.ok(attempts >= 20 && attempts <= 60, `${attempts} attempts in 10 minutes`)
})

test('reconnect: with several gateways the next has its turn', async (t) => {
  const world = new GatewayWorld(t)
  const [first, second] = [world.addGateway(), world.addGateway()]
  const { node, statuses } = await world.start(40)
  t.is(node.remoteAddress()!.host, first.host)
  const id = Uint8Array.from(node.id!)
  world.links.servers.delete(first.url)
  world.links.cut()
  await world.sim.run(new Promise<void>((resolve) => node.once('ephemeral', () => resolve())))
  t.is(statuses.at(-1)!.url, second.url)
  await world.sim.run(world.persistent(node))
  t.is(node.remoteAddress()!.host, second.host)
  t.absent(sameId(node.id!, id))
  node.on('request', (req) => req.reply(Uint8Array.of(111, 107)))
  t.is(await answerOf(world, node), 'ok')
})

test('reconnect: a gateway that closes sends its clients to the next', async (t) => {
  const world = new GatewayWorld(t)
  const [first, second] = [world.addGateway(), world.addGateway()]
  const { node, statuses } = await world.start(40)
  first.server.sendAway(4000)
  await world.sim.advance(3000)
  t.is(statuses.at(-1)!.state, 'open')
  t.is(statuses.at(-1)!.url, second.url)
  t.is(first.server.stats.connections.open, 0)
  t.is(first.server.stats.sessions.open, 0, 'what it had there is free')
  await world.sim.run(world.persistent(node))
  t.is(node.remoteAddress()!.host, second.host)
})

test('reconnect: a connection that died without a word is noticed', async (t) => {
  const world = new GatewayWorld(t)
  world.addGateway()
  const { node, statuses } = await world.start(10)
  const id = Uint8Array.from(node.id!)
  world.links.last.silence()
  await world.sim.advance(MINUTE)
  t.is(statuses.at(-1)!.state, 'open')
  t.ok(statuses.at(-1)!.resumed)
  t.ok(sameId(node.id!, id))
})

test('reconnect: the first opening waits for a gateway, but not for ever', async (t) => {
  const world = new GatewayWorld(t)
  const { url, server } = world.addGateway()
  await world.sim.startNodes(10)
  world.links.servers.delete(url)
  const patient = world.createNode().node
  const joined = patient.fullyBootstrapped()
  await world.sim.advance(20_000)
  world.links.servers.set(url, server)
  await world.sim.run(joined)
  t.ok(patient.bootstrapped)

  world.links.servers.delete(url)
  const late = world.createNode({}, { openTimeoutMs: 5000 }).node
  const error = await world.sim.run(rejectionOf(late.fullyBootstrapped()))
  t.ok(hasCode(error, 'BIND_FAILED'))
  t.ok(hasCode((error as Error & { cause: unknown }).cause, 'GATEWAY_UNREACHABLE'))
  const attempts = world.links.attempts.length
  await world.sim.advance(5 * MINUTE)
  t.is(world.links.attempts.length, attempts, 'nobody tries any more')
})

test('reconnect: where all gateways refuse, the node fails with what they say', async (t) => {
  const world = new GatewayWorld(t)
  const [first, second] = [world.addGateway(), world.addGateway()]
  world.links.refusals.set(first.url, 4403)
  world.links.refusals.set(second.url, 4401)
  const { node, statuses } = world.createNode()
  const error = await world.sim.run(rejectionOf(node.fullyBootstrapped()))
  t.ok(hasCode(error, 'BIND_FAILED'))
  t.ok(error!.message.includes('refused'))
  t.is(statuses.at(-1)!.state, 'refused')
  t.ok(world.sim.clock.now() < 5000, 'without waiting for the time to run out')
})

test('reconnect: destroy and suspend do not wait for a gateway that is not there', async (t) => {
  const world = new GatewayWorld(t)
  const { url, server } = world.addGateway()
  await world.sim.startNodes(5)
  world.links.servers.delete(url)
  const { node } = world.createNode()
  await world.sim.advance(1000)
  const before = world.sim.clock.now()
  await world.sim.run(node.suspend())
  t.ok(world.sim.clock.now() - before < 2000)
  world.links.servers.set(url, server)
  await world.sim.run(node.resume())
  await world.sim.run(node.fullyBootstrapped())
  world.links.servers.delete(url)
  world.links.cut()
  await world.sim.run(node.suspend())
  const resumed = node.resume().catch(() => {})
  await world.sim.advance(1000)
  const beforeDestroy = world.sim.clock.now()
  await world.sim.run(node.destroy())
  await resumed
  t.ok(world.sim.clock.now() - beforeDestroy < 2000)
})

test('reconnect: after suspend and destroy nothing is left at the gateway', async (t) => {
  const world = new GatewayWorld(t)
  const { server } = world.addGateway()
  const { node } = await world.start(10)
  t.is(server.stats.sockets, 2)
  await world.sim.run(node.suspend())
  await world.sim.advance(1)
  t.is(server.stats.sockets, 0)
  t.is(server.stats.connections.open, 0)
  t.is(server.stats.sessions.open, 0)
  await world.sim.run(node.resume())
  await world.sim.run(world.persistent(node))
  t.is(server.stats.sockets, 2)
  await world.sim.run(node.destroy())
  await world.sim.advance(1)
  t.is(server.stats.sockets, 0)
  t.is(server.stats.sessions.open, 0)
})
