/** Who decides what our address is, and whether others can reach us. */
import test, { type Assert } from 'brittle'
import type DHT from '../../index.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { COMMAND } from '../../lib/wire/commands.js'
import {
  createFakes,
  createSimulation,
  FakeNode,
  knows,
  MINUTE,
  namesOf,
  record,
  removalsOf,
  requestTo,
  SECOND,
  startLoner,
} from './attacker.js'

/** An address that is none of ours: 8.8.8.8:4660. */
const LIE = { ip: parseIPv4('8.8.8.8'), port: 4660 }

/** A network that has settled, and a node in it that is as old as it is. */
async function settled(t: Assert, count = 12) {
  const sim = createSimulation(t)
  const others = await sim.startNodes(count)
  await sim.advance(MINUTE)
  return { sim, others }
}

test('W-S3: one unsolicited request neither enters the table nor moves our address', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const to = sim.addressOf(node)
  const updates = namesOf(node, 'nat-update', 'add-node')
  const silent = await FakeNode.create(sim)
  silent.answer = () => null
  silent.ask(to, LIE)
  await sim.advance(MINUTE)
  t.alike([node.host, node.port, node.table.size, updates], [null, 0, 0, []])
  t.ok(silent.count(COMMAND.PING) > 0, 'it was asked first')

  const stolen = await FakeNode.create(sim)
  silent.send(requestTo(to, { id: stolen.id, ...LIE }), to)
  await sim.advance(MINUTE)
  t.is(node.table.size, 0, 'an id that does not belong to the address counts for nothing')
  t.is(stolen.asked.length, 0)

  const honest = await FakeNode.create(sim)
  honest.ask(to)
  await sim.advance(SECOND)
  t.ok(knows(node, honest), 'who answers becomes a contact')
})

test('W-S3: among honest nodes the lies of a few do not move our address', async (t) => {
  const { sim } = await settled(t, 20)
  const node = await sim.startNode({ ephemeral: false })
  await sim.advance(20 * MINUTE)
  const { host, port } = node
  const updates = namesOf(node, 'nat-update', 'ephemeral')
  for (const liar of await createFakes(sim, 3)) {
    liar.answer = () => LIE
    liar.ask(sim.addressOf(node), LIE)
  }
  await sim.advance(10 * MINUTE)
  t.alike([node.host, node.port, updates], [host, port, []])
})

test('W-S4: what newcomers and contacts see of another socket of ours does not count', async (t) => {
  const { sim, others } = await settled(t)
  const node = await sim.startNode({ ephemeral: false })
  const { host, port } = node
  const updates = namesOf(node, 'nat-update', 'ephemeral')
  const newcomers = await createFakes(sim, 16)
  for (const to of [...newcomers, ...others.map((other) => sim.addressOf(other))]) {
    const reply = await sim.run(node.ping(to, { socket: node.clientSocket }))
    t.not(reply.to.port, port)
  }
  t.ok(
    newcomers.some((newcomer) => knows(node, newcomer)),
    'they became contacts',
  )
  t.alike([node.host, node.port, updates], [host, port, []])
})

test('W-S11: datagrams from the hosts of the probes are no answers to the probes', async (t) => {
  const sim = createSimulation(t)
  const fakes = await createFakes(sim, 4)
  // They never answer a probe, but send everything else to the port it names, from several ports of their own.
  for (const fake of fakes) {
    const accomplice = await FakeNode.create(sim, { host: sim.network.hostAt(fake.host)!, port: 2000 })
    fake.answer = ({ internal, command, bytes, valueAt, from, tid }) => {
      if (!internal || command !== COMMAND.PING_NAT) return { closer: fakes }
      const at = { host: from.host, port: bytes[valueAt]! | (bytes[valueAt + 1]! << 8) }
      fake.ask(at)
      fake.send(Uint8Array.of(0x13, 0, (tid + 1) & 255, tid >> 8, 20, 0, 0, 1, 1, 0), at)
      accomplice.send(Uint8Array.of(0x13, 0, tid & 255, tid >> 8, 20, 0, 0, 1, 1, 0), at)
      accomplice.ask(at)
      return null
    }
  }
  const node = await sim.startNode({ ephemeral: false, bootstrap: fakes })
  await sim.advance(MINUTE)
  t.alike([node.firewalled, node.ephemeral], [true, true])
  t.ok(node.stats.datagrams.requests >= 8, 'they did arrive')
  t.ok(node.stats.datagrams.dropped.wrongSource >= 4)
})

