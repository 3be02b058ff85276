import test, { type Assert } from 'brittle'
import { encodePingNat } from '../../lib/wire/commands.js'
import { NetworkSeal } from '../../lib/wire/network-seal.js'
import { encodeRequest } from '../../lib/wire/request.js'
import type { GatewayServerOptions } from '../../lib/gateway/options.js'
import type { OnDatagram } from '../../lib/transport/contract.js'
import type { Refusal } from '../../lib/transport/tunnel/refusal.js'
import { requestWith } from './harness.js'
import { RawClient } from './raw-client.js'
import { GatewayWorld, MINUTE, type SimulatedGateway } from './simulated-gateway.js'

const PORT = 50_000
const REQUEST = requestWith(Uint8Array.of(1, 2, 3))

interface Stage {
  world: GatewayWorld
  gateway: SimulatedGateway
  client: RawClient
  /** What arrived at the other host. */
  arrived: { bytes: number[]; host: string; port: number }[]
  /** Address of the other host, which listens on PORT. */
  target: string
  /** Sends from the other host to a port of the gateway's. */
  sendToGateway(bytes: Uint8Array, port: number): void
}

async function createStage(t: Assert, options: GatewayServerOptions = {}, sockets = 1): Promise<Stage> {
  const world = new GatewayWorld(t)
  const gateway = world.addGateway(options)
  const arrived: Stage['arrived'] = []
  const onDatagram: OnDatagram = (bytes, host, port) => void arrived.push({ bytes: [...bytes], host, port })
  const other = world.sim.network.createHost()
  const socket = await other.transport.bind(PORT, '0.0.0.0', onDatagram)
  const client = await new RawClient(world.sim.clock, world.links, gateway.url).start(sockets)
  const sendToGateway = (bytes: Uint8Array, port: number): void => {
    socket.trySend(Uint8Array.from(bytes), port, gateway.host)
  }
  return { world, gateway, client, arrived, target: other.address, sendToGateway }
}

/** Lets what was sent arrive, and the client be told of refusals. */
async function settle({ world }: Stage): Promise<void> {
  await world.sim.advance(3000)
}

/** Nothing arrives, it is counted, the client is told, and goes on. */
async function isRefused(t: Assert, stage: Stage, reason: Refusal, count = 1): Promise<void> {
  const before = stage.arrived.length
  await settle(stage)
  t.is(stage.arrived.length, before)
  t.is(stage.gateway.server.stats.outgoing.refused[reason], count)
  t.is(stage.client.refused[reason], count)
  t.is(stage.client.closed, null)
}

test('limits: datagrams of this protocol pass, of private networks, too', async (t) => {
  const stage = await createStage(t)
  const sealed = new NetworkSeal('mine').seal(REQUEST)
  stage.client.sendDatagrams([REQUEST, sealed], stage.target, PORT)
  await settle(stage)
  const { port } = stage.client.of('bound')[0]!
  t.alike(stage.arrived, [
    { bytes: [...REQUEST], host: stage.gateway.host, port },
    { bytes: [...sealed], host: stage.gateway.host, port },
  ])
  t.is(stage.gateway.server.stats.outgoing.datagrams, 2)
  stage.sendToGateway(sealed, port)
  await settle(stage)
  t.alike(stage.client.datagrams[0]!.bytes, [...sealed])
  t.is(stage.client.datagrams[0]!.port, PORT)
})

