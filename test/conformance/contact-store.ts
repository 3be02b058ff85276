/**
 * What every contact store has to do, as tests that run on any of them. The test of a store calls
 * {@link testContactStore} with a way to open it.
 */
import test, { type Assert } from 'brittle'
import { type ContactStore, parseContacts, type SavedContacts } from '../../lib/node/saved-contacts.js'
import { MINUTE, Simulation } from '../helpers/simulation.js'

export interface ContactStoreUnderTest {
  /**
   * Makes a place to save in, empty, which is gone after the test. What is returned opens a store on it, each time
   * another object, as two runs of an application would.
   */
  createPlace(t: Assert): Promise<() => ContactStore>
}

const saved = (count: number, savedAt = 1234): SavedContacts => ({
  version: 1,
  savedAt,
  contacts: Array.from({ length: count }, (_, i) => ({ host: `20.1.2.${i % 256}`, port: 1 + ((i * 257) % 65535) })),
})

/** Runs the conformance suite; `name` starts the titles. */
export function testContactStore(name: string, subject: ContactStoreUnderTest): void {
  test(`${name}: where nothing was saved there is nothing`, async (t) => {
    const open = await subject.createPlace(t)
    t.ok([null, undefined].includes((await open().load()) as null))
  })

  for (const count of [0, 1, 2, 256]) {
    test(`${name}: ${count} contacts come back as they were, also to another run`, async (t) => {
      const open = await subject.createPlace(t)
      const store = open()
      await store.save(saved(count))
      t.alike(await store.load(), saved(count))
      t.alike(await open().load(), saved(count))
      t.is(parseContacts(await open().load(), 'it').length, count, 'and a node takes them')
    })
  }

  test(`${name}: a save takes the place of the one before, also where there were more`, async (t) => {
    const open = await subject.createPlace(t)
    for (const count of [256, 3, 100, 1]) {
      await open().save(saved(count, count))
      t.alike(await open().load(), saved(count, count))
    }
  })

  test(`${name}: once saved it is the store's: changing what was given changes nothing`, async (t) => {
    const open = await subject.createPlace(t)
    const store = open()
    const given = saved(2)
    await store.save(given)
    given.contacts.length = 0
    t.alike(await store.load(), saved(2))
    const loaded = (await store.load()) as SavedContacts
    loaded.contacts.length = 0
    t.alike(await store.load(), saved(2))
  })

  test(`${name}: two places have nothing to do with each other`, async (t) => {
    const one = await subject.createPlace(t)
    const two = await subject.createPlace(t)
    await one().save(saved(1))
    await two().save(saved(2))
    t.alike(await one().load(), saved(1))
    t.alike(await two().load(), saved(2))
  })

  test(`${name}: what a node exports brings the next one back without a bootstrapper`, async (t) => {
    const open = await subject.createPlace(t)
    const sim = new Simulation(t)
    const nodes = await sim.startMany(25)
    await sim.clock.advance(MINUTE)
    await open().save(nodes[7]!.exportContacts())
    sim.block(sim.hostOf(sim.bootstrapper))
    // Loaded beforehand: a store works in real time, which virtual time would not wait for.
    const loaded = await open().load()
    const node = sim.create({ ephemeral: false, contactStore: { load: async () => loaded, save: async () => {} } })
    await sim.run(node.ready())
    t.ok(node.stats.contactStore.loaded >= 20)
    t.ok(node.table.size >= 20)
  })
}
