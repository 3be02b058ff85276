/** What we can be made to send to others, and what we can be made to keep. */
import test, { type Assert } from 'brittle'
import b4a from 'b4a'
import type DHT from '../../index.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import type { Simulation } from '../../lib/simulation/index.js'
import { COMMAND, encodeDelayedPing, encodePingNat } from '../../lib/wire/commands.js'
import type { RequestFields } from '../../lib/wire/request.js'
import {
  createFakes,
  createSimulation,
  type Endpoint,
  FakeNode,
  forge,
  MINUTE,
  record,
  requestTo,
  SECOND,
  startLoner,
} from './attacker.js'

const TARGET = idFromAddress('1.2.3.4', 5)

test('W-S6: delayed pings of strangers leave few timers, whatever comes', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const to = sim.addressOf(node)
  await sim.advance(MINUTE)
  const before = sim.clock.pending
  const delayed = { command: COMMAND.DELAYED_PING, value: encodeDelayedPing(10_000) }
  const mallory = await FakeNode.create(sim)
  for (let i = 0; i < 5000; i++) node.onmessage(node.socket!, requestTo(to, { tid: i, ...delayed }), mallory)
  t.ok(sim.clock.pending - before <= 32, `${sim.clock.pending - before} timers after 5000 datagrams of one host`)
  for (let i = 0; i < 5000; i++) {
    const from = { host: `50.${i >> 8}.${i & 255}.1`, port: 9 }
    node.onmessage(node.socket!, requestTo(to, { tid: i, ...delayed }), from)
  }
  t.ok(sim.clock.pending - before <= 256, `${sim.clock.pending - before} timers after 5000 more of as many hosts`)
  t.ok(node.stats.datagrams.dropped.overLimit >= 10_000 - 256)
  await sim.advance(11 * SECOND)
  t.ok(sim.clock.pending <= before + 2, 'and none is left')
  node.onmessage(node.socket!, requestTo(to, { ...delayed, value: encodeDelayedPing(10_001) }), mallory)
  t.is(node.stats.datagrams.dropped.badArgument, 1, 'a longer delay is refused')
  for (let i = 0; i < 100; i++) {
    node.onmessage(node.socket!, requestTo(to, { tid: i, ...delayed }), { host: `50.0.${i}.1`, port: 9 })
  }
  await sim.run(node.destroy())
  t.is(sim.clock.pending, 0, 'a node that is gone keeps none')
})

test('W-S7: one reply that names 320 nodes makes us send to twenty, twice each', async (t) => {
  const sim = createSimulation(t)
  const mallory = await FakeNode.create(sim)
  mallory.answer = () => ({
    closer: Array.from({ length: 320 }, (_, i) => ({ ip: parseIPv4('50.0.0.1') + 256 * i, port: 9 })),
  })
  const node = await startLoner(sim)
  const sent = record(sim)
  await sim.run(node.query({ target: TARGET, command: 7 }, { nodes: [mallory] }).finished())
  await sim.advance(SECOND)
  const victims = sent.filter(({ bytes, toHost }) => toHost.startsWith('50.') && !isInternal(bytes))
  const hosts = new Set(victims.map(({ toHost }) => toHost))
  t.is(mallory.asked.filter(({ internal }) => !internal).length, 1)
  t.ok(victims.length > 0 && victims.length <= 40, `${victims.length} datagrams`)
  t.ok(hosts.size <= 20, `to ${hosts.size} hosts`)
})

/** Whether it is a request of the protocol's own: upkeep, beside the lookup at hand. */
function isInternal(bytes: Uint8Array): boolean {
  return bytes[0] === 3 && (bytes[1]! & 4) !== 0
}

test('W-S7: addresses that can be no contacts are not sent to', async (t) => {
  const sim = createSimulation(t)
  const hosts = [
    '0.0.0.0',
    '0.1.2.3',
    '127.0.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '169.254.1.1',
    '100.64.0.1',
  ]
  hosts.push('224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255')
  const mallory = await FakeNode.create(sim)
  const closer = hosts.map((host) => ({ ip: parseIPv4(host), port: 1000 }))
  mallory.answer = () => ({ closer: [...closer, { ip: parseIPv4('50.0.0.1'), port: 0 }, mallory] })
  const node = await startLoner(sim)
  const sent = record(sim)
  await sim.run(node.query({ target: TARGET, command: 7 }, { nodes: [mallory] }).finished())
  await sim.advance(MINUTE)
  const mine = sim.hostOf(node).address
  t.is(sent.filter(({ fromHost, toHost }) => fromHost === mine && toHost !== mallory.host).length, 0)
  t.is(mallory.asked.filter(({ internal }) => !internal).length, 1, 'nor is one twice that named itself')
})

test('W-S7: replies out of order make two side questions in a lookup, and no more', async (t) => {
  const sim = createSimulation(t)
  const fakes = await createFakes(sim, 60)
  const closer = fakes.map(({ ip, port }) => ({ ip, port }))
  let lies = 0
  for (const fake of fakes) {
    fake.answer = () => {
      lies++
      // Never in order, each time others.
      return { closer: Array.from({ length: 20 }, (_, i) => closer[(lies * 7 + i * 13) % 60]!) }
    }
  }
  const node = await startLoner(sim)
  const query = node.query({ target: TARGET, command: 7 }, { nodes: fakes.slice(0, 30) })
  await sim.run(query.finished())
  await sim.advance(MINUTE)
  const asked = fakes.flatMap((fake) => fake.asked)
  const aside = asked.filter(({ internal, command }) => internal && command === COMMAND.FIND_NODE)
  t.is(aside.length, 2)
  t.is(
    asked.length - aside.length,
    new Set(query.closestNodes.map(({ host }) => host)).size + overshoot(),
    'each is asked once',
  )

  /** Candidates that were asked and not among the results. */
  function overshoot(): number {
    const results = new Set(query.closestNodes.map(({ host }) => host))
    return fakes.filter((fake) => !results.has(fake.host) && fake.asked.some(({ internal }) => !internal)).length
  }
})

