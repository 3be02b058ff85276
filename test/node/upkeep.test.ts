import test from 'brittle'
import type DHT from '../../index.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { encodeRequest } from '../../lib/wire/request.js'
import { encodeDownHint } from '../../lib/wire/commands.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { BOOTSTRAP_HOST, BOOTSTRAP_PORT, MINUTE, Simulation, traceEvents } from '../helpers/simulation.js'

const PING_NAT = 1

/** Hosts of the contacts that a node removes from here on. */
function traceRemovals(node: DHT): string[] {
  const removed: string[] = []
  node.on('remove-node', ({ host }) => void removed.push(host))
  return removed
}

const knows = (node: DHT, host: string): boolean => node.toArray().some((contact) => contact.host === host)

test('upkeep: an adaptive node turns persistent after 20 minutes, its id changes and others know it', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(12)
  const node = await sim.start()
  const trace = traceEvents(node, sim.clock, ['persistent', 'ephemeral'])
  const before = node.table.id
  const contacts = new Set(node.toArray().map(({ host }) => host))
  await sim.clock.advance(19 * MINUTE)
  t.is(node.id, null)
  await sim.clock.advance(2 * MINUTE)
  t.is(trace.length, 1)
  t.is(trace[0]![1], 'persistent')
  t.ok(trace[0]![0] >= 20 * MINUTE && trace[0]![0] < 21 * MINUTE, `${trace[0]![0]} ms`)
  const { host, port } = sim.addressOf(node)
  t.alike(node.id, idFromAddress(host, port))
  t.unlike(node.table.id, before)
  t.alike(node.table.id, node.id)
  for (const contact of contacts) t.ok(knows(node, contact), 'its contacts moved along')
  t.ok(sim.nodes.filter((other) => other !== node && knows(other, host)).length > 8, 'its neighbours know it')
})

test('upkeep: nodes that were told to stay ephemeral do', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(6)
  const nodes = [await sim.start({ ephemeral: true }), await sim.start({ adaptive: false })]
  await sim.clock.advance(120 * MINUTE)
  for (const node of nodes) {
    t.is(node.id, null)
    for (const other of sim.nodes) t.absent(knows(other, sim.hostOf(node)))
  }
})

test('W-C18: a firewalled node stays ephemeral, and is checked again an hour later', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(10)
  const host = sim.nextHost()
  sim.firewall(host)
  const node = await sim.start({}, host)
  const removed = traceRemovals(node)
  await sim.clock.advance(25 * MINUTE)
  t.alike([node.ephemeral, node.firewalled], [true, true])
  sim.openFirewall(host)
  await sim.clock.advance(50 * MINUTE)
  t.is(node.ephemeral, true, 'not before')
  await sim.clock.advance(10 * MINUTE)
  t.alike([node.ephemeral, node.firewalled], [false, false])
  t.alike(node.id, idFromAddress(host, sim.addressOf(node).port))
  t.alike(removed, [], 'W-C2: the failed probes cost no contact')
})

test('W-C20: a persistent node whose address changes turns ephemeral, then persistent with a new id', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(20)
  const node = await sim.start()
  await sim.clock.advance(25 * MINUTE)
  t.is(node.ephemeral, false)
  const oldId = node.id
  const trace = traceEvents(node, sim.clock, ['persistent', 'ephemeral'])
  const newHost = sim.nextHost()
  sim.move(sim.hostOf(node), newHost)
  await sim.clock.advance(15 * MINUTE)
  t.alike(
    trace.map(([, name]) => name),
    ['ephemeral'],
  )
  t.is(node.host, newHost)
  await sim.clock.advance(80 * MINUTE)
  t.is(node.ephemeral, false)
  t.alike(node.id, idFromAddress(newHost, node.port))
  t.unlike(node.id, oldId)
  const known = sim.nodes.filter((other) => other !== node && knows(other, newHost))
  t.ok(known.length > 10, `${known.length} know it by its new id`)
})

test('W-C20: a node that needs no probe follows a changed address within minutes', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(20)
  const node = await sim.start({ ephemeral: false, firewalled: false })
  await sim.clock.advance(5 * MINUTE)
  const newHost = sim.nextHost()
  sim.move(sim.hostOf(node), newHost)
  await sim.clock.advance(15 * MINUTE)
  t.is(node.host, newHost)
  t.is(node.ephemeral, false)
  t.alike(node.id, idFromAddress(newHost, node.port))
})

