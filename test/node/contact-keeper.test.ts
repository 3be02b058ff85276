import test from 'brittle'
import type { DHT } from '../../index.js'
import type { ContactStore, DHTError, SavedContacts } from '../../index.js'
import { MINUTE, Simulation } from '../helpers/simulation.js'

/** A store in memory, whose operations can be made to fail, or to hang. */
class MemoryStore implements ContactStore {
  value: unknown = null
  readonly calls: string[] = []
  fail: 'load' | 'save' | null = null
  hang: 'load' | 'save' | null = null
  /** Ends the operation that hangs. */
  release = (): void => {}
  running = 0
  mostRunning = 0

  async load(): Promise<unknown> {
    await this.#run('load')
    return this.value
  }

  async save(contacts: SavedContacts): Promise<void> {
    await this.#run('save')
    this.value = JSON.parse(JSON.stringify(contacts))
  }

  async #run(operation: 'load' | 'save'): Promise<void> {
    this.calls.push(operation)
    this.mostRunning = Math.max(this.mostRunning, ++this.running)
    if (this.hang === operation) await new Promise<void>((resolve) => (this.release = resolve))
    await Promise.resolve()
    this.running--
    if (this.fail === operation) throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' })
  }

  get hosts(): string[] {
    return (this.value as SavedContacts).contacts.map(({ host }) => host)
  }
}

function failuresOf(node: DHT): string[] {
  const failures: string[] = []
  node.on('contact-store-error', (error: DHTError, operation) => failures.push(`${operation} ${error.message}`))
  return failures
}

test('contact store: loaded before the node joins, saved after half a minute, then every 5 minutes', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(10)
  const store = new MemoryStore()
  const node = await sim.start({ ephemeral: false, contactStore: store })
  t.alike(store.calls, ['load'])
  await sim.clock.advance(MINUTE)
  t.alike(store.calls, ['load', 'save'])
  t.ok(store.hosts.length >= 10)
  await sim.clock.advance(10 * MINUTE)
  t.alike(store.calls, ['load', 'save', 'save', 'save'])
  t.alike(node.stats.contactStore, { loaded: 0, saves: 3, failures: 0 })
  await sim.run(node.destroy())
  t.is(store.calls.length, 5)
  t.is(store.mostRunning, 1)
})

test('contact store: a restarted node joins from it within 5 s while every bootstrap node is down', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(40)
  const store = new MemoryStore()
  const first = await sim.start({ ephemeral: false, contactStore: store })
  await sim.run(first.destroy())
  t.alike(store.calls, ['load', 'save'], 'destroying saves')
  sim.block(sim.hostOf(sim.bootstrapper))
  const half = store.hosts.filter((_, i) => i % 2 === 0)
  for (const host of half) sim.block(host)
  const second = sim.create({ ephemeral: false, contactStore: store })
  await sim.run(second.ready(), 5000)
  t.is(second.stats.contactStore.loaded, half.length + store.hosts.length - half.length)
  t.absent(second.ephemeral)
  t.ok([...second.nodes].every(({ host }) => !half.includes(host)))
})

test('contact store: suspending saves, since a suspended process may be ended without a word', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(5)
  const store = new MemoryStore()
  const node = await sim.start({ contactStore: store })
  await sim.run(node.suspend())
  t.alike(store.calls, ['load', 'save'])
})

test('contact store: an empty table never takes the place of what was saved', async (t) => {
  const sim = new Simulation(t)
  const store = new MemoryStore()
  const saved = { version: 1, savedAt: 1, contacts: [{ host: '20.9.9.9', port: 9 }] }
  store.value = saved
  const node = await sim.start({ bootstrap: [], contactStore: store })
  await sim.clock.advance(10 * MINUTE)
  await sim.run(node.destroy())
  t.alike(store.calls, ['load'])
  t.is(store.value, saved)
})

test('contact store: while the table is poor, what was loaded is saved along', async (t) => {
  const sim = new Simulation(t)
  const [other] = await sim.startMany(1)
  const store = new MemoryStore()
  store.value = { version: 1, savedAt: 1, contacts: [{ host: '20.9.9.9', port: 9 }] }
  const node = await sim.start({ contactStore: store })
  await sim.run(node.destroy())
  t.ok(store.hosts.includes('20.9.9.9'))
  t.ok(store.hosts.includes(sim.hostOf(other!)))
  t.is(store.hosts.at(-1), '20.9.9.9', 'behind those that answered')
})