test('W-S7: liars that name ever more liars are left after 240 asks, two transmissions each', async (t) => {
  const sim = createSimulation(t)
  const fakes = await createFakes(sim, 600)
  for (const [i, fake] of fakes.entries()) {
    fake.answer = () => ({ id: null, closer: Array.from({ length: 20 }, (_, n) => fakes[(i * 31 + n * 7 + 1) % 600]!) })
  }
  const node = await startLoner(sim)
  const query = node.query({ target: TARGET, command: 7 }, { nodes: fakes.slice(0, 20) })
  await sim.run(query.finished(), { limitMs: MINUTE })
  await sim.advance(MINUTE)
  const asked = fakes.reduce((sum, fake) => sum + fake.asked.length, 0)
  t.ok(asked > 100 && asked <= 480, `${asked} datagrams`)
  t.is(query.closestNodes.length, 0)
})

/** A node whose application answers with as much as fits, and contacts to name. */
async function talkative(t: Assert): Promise<{ sim: Simulation; node: DHT; to: Endpoint }> {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(25)
  const node = nodes[0]!
  node.on('request', (req) => req.reply(b4a.alloc(1800)))
  await sim.advance(MINUTE)
  return { sim, node, to: sim.addressOf(node) }
}

const ATTACKS: Record<string, Partial<RequestFields>> = {
  'find node': { command: COMMAND.FIND_NODE, target: TARGET },
  'bad token': { command: COMMAND.FIND_NODE, target: TARGET, token: b4a.alloc(32) },
  'unknown command': { command: 99, target: TARGET },
  application: { internal: false, command: 7, target: TARGET },
  'ping nat': { command: COMMAND.PING_NAT, value: encodePingNat(53) },
  'delayed ping': { command: COMMAND.DELAYED_PING, value: encodeDelayedPing(100) },
  ping: {},
}

test('W-S9: an address that has not proved itself gets three times what was sent in its name, and 16 KiB', async (t) => {
  const { sim, node, to } = await talkative(t)
  const sent = record(sim)
  let serial = 0
  for (const [name, fields] of Object.entries(ATTACKS)) {
    for (const identified of [false, true]) {
      const victim = { host: `50.0.${serial++}.1`, port: 1000 }
      const id = identified ? idFromAddress(victim.host, victim.port) : null
      sent.length = 0
      let forged = 0
      for (let i = 0; i < 400; i++) {
        const bytes = requestTo(to, { ...fields, id, tid: i })
        forged += bytes.length
        forge(sim, victim, to, bytes)
        await sim.advance(25)
      }
      await sim.advance(SECOND)
      const got = sent.filter(({ toHost }) => toHost === victim.host).reduce((sum, { bytes }) => sum + bytes.length, 0)
      // The allowance fills up again within the ten seconds that this takes.
      const most = 3 * forged + 2 * 16_384 + 1638
      t.ok(got > 0 && got <= most, `${name}${identified ? ', identified' : ''}: ${got} bytes for ${forged}`)
    }
  }
  t.ok(node.stats.datagrams.withheld > 0, `${node.stats.datagrams.withheld} replies were held back`)
})

test('W-S9: all unproved addresses together get 256 KiB a second beyond three times their bytes', async (t) => {
  const { sim, to } = await talkative(t)
  const sent = record(sim)
  let forged = 0
  for (let i = 0; i < 2000; i++) {
    const bytes = requestTo(to, { ...ATTACKS['application'], tid: i })
    forged += bytes.length
    forge(sim, { host: `50.0.${i % 250}.${1 + (i % 4)}`, port: 9 }, to, bytes)
    await sim.advance(1)
  }
  await sim.advance(SECOND)
  const got = sent.filter(({ toHost }) => toHost.startsWith('50.')).reduce((sum, { bytes }) => sum + bytes.length, 0)
  t.ok(got <= 3 * forged + 4 * 262_144, `${got} bytes for ${forged} in two seconds`)
  t.ok(got > 262_144)
})

test('W-S9: who echoes a token or has answered us gets all it asks for', async (t) => {
  const { sim, to, node } = await talkative(t)
  const client = await sim.startNode({ ephemeral: true, bootstrap: false })
  const message = { command: 7, target: TARGET }
  const { token } = await sim.run(client.request(message, to))
  let bytes = 0
  const withheld = node.stats.datagrams.withheld
  for (let i = 0; i < 50; i++) bytes += (await sim.run(client.request({ ...message, token }, to))).value!.length
  t.is(bytes, 50 * 1800)
  const answering = await FakeNode.create(sim)
  await sim.run(node.ping(answering))
  const sent = record(sim)
  for (let i = 0; i < 50; i++) answering.send(requestTo(to, { internal: false, command: 7, tid: i }), to)
  await sim.advance(SECOND)
  t.is(sent.filter(({ toHost }) => toHost === answering.host).length, 50)
  t.is(node.stats.datagrams.withheld, withheld)
})
