/** Dumps of a channel on a disk: written, restored, damaged, late. */
import test, { type Assert } from 'brittle'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '../../../lib/primitives/virtual-clock.js'
import { ChannelDump, type ChannelDumpOptions, type DumpSource } from '../../../lib/records/dump/channel-dump.js'
import type { Entry } from '../../../lib/records/entry.js'
import { MemoryStore } from '../../../lib/records/store/memory-store.js'
import { entryOf } from '../entries.js'

const MINUTE = 60_000

async function createFolder(t: Assert): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'xorpc-dump-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A store that takes what it is given, but for entries of a seq that is refused. */
class Source implements DumpSource {
  readonly store = new MemoryStore()
  readonly refusals = new Map<number, string>()

  entries(channel: string): AsyncIterable<Entry> {
    return this.store.entries(channel)
  }

  async restore(entry: Entry): Promise<string> {
    const reason = this.refusals.get(entry.seq)
    if (reason !== undefined) return reason
    await this.store.put(entry)
    return 'stored'
  }

  async fill(from: number, to: number): Promise<void> {
    for (let n = from; n < to; n++) await this.store.put(entryOf(n))
  }

  async seqs(): Promise<number[]> {
    const seqs: number[] = []
    for await (const { seq } of this.store.entries()) seqs.push(seq)
    return seqs.sort((a, b) => a - b)
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

async function createDump(
  t: Assert,
  { source = new Source(), ...options }: Partial<ChannelDumpOptions> & { source?: Source } = {},
): Promise<{ dump: ChannelDump; source: Source; path: string }> {
  const path = options.path ?? join(await createFolder(t), 'notes.dump')
  const dump = new ChannelDump(source, { ...options, path })
  t.teardown(() => dump.close().catch(() => {}))
  return { dump, source, path }
}

const damage = async (path: string, change: (bytes: Buffer) => Buffer): Promise<void> =>
  writeFile(path, change(await readFile(path)))

test('channel dump: what was dumped is restored by the next run', async (t) => {
  const { dump, source, path } = await createDump(t)
  await source.fill(0, 500)
  const report = await dump.dump()
  t.is(report.entries, 500)
  t.is(report.sizeBytes, (await readFile(path)).length)
  const next = await createDump(t, { path })
  const restored = await next.dump.restore()
  t.is(restored.restored, 500)
  t.alike(restored.skipped, {})
  t.is(restored.path, path)
  t.is(restored.createdAtMs, report.createdAtMs)
  t.alike(await next.source.seqs(), range(0, 500))
})

test('channel dump: where there is none, nothing is restored', async (t) => {
  const { dump } = await createDump(t)
  t.alike(await dump.restore(), { path: null, createdAtMs: null, refusedFiles: [], restored: 0, skipped: {} })
  t.is(dump.health.ageMs, null)
})

for (const [what, change] of [
  ['cut off', (bytes) => bytes.subarray(0, bytes.length - 7)],
  ['cut to nothing', () => Buffer.alloc(0)],
  ['changed in one bit', (bytes) => (bytes.writeUInt8(bytes[bytes.length >> 1]! ^ 4, bytes.length >> 1), bytes)],
  ['another file', () => Buffer.from('{"not": "a dump"}')],
] as [string, (bytes: Buffer) => Buffer][]) {
  test(`channel dump: one that is ${what} is refused as a whole, and the one before it is restored`, async (t) => {
    const { dump, source, path } = await createDump(t)
    await source.fill(0, 100)
    await dump.dump()
    await source.fill(100, 200)
    await dump.dump()
    await damage(path, change)
    const next = await createDump(t, { path })
    const restored = await next.dump.restore()
    t.is(restored.path, `${path}.previous`)
    t.alike(
      restored.refusedFiles.map((file) => file.path),
      [path],
    )
    t.ok(restored.refusedFiles[0]!.reason.length > 0)
    t.alike(await next.source.seqs(), range(0, 100), 'nothing of the damaged one')
  })
}

test('channel dump: when both are damaged nothing is restored, and both are named', async (t) => {
  const { dump, source, path } = await createDump(t)
  await source.fill(0, 10)
  await dump.dump()
  await dump.dump()
  for (const file of [path, `${path}.previous`]) await damage(file, (bytes) => bytes.subarray(1))
  const next = await createDump(t, { path })
  const restored = await next.dump.restore()
  t.is(restored.path, null)
  t.is(restored.refusedFiles.length, 2)
  t.alike(await next.source.seqs(), [])
})

test('channel dump: between the two renames the one before is there', async (t) => {
  const { dump, source, path } = await createDump(t)
  await source.fill(0, 10)
  await dump.dump()
  // As a process leaves it that is killed then: the newest is not there yet, and its temporary file may be of any length.
  await writeFile(`${path}.previous`, await readFile(path))
  await writeFile(`${path}.tmp`, (await readFile(path)).subarray(0, 50))
  await rm(path)
  const next = await createDump(t, { path })
  t.is((await next.dump.restore()).restored, 10)
  await next.dump.dump()
  t.alike((await readdir(join(path, '..'))).sort(), ['notes.dump', 'notes.dump.previous'])
})

test('channel dump: a dump of another channel is refused', async (t) => {
  const { dump, source, path } = await createDump(t)
  await source.fill(0, 3)
  await dump.dump()
  const other = await createDump(t, { path, channel: 'other' })
  const restored = await other.dump.restore()
  t.is(restored.restored, 0)
  t.ok(/channel/.test(restored.refusedFiles[0]!.reason))
})

test('channel dump: entries that are no longer valid are skipped one by one and counted by reason', async (t) => {
  const { dump, source, path } = await createDump(t)
  await source.fill(0, 10)
  await dump.dump()
  const other = new Source()
  for (const [seq, reason] of [
    [1, 'EXPIRED'],
    [4, 'BAD_SIGNATURE'],
    [5, 'EXPIRED'],
  ] as [number, string][]) {
    other.refusals.set(seq, reason)
  }
  const next = await createDump(t, { path, source: other })
  const restored = await next.dump.restore()
  t.is(restored.restored, 7)
  t.alike(restored.skipped, { EXPIRED: 2, BAD_SIGNATURE: 1 })
  t.alike(await other.seqs(), [0, 2, 3, 6, 7, 8, 9])
})

test('channel dump: in the background it is written each interval, and once more at the end', async (t) => {
  const clock = new VirtualClock()
  const { dump, source, path } = await createDump(t, { clock, intervalMs: MINUTE })
  const written: number[] = []
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      dump.once('dump', ({ entries }) => {
        written.push(entries)
        resolve()
      })
    })
  dump.start()
  dump.start()
  for (const count of [3, 5]) {
    await source.fill(0, count)
    const done = next()
    await clock.advance(MINUTE)
    await done
  }
  await source.fill(0, 8)
  const last = next()
  await dump.close()
  await last
  await dump.close()
  t.alike(written, [3, 5, 8])
  t.is((await (await createDump(t, { path })).dump.restore()).restored, 8)
  await t.exception(dump.dump(), /RECORDS_CLOSED/)
  await t.exception(() => dump.start(), /RECORDS_CLOSED/)
})

