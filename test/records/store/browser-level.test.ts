/** The engine of pages: browser-level, on IndexedDB itself in a browser, on a copy of it in Node.js. */
import test, { type Assert } from 'brittle'
import { BrowserLevel } from 'browser-level'
import { LevelStore } from '../../../lib/records/store/level-store.js'
import { testRecordStore } from '../../conformance/record-store.js'
import { entryOf } from '../entries.js'

if (!('indexedDB' in globalThis)) await import('fake-indexeddb/auto')

/** What is used of IndexedDB here. */
interface Databases {
  deleteDatabase(name: string): { addEventListener(event: string, listener: () => void): void }
}

const { indexedDB } = globalThis as unknown as { indexedDB: Databases }

let places = 0

/** The name of a database that is gone after the test. */
function nameOf(t: Assert): string {
  const name = `records ${++places} of ${Math.random()}`
  t.teardown(
    () =>
      new Promise<void>((resolve) => {
        const request = indexedDB.deleteDatabase(`level-js-${name}`)
        for (const event of ['success', 'blocked', 'error']) request.addEventListener(event, resolve)
      }),
  )
  return name
}

testRecordStore('level store on browser-level', (t) => {
  const name = nameOf(t)
  return { create: () => new LevelStore(new BrowserLevel(name)), isDurable: true }
})

test('level store on browser-level: the next page finds what this one has kept, and what it has not', async (t) => {
  const name = nameOf(t)
  const first = new LevelStore(new BrowserLevel(name))
  await first.open()
  for (let n = 0; n < 50; n++) await first.put(entryOf(n))
  await first.delete(entryOf(7))
  await first.close()
  const next = new LevelStore(new BrowserLevel(name))
  t.teardown(() => next.close())
  await next.open()
  t.is(next.usage().entries, 49)
  t.is(await next.get(entryOf(7)), null)
  t.alike((await next.get(entryOf(8)))?.seq, entryOf(8).seq)
})
