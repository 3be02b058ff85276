/** The engine on a disk, and what is special about it. */
import test, { type Assert } from 'brittle'
import { ClassicLevel } from 'classic-level'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '../../../lib/primitives/virtual-clock.js'
import { LevelStore } from '../../../lib/records/store/level-store.js'
import { testRecordStore } from '../../conformance/record-store.js'
import { entryOf } from '../entries.js'

async function createFolder(t: Assert): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'xorpc-records-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

testRecordStore('level store on classic-level', async (t) => {
  const folder = await createFolder(t)
  return { create: () => new LevelStore(new ClassicLevel(folder)), isDurable: true }
})

testRecordStore('level store on a sublevel', async (t) => {
  const database = new ClassicLevel(await createFolder(t))
  t.teardown(() => database.close(), { order: -1 })
  return { create: () => new LevelStore(database.sublevel('records')), isDurable: true }
})

/** A database that tells which of its writes were flushed. */
class Watched extends ClassicLevel<Uint8Array, Uint8Array> {
  readonly flushes: boolean[] = []
  refuses = false

  constructor(folder: string) {
    super(folder, { keyEncoding: 'view', valueEncoding: 'view' })
    const put = this.put.bind(this) as (...args: unknown[]) => Promise<void>
    const batch = this.batch.bind(this) as unknown as (...args: unknown[]) => Promise<void>
    this.put = (...args: unknown[]) => this.#note(args, put)
    this.batch = ((...args: unknown[]) => this.#note(args, batch)) as never
  }

  async #note(args: unknown[], write: (...args: unknown[]) => Promise<void>): Promise<void> {
    const { sync = false } = args.at(-1) as { sync?: boolean }
    this.flushes.push(sync)
    if (sync && this.refuses) throw new Error('EIO')
    await write(...args)
  }
}

test('level store: what is acknowledged is flushed within the interval, many writes at once', async (t) => {
  const clock = new VirtualClock()
  const database = new Watched(await createFolder(t))
  const store = new LevelStore(database, { clock, syncIntervalMs: 1000 })
  t.teardown(() => store.close())
  await store.open()
  for (let n = 0; n < 5; n++) await store.put(entryOf(n))
  t.alike(database.flushes, [false, false, false, false, false])
  await clock.advance(999)
  t.is(database.flushes.length, 5)
  await clock.advance(1)
  t.alike(database.flushes.slice(5), [true], 'one flush for all of them')
  await clock.advance(10_000)
  t.is(database.flushes.length, 6, 'and none while nothing is written')
  await store.put(entryOf(9))
  await store.close()
  t.is(database.flushes.at(-1), true, 'closing flushes')
})

test('level store: with an interval of 0 each write is flushed before it is acknowledged', async (t) => {
  const database = new Watched(await createFolder(t))
  const store = new LevelStore(database, { syncIntervalMs: 0 })
  t.teardown(() => store.close())
  await store.open()
  await store.put(entryOf(1))
  await store.delete(entryOf(1))
  t.alike(database.flushes, [true, true])
})

test('level store: after a flush that failed, no write is acknowledged unless it was flushed', async (t) => {
  const clock = new VirtualClock()
  const database = new Watched(await createFolder(t))
  const store = new LevelStore(database, { clock, syncIntervalMs: 1000 })
  t.teardown(() => store.close())
  await store.open()
  await store.put(entryOf(1))
  database.refuses = true
  await clock.advance(1000)
  t.is(store.failedSyncs, 1)
  await t.exception(store.put(entryOf(2)), /STORE_FAILED/)
  t.is(store.usage().entries, 1, 'and it does not count')
  database.refuses = false
  await store.put(entryOf(2))
  t.is(database.flushes.at(-1), true)
  await store.put(entryOf(3))
  t.is(database.flushes.at(-1), false, 'then it is as before')
})

test('level store: a row that is no entry is passed over and counted', async (t) => {
  const folder = await createFolder(t)
  const store = new LevelStore(new ClassicLevel(folder))
  await store.open()
  await store.put(entryOf(1))
  await store.put(entryOf(2))
  await store.close()
  const database = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' })
  const [key] = await database.keys({ gte: Uint8Array.of(0x65), lt: Uint8Array.of(0x66), limit: 1 }).all()
  await database.put(key!, Uint8Array.of(1, 2, 3))
  await database.close()
  const damaged = new LevelStore(new ClassicLevel(folder))
  t.teardown(() => damaged.close())
  await damaged.open()
  t.is(await damaged.get(entryOf(1)), null)
  const seen = []
  for await (const { seq } of damaged.entries()) seen.push(seq)
  t.alike(seen, [2])
  t.is(damaged.damaged, 2)
})

test('level store: what is no database, and no interval, is refused at the call', async (t) => {
  await t.exception.all(() => new LevelStore(null as never), /abstract-level/)
  await t.exception.all(() => new LevelStore({} as never), /abstract-level/)
  await t.exception.all(() => new LevelStore({ batch() {} } as never, { syncIntervalMs: -1 }), /syncIntervalMs/)
})

test('level store: an engine that cannot be opened fails with STORE_FAILED and the cause', async (t) => {
  const store = new LevelStore(new ClassicLevel('/dev/null/nowhere'))
  const error = await store.open().then(
    () => null,
    (reason: Error & { code?: string }) => reason,
  )
  t.is(error?.code, 'STORE_FAILED')
  t.ok(error?.cause instanceof Error)
})
