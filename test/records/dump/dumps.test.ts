/** Dumps as a user of the module has them: by one option, in the health, told by events, ended with the module. */
import test, { type Assert } from 'brittle'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DHT } from '../../../index.js'
import { VirtualClock } from '../../../lib/primitives/virtual-clock.js'
import { MemoryStore, Records, type RecordsOptions, type RestoreReport } from '../../../lib/records/index.js'
import { freePort } from '../../helpers/nodes.js'
import { until } from '../../helpers/until.js'

const MINUTE = 60_000
const HOST = '127.0.0.1'
const text = (value: string): Uint8Array => Buffer.from(value)

async function createFolder(t: Assert): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'xorpc-dumps-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }), { order: 2 })
  return folder
}

/** A network of one node, whose records live on a clock of their own. */
async function start(t: Assert, clock: VirtualClock, options: RecordsOptions): Promise<Records> {
  const node = DHT.bootstrapper(await freePort(), HOST, { host: HOST })
  await node.fullyBootstrapped()
  const records = new Records(node, { clock, ...options })
  t.teardown(async () => {
    await records.close()
    await node.destroy()
  })
  return records
}

const restored = (records: Records): Promise<RestoreReport> =>
  new Promise((resolve) => records.once('restore', resolve))

test('dumps: a channel with the option outlives the process, one without does not', async (t) => {
  const path = join(await createFolder(t), 'notes.dump')
  const clock = new VirtualClock()
  const options = { dumps: [{ path, channel: 'notes', intervalMs: 5 * MINUTE }] }
  const keyPair = await Records.keyPair(new Uint8Array(32).fill(1))
  const first = await start(t, clock, options)
  t.is((await restored(first)).path, null, 'there is none yet')
  const { publicKey } = keyPair
  for (const channel of ['notes', '']) await first.put({ keyPair, channel, value: text('kept'), republish: false })
  t.alike([first.stats.channels.notes!.usage.entries, first.stats.channels['']!.usage.entries], [1, 1])
  await first.close()

  const second = await start(t, clock, options)
  const report = await restored(second)
  t.alike([report.path, report.restored, report.skipped], [path, 1, {}])
  t.is((await second.get(publicKey, { channel: 'notes' })).state, 'found')
  t.is((await second.get(publicKey)).state, 'none')
  t.is(second.stats.channels.notes!.admitted.stored, 1)
  t.is(second.stats.channels['']!.admitted.stored, 0)
})

test('dumps: the health says how old they are, and an event when they stop succeeding', async (t) => {
  const folder = join(await createFolder(t), 'disk')
  await mkdir(folder)
  const clock = new VirtualClock()
  const records = await start(t, clock, {
    dumps: [{ path: join(folder, 'dump'), channel: 'notes', intervalMs: MINUTE }],
  })
  const events: string[] = []
  records.on('dump', (report, dump) => events.push(`dump of ${report.entries} in ${dump.channel}`))
  records.on('dump-error', (error) => events.push(error.code))
  records.on('dump-stale', ({ channel }) => events.push(`stale: ${channel}`))
  await restored(records)
  t.alike([records.health.isHealthy, records.health.dumps[0]!.ageMs], [true, null])

  await clock.advance(MINUTE)
  await until(() => events.length === 1, 'a dump is written')
  await clock.advance(30_000)
  const [healthy] = records.health.dumps
  t.alike([healthy!.channel, healthy!.ageMs, healthy!.isStale], ['notes', 30_000, false])

  await rm(folder, { recursive: true })
  for (let failures = 1; failures <= 3; failures++) {
    await clock.advance(MINUTE)
    await until(() => records.health.dumps[0]!.failures === failures, 'a dump fails')
  }
  await clock.advance(MINUTE)
  await until(() => records.health.dumps[0]!.failures === 4, 'one more fails')
  t.alike(
    events.filter((name) => name !== 'DUMP_FAILED'),
    ['dump of 0 in notes', 'stale: notes'],
    'told once',
  )
  t.absent(records.health.isHealthy)

  await mkdir(folder)
  await clock.advance(MINUTE)
  await until(() => records.health.dumps[0]!.failures === 0, 'a dump is written again')
  t.ok(records.health.isHealthy)
})

test('dumps: what is there is not replaced before it was read', async (t) => {
  const path = join(await createFolder(t), 'dump')
  const clock = new VirtualClock()
  const keyPair = await Records.keyPair(new Uint8Array(32).fill(1))
  const first = await start(t, clock, { dumps: [{ path }] })
  await restored(first)
  await first.put({ keyPair, value: text('kept'), republish: false })
  await first.close()
  const before = await readFile(path)

  const failing = await start(t, clock, { dumps: [{ path, intervalMs: MINUTE }], store: new FailingStore() })
  failing.on('store-error', () => {})
  await until(() => failing.health.dumps[0]!.failures === 1, 'reading it fails')
  await clock.advance(MINUTE)
  await until(() => failing.health.dumps[0]!.failures === 2, 'and is tried again')
  await failing.close()
  t.alike(await readFile(path), before)
})

test('dumps: those that are asked for show in the health, and end with the module', async (t) => {
  const folder = await createFolder(t)
  const clock = new VirtualClock()
  const records = await start(t, clock, {})
  const dump = records.dump({ path: join(folder, 'a'), channel: 'a' })
  await t.exception.all(() => records.dump({ path: join(folder, 'a'), channel: 'b' }), /another dump/)
  const other = records.dump({ path: join(folder, 'b') })
  t.is(records.health.dumps.length, 2)
  await other.close()
  t.is(records.health.dumps.length, 1, 'one that was closed is not told of')
  dump.start()
  await records.close()
  t.is(dump.health.dumps, 1, 'a last one')
  await t.exception.all(() => records.dump({ path: join(folder, 'c') }), /RECORDS_CLOSED/)
})

test('dumps: what makes no sense is refused at once', async (t) => {
  const clock = new VirtualClock()
  const wrong: RecordsOptions[] = [
    { dumps: {} as never },
    { dumps: [{ path: '' }] },
    { dumps: [{ path: 'a' }, { path: 'a', channel: 'b' }] },
    { dumps: [{ path: 'a' }], serve: false },
  ]
  const node = new DHT({ host: HOST, bootstrap: [] })
  t.teardown(() => node.destroy())
  for (const options of wrong) await t.exception.all(() => new Records(node, { clock, ...options }), /dumps|path/)
})

/** An engine that cannot be opened. */
class FailingStore extends MemoryStore {
  override open(): Promise<void> {
    return Promise.reject(new Error('the disk is gone'))
  }
}