test('W-S11: each node is asked to probe once, and one of four does not decide', async (t) => {
  for (const honest of [1, 2]) {
    const sim = createSimulation(t)
    const fakes = await createFakes(sim, 4)
    const asked = new Map<FakeNode, Set<number>>(fakes.map((fake) => [fake, new Set()]))
    for (const [i, fake] of fakes.entries()) {
      fake.answer = ({ internal, command, bytes, valueAt, tid, at, from }) => {
        if (!internal || command !== COMMAND.PING_NAT) return { closer: fakes }
        asked.get(fake)!.add(Math.floor(at / 10_000))
        if (i >= honest) return null
        const port = bytes[valueAt]! | (bytes[valueAt + 1]! << 8)
        const answer = Uint8Array.of(0x13, 0, tid & 255, tid >> 8, 0, 0, 0, 0, port & 255, port >> 8)
        new DataView(answer.buffer).setUint32(4, parseIPv4(from.host))
        fake.send(answer, { host: from.host, port })
        return null
      }
    }
    const node = await sim.startNode({ ephemeral: false, bootstrap: fakes })
    await sim.advance(9 * SECOND)
    t.is(node.firewalled, honest < 2, `${honest} of 4 probes arrived`)
    t.ok([...asked.values()].every(({ size }) => size === 1))
  }
})

test('W-C2: a firewalled node evicts nobody for the probes that its firewall swallows', async (t) => {
  const { sim } = await settled(t)
  const host = sim.createHost({ nat: { kind: 'firewalled', mappingLifetimeMs: 30 * SECOND } })
  const node = sim.createNode({ ephemeral: false }, { host })
  const removed = removalsOf(node)
  const sent = record(sim)
  await sim.run(node.fullyBootstrapped())
  await sim.advance(30 * MINUTE)
  const probes = sent.filter(({ bytes, fromHost }) => fromHost === host.address && isProbe(bytes))
  t.ok(probes.length >= 5, `${probes.length} probes`)
  t.alike([node.firewalled, removed], [true, []])
  t.ok(node.table.size >= 10, `${node.table.size} contacts`)
})

/** Whether it is a PING_NAT of an ephemeral node, which has no id in it. */
function isProbe(bytes: Uint8Array): boolean {
  return bytes[0] === 3 && (bytes[1]! & 7) === 4 && bytes[10] === COMMAND.PING_NAT
}

test('W-C16: the first nodes of a network without a bootstrapper become persistent', async (t) => {
  const sim = createSimulation(t)
  const hosts = [sim.createHost(), sim.createHost()]
  const nodes = hosts.map((host, i) => {
    const bootstrap = [{ host: hosts[1 - i]!.address, port: 5000 }]
    return sim.createNode({ ephemeral: false, port: 5000, bootstrap }, { host })
  })
  await sim.run(Promise.all(nodes.map((node) => node.fullyBootstrapped())))
  await sim.advance(10 * MINUTE)
  for (const node of nodes) t.alike(node.id, idFromAddress(sim.hostOf(node).address, 5000))
})

test('W-C16: a node that is alone has a defined state, and leaves it when somebody comes', async (t) => {
  const sim = createSimulation(t)
  const node = await sim.startNode({ ephemeral: false, port: 5000, bootstrap: false })
  await sim.advance(60 * MINUTE)
  t.alike([node.bootstrapped, node.ephemeral, node.firewalled, node.host], [true, true, true, null])
  await sim.startNodes(3, { ephemeral: false, bootstrap: [sim.addressOf(node)] })
  await sim.advance(10 * MINUTE)
  t.is(node.ephemeral, false)
})

