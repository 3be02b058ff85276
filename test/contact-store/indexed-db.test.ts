/** The store of pages and Workers: on IndexedDB itself in a browser, on a copy of it in Node.js. */
import test, { type Assert } from 'brittle'
import { IndexedDBContactStore } from '../../lib/contact-store/indexed-db.js'
import type { SavedContacts } from '../../lib/node/saved-contacts.js'
import { testContactStore } from '../conformance/contact-store.js'

interface Databases {
  open(name: string, version: number): OpenRequest
  deleteDatabase(name: string): OpenRequest
}

interface OpenRequest {
  result: { close(): void; createObjectStore(name: string): unknown }
  addEventListener(event: string, listener: () => void): void
}

if (!('indexedDB' in globalThis)) await import('fake-indexeddb/auto')
const { indexedDB } = globalThis as unknown as { indexedDB: Databases }

const SAVED: SavedContacts = { version: 1, savedAt: 1234, contacts: [{ host: '20.1.2.3', port: 49737 }] }

let places = 0

/** The name of a database that is gone after the test. */
function nameOf(t: Assert): string {
  const name = `contacts ${++places} of ${Math.random()}`
  t.teardown(() => deleteDatabase(name))
  return name
}

/** How it went: 'blocked' while somebody has it open. */
async function deleteDatabase(name: string): Promise<string> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name)
    request.addEventListener('success', () => resolve('deleted'))
    request.addEventListener('blocked', () => resolve('blocked'))
    request.addEventListener('error', () => resolve('failed'))
  })
}

testContactStore('IndexedDB store', {
  async createPlace(t) {
    const name = nameOf(t)
    return () => new IndexedDBContactStore(name)
  },
})

test('IndexedDB store: no connection is left open, nor after a failure', async (t) => {
  const name = nameOf(t)
  const store = new IndexedDBContactStore(name)
  await store.save(SAVED)
  await store.load()
  const uncloneable = { ...SAVED, contacts: [() => {}] } as unknown as SavedContacts
  await t.exception(store.save(uncloneable), /clone/i)
  t.alike(await store.load(), SAVED, 'the failed one changed nothing')
  t.is(await deleteDatabase(name), 'deleted')
  t.is(await store.load(), null)
})

test('IndexedDB store: a database of a later version is an error, and stays as it is', async (t) => {
  const name = nameOf(t)
  await new Promise<void>((resolve) => {
    const request = indexedDB.open(name, 2)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore('other'))
    request.addEventListener('success', () => {
      request.result.close()
      resolve()
    })
  })
  const store = new IndexedDBContactStore(name)
  await t.exception(store.load(), { name: 'VersionError' })
  await t.exception(store.save(SAVED), { name: 'VersionError' })
})

test('IndexedDB store: saves at the same time leave one of them, whole', async (t) => {
  const name = nameOf(t)
  const saves = Array.from({ length: 20 }, (_, i) => ({ ...SAVED, savedAt: i }))
  await Promise.all(saves.map(async (saved) => new IndexedDBContactStore(name).save(saved)))
  const { savedAt } = (await new IndexedDBContactStore(name).load()) as SavedContacts
  t.ok(savedAt >= 0 && savedAt < 20)
})

test('IndexedDB store: a name is a text, with a default', async (t) => {
  t.is(new IndexedDBContactStore().name, 'xorpc-contacts')
  for (const name of ['', 7, null]) {
    await t.exception.all(() => new IndexedDBContactStore(name as string), TypeError)
  }
})
