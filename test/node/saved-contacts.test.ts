import test from 'brittle'
import fc from 'fast-check'
import type { SavedContacts, Transport } from '../../index.js'
import { exportContacts, MAX_SAVED_CONTACTS, parseContacts } from '../../lib/node/saved-contacts.js'
import { formatIPv4 } from '../../lib/primitives/address.js'
import { MINUTE, Simulation } from '../helpers/simulation.js'
import { holds } from '../helpers/properties.js'

const place = (serial: number) => ({ host: formatIPv4(0x14010000 + serial), port: 1000 })
const places = (count: number, from = 1) => Array.from({ length: count }, (_, i) => place(from + i))

/** What exporting needs of a node with these contacts, the first heard last. */
function nodeWith(contacts: { host: string; port: number }[], saved: { host: string; port: number }[] = []) {
  return {
    clock: { wallTime: () => 1234.5 },
    contacts: { table: { recency: contacts, size: contacts.length } },
    lookups: { saved },
  } as unknown as Parameters<typeof exportContacts>[0]
}

test('saved contacts: addresses, those heard last first, with a version and the time', (t) => {
  t.alike(exportContacts(nodeWith(places(3))), { version: 1, savedAt: 1234, contacts: places(3) })
  t.alike(exportContacts(nodeWith([])).contacts, [])
})

test('saved contacts: those of an earlier run fill up a poor table, each address once', (t) => {
  const saved = places(5, 3)
  t.alike(exportContacts(nodeWith(places(4), saved)).contacts, places(7))
  t.alike(exportContacts(nodeWith(places(19), places(3, 100))).contacts.length, 22)
  t.alike(exportContacts(nodeWith(places(20), places(3, 100))).contacts, places(20), 'a full one needs none')
})

test('saved contacts: at most 256, written and read', (t) => {
  t.is(MAX_SAVED_CONTACTS, 256)
  t.alike(exportContacts(nodeWith(places(300))).contacts, places(256))
  t.alike(parseContacts(places(300), 'x'), places(256))
})

test('saved contacts: what is exported is read, through JSON', (t) => {
  const property = fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 65535 }), { maxLength: 40 }), (serials) => {
    const contacts = serials.map(place)
    const text = JSON.stringify(exportContacts(nodeWith(contacts)))
    t.alike(parseContacts(JSON.parse(text), 'x'), contacts)
  })
  holds(t, property, { numRuns: 50 })
})

test('saved contacts: reading never does anything but return addresses or throw a TypeError', (t) => {
  const value = fc.oneof(
    fc.anything(),
    fc.record({ version: fc.constantFrom(1, 2, '1', null), savedAt: fc.anything(), contacts: fc.anything() }),
    fc.record({
      version: fc.constant(1),
      contacts: fc.array(
        fc.record({ host: fc.oneof(fc.ipV4(), fc.anything()), port: fc.oneof(fc.nat(), fc.anything()) }),
      ),
    }),
  )
  let read = 0
  const property = fc.property(value, (given) => {
    try {
      for (const { host, port } of parseContacts(given, 'it')) {
        if (!/^\d+\.\d+\.\d+\.\d+$/.test(host) || port < 1 || port > 65535) throw new Error(`${host}:${port}`)
      }
      read++
    } catch (error) {
      if (!(error instanceof TypeError) || !error.message.startsWith('it must')) throw error
    }
  })
  holds(t, property, { numRuns: 2000 })
  t.ok(read > 0)
})

test('saved contacts: no private fields come along', (t) => {
  const withMore = [{ ...place(1), id: new Uint8Array(32), srttMs: 3 }]
  t.alike(exportContacts(nodeWith(withMore)).contacts, [place(1)])
  t.alike(parseContacts(withMore, 'x'), [place(1)])
})

/** A network of 60, its bootstrapper gone, and what one of its nodes had saved. */
async function orphanedNetwork(sim: Simulation): Promise<SavedContacts> {
  const nodes = await sim.startMany(60)
  await sim.clock.advance(MINUTE)
  const last = nodes.at(-1)!
  const saved = JSON.parse(JSON.stringify(last.exportContacts())) as SavedContacts
  await sim.run(last.destroy())
  sim.block(sim.hostOf(sim.bootstrapper))
  return saved
}

for (const ephemeral of [false, true, undefined]) {
  const kind = ephemeral === undefined ? 'adaptive' : ephemeral ? 'ephemeral' : 'persistent'
  test(`saved contacts: a restarted ${kind} node has joined within 5 s while every bootstrap node is down`, async (t) => {
    const sim = new Simulation(t)
    const saved = await orphanedNetwork(sim)
    t.ok(saved.contacts.length > 20)
    const startedAt = sim.clock.now()
    const node = sim.create({ ephemeral, contacts: saved })
    t.is(node.table.size, 0, 'nobody is a contact on the word of a file')
    await sim.run(node.ready(), 5000)
    t.comment(`joined after ${sim.clock.now() - startedAt} ms, knows ${node.table.size}`)
    t.ok(node.table.size >= 20)
    t.is(node.ephemeral, ephemeral !== false)
    const target = node.table.id
    const query = node.findNode(target)
    await sim.run(query.finished())
    t.is(query.closestNodes.length, 20)
  })
}

for (const seed of [1, 2, 3]) {
  test(`saved contacts: within 5 s also when half of them are dead, seed ${seed}`, async (t) => {
    const sim = new Simulation(t, { seed, loss: 0.01 })
    const saved = await orphanedNetwork(sim)
    const dead = new Set(saved.contacts.filter((_, i) => i % 2 === 0).map(({ host }) => host))
    for (const host of dead) sim.block(host)
    const startedAt = sim.clock.now()
    const node = sim.create({ ephemeral: false, contacts: saved })
    await sim.run(node.ready(), 5000)
    t.comment(`joined after ${sim.clock.now() - startedAt} ms, knows ${node.table.size}`)
    t.absent(node.ephemeral)
    t.ok(node.table.size >= 15)
    for (const { host } of node.nodes) if (dead.has(host)) t.fail(`${host} is dead, and a contact`)
  })
}

test('saved contacts: names of bootstrap nodes that nobody resolves hold nothing up', async (t) => {
  const sim = new Simulation(t)
  const saved = await orphanedNetwork(sim)
  const transport: Transport = Object.assign({}, sim.network.transport(sim.nextHost()), {
    lookup: () => new Promise<string>(() => {}),
  })
  const node = sim.create({ ephemeral: false, contacts: saved, bootstrap: ['gone.test:1'], transport })
  await sim.run(node.ready(), 5000)
  t.ok(node.table.size >= 20)
})

test('saved contacts: a query before the node has joined starts from them', async (t) => {
  const sim = new Simulation(t)
  const saved = await orphanedNetwork(sim)
  const node = sim.create({ ephemeral: true, contacts: saved, bootstrap: [] })
  const query = node.findNode(new Uint8Array(32))
  await sim.run(query.finished(), 5000)
  t.is(query.closestNodes.length, 20)
})

test('saved contacts: of another network, or all dead, they cost a join some seconds and no more', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(30)
  const node = sim.create({ ephemeral: false, contacts: places(100) })
  await sim.run(node.ready(), 20_000)
  t.ok(node.table.size >= 20, 'through the bootstrapper')
  t.ok([...node.nodes].every(({ host }) => !host.startsWith('20.1.')))
  const alone = sim.create({ ephemeral: false, contacts: places(100, 200), bootstrap: [] })
  await sim.run(alone.ready(), 20_000)
  t.is(alone.table.size, 0)
})
