import test from 'brittle'
import type { Assert } from 'brittle'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { FileContactStore, type SavedContacts } from '../../lib/contact-store/index.js'
import { DHT } from '../../index.js'
import { createTestnet } from '../../lib/testnet/index.js'
import { testContactStore } from '../conformance/contact-store.js'
import { holdsAsync } from '../helpers/properties.js'

const SAVED: SavedContacts = {
  version: 1,
  savedAt: 1234,
  contacts: [
    { host: '20.1.2.3', port: 49737 },
    { host: '20.1.2.4', port: 1 },
  ],
}

async function createFolder(t: Assert): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'xorpc-contacts-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function createStore(t: Assert): Promise<FileContactStore> {
  return new FileContactStore(join(await createFolder(t), 'contacts.json'))
}

/** The message an operation rejects with; null when it does not. */
async function rejection(work: Promise<unknown>): Promise<string | null> {
  return work.then(
    () => null,
    (error: Error) => error.message,
  )
}

testContactStore('file store', {
  async createPlace(t) {
    const path = join(await createFolder(t), 'contacts.json')
    return () => new FileContactStore(path)
  },
})

test('file store: nothing is left beside the file, and nobody else may read it', async (t) => {
  const folder = await createFolder(t)
  const store = new FileContactStore(join(folder, 'contacts.json'))
  await store.save(SAVED)
  t.alike(await readdir(folder), ['contacts.json'])
  if (process.platform !== 'win32') t.is((await stat(store.path)).mode & 0o777, 0o600)
})

test('file store: a file cut off at any byte is refused and counted', async (t) => {
  const store = await createStore(t)
  await store.save(SAVED)
  const text = await readFile(store.path, 'utf8')
  let refused = 0
  // The newline at the end is no part of what counts.
  for (let length = 0; length < text.length - 1; length++) {
    await writeFile(store.path, text.slice(0, length))
    if ((await rejection(store.load())) === `${store.path} is damaged`) refused++
  }
  t.is(refused, text.length - 1)
  t.is(store.refused, refused)
  await store.save(SAVED)
  t.alike(await store.load(), SAVED, 'replaced by the next save')
})

test('file store: a file with any byte changed is refused', async (t) => {
  const store = await createStore(t)
  await store.save(SAVED)
  const bytes = await readFile(store.path)
  const change = fc.tuple(fc.nat({ max: bytes.length - 2 }), fc.integer({ min: 1, max: 255 }))
  const property = fc.asyncProperty(change, async ([at, by]) => {
    const changed = Uint8Array.from(bytes)
    changed[at]! ^= by
    await writeFile(store.path, changed)
    const what = await rejection(store.load())
    if (what !== `${store.path} is damaged`) throw new Error(`byte ${at} changed by ${by}: ${what}`)
  })
  await holdsAsync(t, property, { numRuns: 200 })
  t.is(store.refused, 200)
})

test('file store: files of others are refused, however long', async (t) => {
  const store = await createStore(t)
  for (const text of ['', 'null', '[]', '{}', '42', '{"saved":1}', ' '.repeat(70_000), `"${'x'.repeat(10_000_000)}"`]) {
    await writeFile(store.path, text)
    t.is(await rejection(store.load()), `${store.path} is damaged`, text.slice(0, 20))
  }
})

test('file store: a folder that is not there, or read-only, rejects, and what was saved stays', async (t) => {
  const folder = await createFolder(t)
  const nowhere = new FileContactStore(join(folder, 'missing', 'contacts.json'))
  t.is(await nowhere.load(), null)
  t.ok((await rejection(nowhere.save(SAVED)))?.includes('ENOENT'))
  const store = new FileContactStore(join(folder, 'contacts.json'))
  await store.save(SAVED)
  // A folder in the place of the temporary file: what root may not do either.
  await mkdir(`${store.path}.tmp`)
  t.ok(/EISDIR|EPERM|EACCES/.test((await rejection(store.save({ ...SAVED, savedAt: 9 }))) ?? ''))
  t.alike(await store.load(), SAVED)
  if (process.getuid?.() !== 0 && process.platform !== 'win32') {
    await chmod(folder, 0o500)
    t.ok((await rejection(store.save(SAVED)))?.includes('EACCES'))
    await chmod(folder, 0o700)
  }
})

test('file store: a folder in the place of the file is no damaged file', async (t) => {
  const folder = await createFolder(t)
  const store = new FileContactStore(folder)
  t.ok((await rejection(store.load()))?.includes('EISDIR'))
  t.is(store.refused, 0)
})

test('file store: the path must be one', (t) => {
  for (const path of ['', 5, null, undefined]) {
    try {
      t.fail(new FileContactStore(path as never).path)
    } catch (error) {
      t.ok(error instanceof TypeError)
    }
  }
})

test('file store: a node finds its network again without its bootstrapper, and joins without a damaged file', async (t) => {
  const { nodes, bootstrap } = await createTestnet(21, { host: '127.0.0.1', teardown: t.teardown })
  const store = await createStore(t)
  const start = (): DHT => new DHT({ host: '127.0.0.1', bootstrap, ephemeral: false, contactStore: store })
  const first = start()
  t.teardown(() => first.destroy())
  await first.ready()
  await first.destroy()
  await nodes[0]!.destroy()
  const second = start()
  t.teardown(() => second.destroy())
  await second.ready()
  t.ok(second.stats.contactStore.loaded >= 20)
  t.ok(second.table.size >= 19)
  await second.destroy()
  await writeFile(store.path, (await readFile(store.path, 'utf8')).slice(7))
  const third = start()
  t.teardown(() => third.destroy())
  await third.ready()
  t.is(store.refused, 1)
  t.is(third.stats.contactStore.failures, 1)
  t.is(third.table.size, 0, 'nobody to ask, and no crash')
})