test('W-C17: an address that is learnt late is tried 20 minutes later, not 60', async (t) => {
  const { sim } = await settled(t)
  const host = sim.createHost()
  host.disconnect()
  const node = sim.createNode({}, { host })
  await sim.run(node.fullyBootstrapped())
  await sim.advance(25 * MINUTE)
  t.is(node.host, null)
  host.reconnect()
  await sim.advance(19 * MINUTE)
  t.is(node.ephemeral, true)
  await sim.advance(6 * MINUTE)
  t.is(node.ephemeral, false)
})

test('W-C18: a verdict "firewalled" is checked again on the same host', async (t) => {
  const { sim } = await settled(t)
  const host = sim.createHost({ nat: 'firewalled' })
  const node = await sim.startNode({}, { host })
  await sim.advance(25 * MINUTE)
  t.alike([node.ephemeral, node.firewalled], [true, true])
  host.setNat('open')
  await sim.advance(61 * MINUTE)
  t.alike([node.ephemeral, node.firewalled], [false, false])
})

/** An adaptive node that has become persistent. */
async function persistent(t: Assert) {
  const { sim } = await settled(t)
  const node = await sim.startNode()
  await sim.advance(25 * MINUTE)
  t.is(node.ephemeral, false)
  return { sim, node }
}

test('W-C19: after a wake-up a node is ephemeral until a fresh probe says that it can be reached', async (t) => {
  for (const firewall of [false, true]) {
    const { sim, node } = await persistent(t)
    const host = sim.hostOf(node)
    host.clock.jumpWall(60 * MINUTE)
    if (firewall) host.setNat('firewalled')
    await sim.advance(10 * SECOND)
    t.is(node.ephemeral, true)
    await sim.advance(59 * MINUTE)
    const sent = record(sim)
    await sim.advance(5 * MINUTE)
    t.ok(
      sent.some(({ bytes, fromHost }) => fromHost === host.address && isProbe(bytes)),
      'it was probed',
    )
    t.alike([node.ephemeral, node.firewalled], [firewall, firewall])
  }
})

test('W-C20: a persistent node whose address changes gives up its id, and gets the one of its new address', async (t) => {
  const { sim, node } = await persistent(t)
  const states = namesOf(node, 'ephemeral', 'persistent')
  const before = node.id
  const moved = sim.network.nextAddress()
  sim.hostOf(node).move(moved)
  await sim.advance(15 * MINUTE)
  t.alike([node.id, node.host, states], [null, moved, ['ephemeral']])
  await sim.advance(80 * MINUTE)
  t.alike(node.id, idFromAddress(moved, node.port))
  t.unlike(node.id, before)
  const knowing = sim.nodes.filter((other: DHT) => other !== node && knows(other, { host: moved, port: node.port }))
  t.ok(knowing.length >= 8, `${knowing.length} of 13 know it there`)
})

test('W-C27: a probe that is slower than the bootstrap lookup helps all the same', async (t) => {
  const sim = createSimulation(t)
  const slow = await FakeNode.create(sim)
  slow.answer = ({ internal, command, bytes, valueAt, tid, from }) => {
    if (!internal || command !== COMMAND.PING_NAT) return {}
    const port = bytes[valueAt]! | (bytes[valueAt + 1]! << 8)
    const answer = Uint8Array.of(0x13, 0, tid & 255, tid >> 8, 0, 0, 0, 0, port & 255, port >> 8)
    new DataView(answer.buffer).setUint32(4, parseIPv4(from.host))
    sim.clock.after(150, () => slow.send(answer, { host: from.host, port }))
    return null
  }
  const node = await sim.startNode({ bootstrap: [slow] })
  t.is(node.firewalled, true, 'it has joined before')
  await sim.advance(2 * SECOND)
  t.alike([node.firewalled, node.ephemeral], [false, true])
})