test('channel dump: one that fails is told, leaves the others as they were, and after three intervals they are stale', async (t) => {
  const clock = new VirtualClock()
  const folder = await createFolder(t)
  const path = join(folder, 'notes.dump')
  const { dump, source } = await createDump(t, { clock, path, intervalMs: MINUTE })
  await source.fill(0, 5)
  await dump.dump()
  const before = await readFile(path)
  await mkdir(`${path}.tmp`) // in the way of the temporary file, whoever the user is
  const errors: string[] = []
  const stale: number[] = []
  dump.on('dump-error', (error) => void errors.push(error.code))
  dump.on('dump-stale', ({ failures }) => void stale.push(failures))
  dump.start()
  for (let i = 0; i < 5; i++) {
    const failed = new Promise((resolve) => void dump.once('dump-error', resolve))
    await clock.advance(MINUTE)
    await failed
  }
  t.alike(
    errors,
    Array.from({ length: 5 }, () => 'DUMP_FAILED'),
  )
  t.is(stale.length, 1, 'told once')
  t.ok(dump.health.isStale)
  t.is(dump.health.failures, 5)
  t.is(dump.health.ageMs, 5 * MINUTE)
  t.is(dump.health.lastError?.code, 'DUMP_FAILED')
  t.ok(dump.health.lastError?.cause instanceof Error)
  t.ok(before.equals(await readFile(path)))
  await rm(`${path}.tmp`, { recursive: true })
  await dump.dump()
  t.is(dump.health.isStale, false)
  t.is(dump.health.failures, 0)
  t.is(dump.health.ageMs, 0)
  t.is(dump.health.lastError, null)
})

test('channel dump: an aborted one rejects with the reason and leaves no file', async (t) => {
  const { dump, source, path } = await createDump(t)
  await source.fill(0, 100)
  const controller = new AbortController()
  controller.abort(new Error('never mind'))
  await t.exception(dump.dump({ signal: controller.signal }), /never mind/)
  t.alike(await readdir(join(path, '..')), [])
  t.is(dump.health.failures, 0, 'that is no failure')
  t.is((await dump.dump()).entries, 100)
})

test('channel dump: two at a time are written one after the other', async (t) => {
  const { dump, source } = await createDump(t)
  await source.fill(0, 2000)
  const reports = await Promise.all([dump.dump(), dump.dump(), dump.dump()])
  t.alike(
    reports.map(({ entries }) => entries),
    [2000, 2000, 2000],
  )
  t.is(dump.health.dumps, 3)
})

test('channel dump: options that make no sense are refused at the call', async (t) => {
  const source = new Source()
  for (const [options, text] of [
    [{ path: '' }, /path/],
    [{ path: 7 }, /path/],
    [{ path: 'x', channel: 7 }, /channel/],
    [{ path: 'x', intervalMs: 0 }, /intervalMs/],
    [{ path: 'x', intervalMs: NaN }, /intervalMs/],
  ] as [never, RegExp][]) {
    await t.exception.all(() => new ChannelDump(source, options), text)
  }
})