test('limits: nothing but datagrams of this protocol leaves', async (t) => {
  const stage = await createStage(t)
  const dns = Uint8Array.of(0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
  const ntp = new Uint8Array(48).fill(0)
  ntp[0] = 0x1b
  const ntp2 = new Uint8Array(48).fill(255)
  ntp2[0] = 0x13
  const cut = REQUEST.subarray(0, REQUEST.length - 1)
  const sealedRubbish = Uint8Array.of(0x78, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9)
  const all = [dns, ntp, ntp2, cut, sealedRubbish, new Uint8Array(0)]
  stage.client.sendDatagrams(all, stage.target, PORT)
  await isRefused(t, stage, 'protocol', all.length)
})

test('limits: nothing goes into the networks around the gateway', async (t) => {
  const stage = await createStage(t)
  const hosts = ['127.0.0.1', '10.0.0.1', '192.168.1.1', '172.16.0.1', '169.254.169.254', '100.64.0.1']
  const never = ['0.0.0.0', '224.0.0.251', '255.255.255.255', '240.0.0.1', '198.18.0.1', '203.0.113.7']
  for (const host of [...hosts, ...never]) stage.client.sendDatagrams([REQUEST], host, PORT)
  stage.client.sendDatagrams([REQUEST], stage.target, 53)
  await isRefused(t, stage, 'destination', hosts.length + never.length + 1)
})

test('limits: PING_NAT asks for answers at ports of the client only', async (t) => {
  const stage = await createStage(t, {}, 2)
  const ping = (port: number): Uint8Array =>
    encodeRequest({
      tid: 1,
      ip: 1,
      port: 1,
      id: null,
      token: null,
      internal: true,
      command: 1,
      target: null,
      value: encodePingNat(port),
    })
  const own = stage.client.of('bound').map(({ port }) => port)
  const other = await new RawClient(stage.world.sim.clock, stage.world.links, stage.gateway.url).start()
  const foreign = other.of('bound')[0]!.port
  stage.client.sendDatagrams(own.map(ping), stage.target, PORT)
  await settle(stage)
  t.is(stage.arrived.length, 2)
  const seal = new NetworkSeal('mine')
  stage.client.sendDatagrams([ping(foreign), ping(22), ping(6881), seal.seal(ping(foreign))], stage.target, PORT)
  await isRefused(t, stage, 'ping-nat', 4)
})

test('limits: a datagram that is too long, or from a socket that is not bound, is refused', async (t) => {
  const stage = await createStage(t, { maxDatagramBytes: 600 })
  stage.client.sendDatagrams([requestWith(new Uint8Array(600))], stage.target, PORT)
  await isRefused(t, stage, 'size')
  stage.client.sendDatagrams([REQUEST], stage.target, PORT, 5)
  await isRefused(t, stage, 'socket')
})

test('limits: more datagrams than agreed are dropped, and a flood ends the connection', async (t) => {
  const stage = await createStage(t, { datagramsPerSecond: 10 })
  stage.client.sendDatagrams(new Array<Uint8Array>(50).fill(REQUEST), stage.target, PORT)
  await settle(stage)
  t.is(stage.arrived.length, 20, 'two seconds’ worth')
  t.is(stage.client.refused.rate, 30)
  stage.client.sendDatagrams(new Array<Uint8Array>(15).fill(REQUEST), stage.target, PORT)
  await settle(stage)
  t.is(stage.arrived.length, 35, 'and again, as time passes')
  stage.client.sendDatagrams(new Array<Uint8Array>(300).fill(REQUEST), stage.target, PORT)
  await settle(stage)
  t.is(stage.client.closed!.code, 4430)
  t.is(stage.gateway.server.stats.connections.closed.overload, 1)
})

test('limits: more bytes than agreed are dropped', async (t) => {
  const long = requestWith(new Uint8Array(985))
  const stage = await createStage(t, { bytesPerSecond: long.length })
  stage.client.sendDatagrams([long, long, long], stage.target, PORT)
  await settle(stage)
  t.is(stage.arrived.length, 2)
  t.is(stage.client.refused.rate, 1)
})

test('limits: a budget is the session’s: it does not begin anew with each connection', async (t) => {
  const stage = await createStage(t, { datagramsPerSecond: 1 })
  const { clock } = stage.world.sim
  stage.client.sendDatagrams([REQUEST, REQUEST], stage.target, PORT)
  await clock.advance(30)
  stage.world.links.cut()
  const { ticket } = stage.client.welcome!
  const again = await new RawClient(clock, stage.world.links, stage.gateway.url).start(0, ticket)
  t.ok(again.welcome!.resumed)
  again.sendDatagrams([REQUEST], stage.target, PORT)
  await settle(stage)
  t.is(stage.arrived.length, 2)
  t.is(again.refused.rate, 1)
})

test('limits: all clients together send no more than the gateway may', async (t) => {
  const stage = await createStage(t, { totalDatagramsPerSecond: 10 })
  const other = await new RawClient(stage.world.sim.clock, stage.world.links, stage.gateway.url).start()
  for (const client of [stage.client, other]) {
    client.sendDatagrams(new Array<Uint8Array>(15).fill(REQUEST), stage.target, PORT)
  }
  await settle(stage)
  t.is(stage.arrived.length, 20)
  t.is(stage.gateway.server.stats.outgoing.refused['total-rate'], 10)
  t.is((stage.client.refused['total-rate'] ?? 0) + (other.refused['total-rate'] ?? 0), 10)
})

test('limits: a client that stands still gets no more than its window, and is told of the rest', async (t) => {
  const stage = await createStage(t, { windowBytes: 4096 })
  const { port } = stage.client.of('bound')[0]!
  stage.client.consumed = 0
  for (let i = 0; i < 300; i++) stage.sendToGateway(REQUEST, port)
  await settle(stage)
  const perDatagram = REQUEST.length + 10
  t.is(stage.client.datagrams.length, Math.floor(4096 / perDatagram))
  const { incoming } = stage.gateway.server.stats
  t.is(incoming.dropped.window, 300 - stage.client.datagrams.length)
  t.is(stage.client.refused.window, incoming.dropped.window)
  stage.client.consumed = null
  stage.client.sendDatagrams([], stage.target, PORT)
  await settle(stage)
  stage.sendToGateway(REQUEST, port)
  await settle(stage)
  t.is(stage.client.datagrams.length, Math.floor(4096 / perDatagram) + 1, 'goes on when it does')
})

test('limits: what comes from outside is of this protocol, and from where it can be answered', async (t) => {
  const stage = await createStage(t)
  const { port } = stage.client.of('bound')[0]!
  stage.sendToGateway(Uint8Array.of(9, 9, 9), port)
  const inside = stage.world.sim.network.createHost({ address: '10.0.0.9' })
  const socket = await inside.transport.bind(PORT, '0.0.0.0', () => {})
  socket.trySend(Uint8Array.from(REQUEST), port, stage.gateway.host)
  await settle(stage)
  const { dropped } = stage.gateway.server.stats.incoming
  t.is(dropped.protocol, 1)
  t.is(dropped.source, 1)
  t.is(stage.client.datagrams.length, 0)
})

test('limits: sockets are counted, and ports are the gateway’s to choose', async (t) => {
  const stage = await createStage(t, {}, 3)
  t.alike(
    stage.client.of('bound').map(({ outcome }) => outcome),
    ['bound', 'bound', 'too-many'],
  )
  stage.client.send({ type: 'close', socket: 0 })
  stage.client.send({ type: 'bind', socket: 0, port: 5353 })
  await settle(stage)
  t.is(stage.client.of('bound').at(-1)!.outcome, 'not-allowed')
  t.is(stage.gateway.server.stats.sockets, 1)
})

test('limits: with ports of its own a gateway gives out no others', async (t) => {
  const stage = await createStage(t, { ports: [30_000, 30_004] }, 0)
  const { client } = stage
  client.send({ type: 'bind', socket: 0, port: 30_002 })
  client.send({ type: 'bind', socket: 1, port: 30_004 })
  client.send({ type: 'bind', socket: 1, port: 0 })
  await settle(stage)
  const [first, second, third] = client.of('bound')
  t.alike([first!.outcome, first!.port], ['bound', 30_002])
  t.is(second!.outcome, 'not-allowed')
  t.is(third!.outcome, 'bound')
  t.ok(third!.port >= 30_000 && third!.port < 30_004 && third!.port !== 30_002)
})

test('limits: names are looked up for clients, so many a minute, and none of the inside', async (t) => {
  const lookup = async (name: string): Promise<string> => {
    if (name === 'inside.example') return '10.0.0.1'
    if (name === 'node.example') return '20.1.2.3'
    throw new Error('nowhere')
  }
  const stage = await createStage(t, { lookup, lookupsPerMinute: 3 })
  const names = ['node.example', 'inside.example', 'nowhere.example', 'node.example']
  for (const [id, name] of names.entries()) stage.client.send({ type: 'lookup', id, name })
  await settle(stage)
  const answers = stage.client.of('address').sort((a, b) => a.id - b.id)
  t.alike(
    answers.map(({ ip }) => ip),
    [0x14010203, 0, 0, 0],
  )
  t.is(stage.client.refused.lookup, 1)
  t.is(stage.gateway.server.stats.lookups, 3)
})

const MALFORMED: [string, Uint8Array][] = [
  ['an unknown type', Uint8Array.of(99)],
  ['an empty message', new Uint8Array(0)],
  ['a frame that is cut', Uint8Array.of(4, 0, 0, 0)],
  ['half a record', Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 1)],
  ['credit for what was never sent', Uint8Array.of(4, 1, 0, 0, 0)],
  ['a message that is too long', Uint8Array.of(6, 6)],
]