test('contact store: a read-only disk is told and counted with each save, and the node goes on', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(5)
  const store = new MemoryStore()
  store.fail = 'save'
  const node = await sim.start({ ephemeral: false, contactStore: store })
  const failures = failuresOf(node)
  await sim.clock.advance(6 * MINUTE)
  const told = 'save CONTACT_STORE_FAILED: Contacts could not be saved: EROFS: read-only file system'
  t.alike(failures, [told, told])
  t.alike(node.stats.contactStore, { loaded: 0, saves: 0, failures: 2 })
  store.fail = null
  await sim.clock.advance(5 * MINUTE)
  t.alike(node.stats.contactStore, { loaded: 0, saves: 1, failures: 2 }, 'tried again')
  t.ok(node.online && !node.ephemeral)
  store.fail = 'save'
  await sim.run(node.destroy())
  t.is(failures.length, 3, 'and the node ends')
})

const DAMAGED: [unknown, RegExp][] = [
  ['text', /could not be loaded: what was saved must be/],
  [{ version: 7, contacts: [] }, /must be of version 1, got 7/],
  [{ version: 1, contacts: [{ host: '1.2.3', port: 4 }] }, /must hold/],
  [42, /must be what exportContacts returned/],
]

test('contact store: what is damaged is refused as a whole, told and counted, and replaced', async (t) => {
  for (const [value, message] of DAMAGED) {
    const sim = new Simulation(t)
    await sim.startMany(3)
    const store = new MemoryStore()
    store.value = value
    const node = sim.create({ contactStore: store })
    const failures = failuresOf(node)
    await sim.run(node.ready())
    t.is(failures.length, 1)
    t.ok(failures[0]!.startsWith('load CONTACT_STORE_FAILED') && message.test(failures[0]!), failures[0])
    t.alike(node.stats.contactStore, { loaded: 0, saves: 0, failures: 1 })
    t.ok(node.table.size > 0, 'joined through the bootstrapper')
    await sim.clock.advance(MINUTE)
    t.is((store.value as SavedContacts).version, 1)
  }
})

test('contact store: one that cannot load costs a join nothing', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(3)
  const store = new MemoryStore()
  store.fail = 'load'
  const node = await sim.start({ contactStore: store })
  t.is(node.stats.contactStore.failures, 1)
  t.ok(node.table.size > 0)
})

test('contact store: nobody waits longer than 2 s for one that hangs, and what comes late is of use', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(30)
  const store = new MemoryStore()
  await sim.clock.advance(MINUTE)
  const good = await sim.start({ contactStore: store })
  await sim.run(good.destroy())
  sim.block(sim.hostOf(sim.bootstrapper))
  store.hang = 'load'
  const node = sim.create({ contactStore: store })
  await sim.run(node.ready(), 10_000)
  t.is(node.table.size, 0)
  store.release()
  await sim.clock.advance(10)
  const query = node.findNode(new Uint8Array(32))
  await sim.run(query.finished())
  t.is(query.closestNodes.length, 20)
})

test('contact store: ending waits 5 s for one that hangs, and leaves no timer', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(3)
  const store = new MemoryStore()
  const node = await sim.start({ contactStore: store })
  store.hang = 'save'
  const startedAt = sim.clock.now()
  await sim.run(node.destroy())
  t.is(sim.clock.now() - startedAt, 5000)
  t.ok(node.destroyed)
})

test('contact store: what is destroyed while a save is under way is saved behind it', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(3)
  const store = new MemoryStore()
  const node = await sim.start({ contactStore: store })
  store.hang = 'save'
  await sim.clock.advance(MINUTE)
  t.alike(store.calls, ['load', 'save'])
  await sim.clock.advance(20 * MINUTE)
  t.alike(store.calls, ['load', 'save'], 'one at a time, however long it takes')
  const ended = node.destroy()
  await sim.clock.advance(100)
  store.hang = null
  store.release()
  await sim.run(ended)
  t.alike(store.calls, ['load', 'save', 'save'])
  t.is(store.mostRunning, 1)
})

test('contact store: a node that is destroyed at once neither joins nor fails', async (t) => {
  const sim = new Simulation(t)
  const store = new MemoryStore()
  const node = sim.create({ contactStore: store })
  await sim.run(node.destroy())
  t.absent(store.calls.includes('save'))
})