test('W-C19: after a sleep an adaptive node is ephemeral, evicts nobody, and needs a fresh probe', async (t) => {
  const sim = new Simulation(t)
  sim.record = true
  await sim.startMany(15)
  const node = await sim.start()
  await sim.clock.advance(25 * MINUTE)
  t.is(node.ephemeral, false)
  const trace = traceEvents(node, sim.clock, ['persistent', 'ephemeral', 'wakeup', 'wake-up'])
  const removed = traceRemovals(node)
  sim.datagrams.length = 0
  sim.sleep(node, 8 * 60 * MINUTE)
  const at = sim.clock.now()
  await sim.clock.advance(10_000)
  t.alike(
    trace.map(([, name]) => name),
    ['ephemeral', 'wakeup', 'wake-up'],
  )
  t.ok(trace[0]![0] - at <= 5000, 'at its next beat')
  t.is(node.id, null)
  t.is(node.host, sim.hostOf(node), 'it has asked around')
  await sim.clock.advance(50 * MINUTE)
  t.is(node.ephemeral, true, 'a node that comes and goes waits longer')
  t.alike(removed, [], 'nobody was evicted')
  t.absent(sim.sendersOf(PING_NAT).includes(sim.hostOf(node)))
  await sim.clock.advance(12 * MINUTE)
  t.is(node.ephemeral, false)
  t.ok(sim.sendersOf(PING_NAT).includes(sim.hostOf(node)), 'it was probed anew')
})

test('W-C19: a firewall that was closed while it slept is noticed', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(10)
  const node = await sim.start()
  await sim.clock.advance(25 * MINUTE)
  sim.sleep(node, 60 * MINUTE)
  sim.firewall(sim.hostOf(node))
  await sim.clock.advance(120 * MINUTE)
  t.alike([node.ephemeral, node.firewalled], [true, true])
  t.ok(node.table.size >= 10)
})

test('W-C19: a network that comes back a moment after the wake-up costs no contact', async (t) => {
  for (const delayMs of [500, 1000, 1500, 2000, 3000]) {
    const sim = new Simulation(t)
    await sim.startMany(25)
    const node = await sim.start({ ephemeral: true })
    await sim.clock.advance(10 * MINUTE)
    const removed = traceRemovals(node)
    const wakeups = traceEvents(node, sim.clock, ['wakeup'])
    sim.block(sim.hostOf(node))
    sim.sleep(node, 60 * MINUTE)
    await sim.clock.runUntil(() => wakeups.length > 0, MINUTE)
    await sim.clock.advance(delayMs)
    sim.unblock(sim.hostOf(node))
    await sim.clock.advance(2 * MINUTE)
    t.alike(removed, [], `${delayMs} ms`)
  }
})

test('upkeep: after a sleep a node that stays ephemeral knows its address again within a minute', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(10)
  const node = await sim.start({ quickFirewall: false })
  await sim.clock.advance(5 * MINUTE)
  t.is(node.host, sim.hostOf(node))
  const { port } = node
  sim.sleep(node, 60 * MINUTE)
  await sim.clock.advance(MINUTE)
  t.alike([node.host, node.port], [sim.hostOf(node), port])
})

test('W-C5: one sleep wakes once', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start()
  const trace = traceEvents(node, sim.clock, ['wakeup'])
  sim.sleep(node, MINUTE)
  await sim.clock.advance(5 * MINUTE)
  t.is(trace.length, 1)
})

test('W-S4: what a contact sees of another socket of ours does not count', async (t) => {
  const sim = new Simulation(t)
  const others = await sim.startMany(6)
  const node = await sim.start({ ephemeral: false })
  await sim.clock.advance(MINUTE)
  const { host, port } = node
  const trace = traceEvents(node, sim.clock, ['nat-update', 'ephemeral'])
  for (const other of others) {
    const reply = await sim.run(node.ping(sim.addressOf(other), { socket: node.clientSocket }))
    t.not(reply.to.port, port)
  }
  t.alike([node.host, node.port, trace.length], [host, port, 0])
})

test('upkeep: dead contacts are evicted by ping rounds, living ones stay', async (t) => {
  const sim = new Simulation(t)
  const others = await sim.startMany(24)
  const node = await sim.start({ ephemeral: false })
  await sim.clock.advance(MINUTE)
  const dead = others.slice(0, 8).map((other) => sim.hostOf(other))
  t.ok(dead.filter((host) => knows(node, host)).length >= 6)
  const removed = traceRemovals(node)
  for (const host of dead) sim.block(host)
  await sim.clock.advance(17 * MINUTE)
  for (const host of dead) t.absent(knows(node, host), host)
  t.alike([...new Set(removed)].sort(), removed.toSorted(), 'each once')
  t.ok(
    removed.every((host) => dead.includes(host)),
    'nobody else',
  )
  t.is(node.table.recency.length, node.table.size)
})