for (const [what, bytes] of MALFORMED) {
  test(`limits: ${what} ends the connection`, async (t) => {
    const stage = await createStage(t)
    stage.client.sendBytes(bytes)
    await settle(stage)
    t.is(stage.client.closed!.code, 4400)
    t.is(stage.gateway.server.stats.connections.closed.malformed, 1)
  })
}

test('limits: a hello is said once, first, in time, and in a version that is known', async (t) => {
  const { world, gateway, client } = await createStage(t, { helloTimeoutMs: 5000 })
  const { clock } = world.sim
  client.send({ type: 'hello', version: 1, windowBytes: 1, ticket: null })
  await clock.advance(20)
  t.is(client.closed!.code, 4400)

  const impatient = new RawClient(clock, world.links, gateway.url)
  await clock.advance(20)
  impatient.send({ type: 'bind', socket: 0, port: 0 })
  await clock.advance(20)
  t.is(impatient.closed!.code, 4400)

  const strange = new RawClient(clock, world.links, gateway.url)
  await clock.advance(20)
  strange.send({ type: 'hello', version: 9, windowBytes: 1, ticket: null })
  await clock.advance(20)
  t.is(strange.closed!.code, 4426)

  const silent = new RawClient(clock, world.links, gateway.url)
  await clock.advance(4000)
  t.is(silent.closed, null)
  await clock.advance(3000)
  t.is(silent.closed!.code, 4408)
})