test('upkeep: a node that is cut off for a minute keeps its contacts, and says that it is offline', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(15)
  const node = await sim.start({ ephemeral: false })
  await sim.clock.advance(2 * MINUTE)
  const before = node.table.size
  const trace = traceEvents(node, sim.clock, ['network-update'])
  sim.block(sim.hostOf(node))
  for (let i = 0; i < 10; i++) {
    void node.findNode(idFromAddress('1.2.3.4', i)).finished()
    await sim.clock.advance(6000)
  }
  t.is(node.online, false)
  t.is(trace.length, 1)
  t.is(node.table.size, before)
  sim.unblock(sim.hostOf(node))
  await sim.clock.advance(MINUTE)
  t.is(node.online, true)
  t.is(trace.length, 2)
  t.is(node.table.size, before)
})

test('W-S5: down hints of a stranger do not evict a living contact', async (t) => {
  const sim = new Simulation(t)
  const others = await sim.startMany(6)
  const node = await sim.start({ ephemeral: false })
  await sim.clock.advance(MINUTE)
  const removed = traceRemovals(node)
  const stranger = await sim.socket()
  const { host, port } = sim.addressOf(node)
  const hint = (i: number, of: DHT): void => {
    const victim = sim.addressOf(of)
    stranger.socket.trySend(
      encodeRequest({
        tid: i,
        ip: parseIPv4(host),
        port,
        id: null,
        token: null,
        internal: true,
        command: 3,
        target: null,
        value: encodeDownHint(parseIPv4(victim.host), victim.port),
      }),
      port,
      host,
    )
  }
  for (let i = 0; i < 60; i++) {
    hint(i, others[i % others.length]!)
    await sim.clock.advance(1000)
  }
  t.alike(removed, [])
  sim.block(sim.hostOf(others[0]!))
  hint(100, others[0]!)
  await sim.clock.advance(10_000)
  t.alike(removed, [sim.hostOf(others[0]!)], 'one that is down is found out')
})

test('upkeep: down hints go out within the budget of the tick, and not at all where they are off', async (t) => {
  for (const [options, most] of [
    [{ downHintsRateLimit: 3 }, 3],
    [{ downHintsRateLimit: 0 }, 0],
    [{ sendDownHints: false }, 0],
  ] as const) {
    const sim = new Simulation(t)
    const others = await sim.startMany(20)
    await sim.clock.advance(10 * MINUTE)
    const node = await sim.start({ ephemeral: true, ...options })
    for (const other of others.slice(0, 8)) sim.block(sim.hostOf(other))
    await sim.run(node.findNode(idFromAddress('1.2.3.4', 5)).finished())
    await sim.clock.advance(4000)
    const { tx } = node.stats.commands.downHint
    t.ok(tx <= most, `${tx} of at most ${most}`)
    if (most > 0) t.ok(tx > 0)
  }
})

test('upkeep: a quiet node refreshes its table, a busy one need not', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(25)
  const node = await sim.start({ ephemeral: true })
  await sim.clock.advance(MINUTE)
  const before = node.stats.commands.findNode.tx
  await sim.clock.advance(10 * MINUTE)
  t.ok(node.stats.commands.findNode.tx > before)
})

test('upkeep: an idle node costs little', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(25)
  await sim.clock.advance(10 * MINUTE)
  const { stats } = sim.nodes[5]!
  const before = { ...stats.datagrams }
  await sim.clock.advance(60 * MINUTE)
  const perMinute = (stats.datagrams.sent - before.sent) / 60
  t.ok(perMinute < 60, `${perMinute} datagrams a minute`)
  t.is(stats.requests.timeouts, 0)
  t.is(stats.datagrams.dropped.malformed, 0)
})

test('upkeep: a lossy network keeps working', async (t) => {
  const sim = new Simulation(t, { loss: 0.1 })
  await sim.startMany(25)
  await sim.clock.advance(30 * MINUTE)
  const persistent = sim.nodes.filter((node) => !node.ephemeral)
  t.ok(persistent.length >= 24, `${persistent.length} of 26`)
  for (const node of sim.nodes) t.ok(node.table.size >= 18, `${node.table.size} contacts`)
  const node = await sim.start({ ephemeral: true })
  const query = node.findNode(idFromAddress('1.2.3.4', 5))
  await sim.run(query.finished())
  t.ok(query.closestNodes.length >= 18)
})

test('upkeep: after a partition has healed the halves find each other again', async (t) => {
  const sim = new Simulation(t)
  const others = await sim.startMany(20)
  await sim.clock.advance(5 * MINUTE)
  sim.network.partition(others.slice(0, 10).map((node) => sim.hostOf(node)))
  await sim.clock.advance(5 * MINUTE)
  sim.network.heal()
  await sim.clock.advance(30 * MINUTE)
  const node = await sim.start({ ephemeral: true })
  const query = node.findNode(idFromAddress('1.2.3.4', 5))
  await sim.run(query.finished())
  t.is(query.closestNodes.length, 20)
  t.ok(others[0]!.table.size > 15, `${others[0]!.table.size} contacts`)
  t.ok(knows(others[0]!, BOOTSTRAP_HOST) || BOOTSTRAP_PORT > 0)
})