test('limits: too many messages, and too many wishes at a time, end the connection', async (t) => {
  const stage = await createStage(t, { messagesPerSecond: 10 })
  for (let i = 0; i < 30; i++) stage.client.send({ type: 'ping' })
  await settle(stage)
  t.is(stage.client.closed!.code, 4430)
  const { world, gateway } = stage
  const credits = await new RawClient(world.sim.clock, world.links, gateway.url).start()
  for (let i = 0; i < 30; i++) credits.sendDatagrams([], stage.target, PORT)
  await settle(stage)
  t.is(credits.closed!.code, 4430, 'frames without datagrams are messages, too')
})

test('limits: a connection that says nothing, or carries nothing, is closed', async (t) => {
  const stage = await createStage(t, { idleTimeoutMs: MINUTE, quietTimeoutMs: 3 * MINUTE, graceMs: 1000 })
  const { world, gateway } = stage
  await world.sim.advance(50_000)
  t.is(stage.client.closed, null)
  await world.sim.advance(12_000)
  t.is(stage.client.closed!.code, 4410)
  const chatty = await new RawClient(world.sim.clock, world.links, gateway.url).start()
  for (let i = 0; i < 8; i++) {
    chatty.send({ type: 'ping' })
    await world.sim.advance(25_000)
  }
  t.is(chatty.closed!.code, 4410)
  t.ok(chatty.of('pong').length >= 7)
  await world.sim.advance(3000)
  t.is(gateway.server.stats.sockets, 0)
})

test('limits: a connection that answers no ping is lost', async (t) => {
  const stage = await createStage(t, { heartbeatMs: 10_000 })
  await stage.world.sim.advance(35_000)
  t.is(stage.gateway.server.stats.connections.open, 1)
  stage.world.links.last.silence()
  await stage.world.sim.advance(25_000)
  t.is(stage.gateway.server.stats.connections.closed.lost, 1)
})

test('limits: a session goes on for who knows its secret, and for nobody else', async (t) => {
  const stage = await createStage(t)
  const { world, gateway, client } = stage
  const { clock } = world.sim
  const { ticket } = client.welcome!
  const { port } = client.of('bound')[0]!
  const thief = await new RawClient(clock, world.links, gateway.url).start(0, {
    id: ticket.id,
    secret: new Uint8Array(32),
  })
  t.absent(thief.welcome!.resumed)
  t.is(thief.welcome!.sockets.length, 0)
  t.is(gateway.server.stats.sessions.refusedTickets, 1)
  t.is(client.closed, null)
  const owner = await new RawClient(clock, world.links, gateway.url).start(0, ticket)
  t.ok(owner.welcome!.resumed)
  t.alike(owner.welcome!.sockets, [{ socket: 0, port }])
  t.is(client.closed!.code, 4409, 'the former connection gives way')
  stage.sendToGateway(REQUEST, port)
  await settle(stage)
  t.is(owner.datagrams.length, 1)
  t.is(gateway.server.stats.sessions.open, 2)
})

test('limits: a goodbye frees everything at once', async (t) => {
  const { world, gateway, client } = await createStage(t, {}, 2)
  client.close(1000)
  await world.sim.clock.advance(20)
  const { stats } = gateway.server
  t.alike([stats.sockets, stats.sessions.open, stats.sessions.parked, stats.connections.open], [0, 0, 0, 0])
})
