/** Many small entries of one owner, on virtual time. */
import test from 'brittle'
import { measureCollection } from '../../bench/records/collections.js'
import { RECORD_COMMAND } from '../../lib/records/codec/commands.js'
import { encodePut } from '../../lib/records/codec/messages.js'
import { encodeRecord, recordTarget } from '../../lib/records/codec/record.js'
import { signRecord } from '../../lib/records/client/key-pair.js'
import type { CollectionRead } from '../../lib/records/index.js'
import { failure, HOUR, startRecords, text, textOf } from './network.js'

const entriesOf = (read: CollectionRead): Record<string, string> =>
  Object.fromEntries(read.entries.map(({ key, value }) => [textOf(key)!, textOf(value)!]))

test('collections: entries are written, changed, deleted and read', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const [a, b] = members.map(({ records }) => records.collections)
  const empty = await sim.run(b!.read(keyPair.publicKey))
  t.alike([empty.entries.length, empty.get(text('x'))], [0, null])
  const update = (entries: [string, string | null][]) =>
    sim.run(
      a!.update({
        keyPair,
        entries: entries.map(([key, value]) => [text(key), value === null ? null : text(value)] as const),
      }),
    )
  const first = await update([
    ['one', '1'],
    ['two', '2'],
    ['', 'empty key'],
  ])
  t.is(first.parts, 1)
  t.ok(first.fewestStored >= 14)
  t.alike(entriesOf(await sim.run(b!.read(keyPair.publicKey))), { '': 'empty key', one: '1', two: '2' })
  t.is((await update([['one', '1']])).parts, 0, 'nothing has changed')
  await update([
    ['one', '3'],
    ['two', null],
  ])
  const read = await sim.run(b!.read(keyPair.publicKey))
  t.alike(entriesOf(read), { '': 'empty key', one: '3' })
  t.alike(
    read.entries.map(({ key }) => textOf(key)),
    ['', 'one'],
    'in the order of the keys',
  )
  const other = await sim.run(b!.read(keyPair.publicKey, { name: text('other') }))
  t.is(other.entries.length, 0)
  await sim.run(a!.delete({ keyPair }))
  t.is((await sim.run(b!.read(keyPair.publicKey))).entries.length, 0)
  await update([['one', 'again']])
  t.alike(entriesOf(await sim.run(b!.read(keyPair.publicKey))), { one: 'again' })
})

test('collections: parts split as they grow, and two writers at a time lose nothing', async (t) => {
  const network = await startRecords(t, { limits: { maxValueBytes: 300 } })
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const [a, b, c] = members.map(({ records }) => records.collections)
  const write = async (collections: typeof a, name: string, count: number): Promise<void> => {
    for (let i = 0; i < count; i += 10) {
      const entries = Array.from({ length: 10 }, (_, j) => [text(`${name} ${i + j}`), text(`value ${i + j}`)] as const)
      await collections!.update({ keyPair, entries, republish: false })
    }
  }
  await sim.run(Promise.all([write(a, 'a', 50), write(b, 'b', 50)]), { limitMs: HOUR })
  const read = await sim.run(c!.read(keyPair.publicKey))
  t.is(read.entries.length, 100)
  for (let i = 0; i < 50; i++) {
    for (const name of ['a', 'b']) t.is(textOf(read.get(text(`${name} ${i}`))), `value ${i}`)
  }
  t.ok(read.records.length > 10)
  t.ok(read.records.every(({ value }) => value!.length <= 300))
})

test('collections: nobody else writes to the key of one', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const [owner, other] = [await network.keyPair(1), await network.keyPair(2)]
  const { records, node } = members[0]!
  await sim.run(records.collections.update({ keyPair: owner, entries: [[text('x'), text('1')]] }))
  const target = recordTarget(owner.publicKey, new Uint8Array(0), '')
  const [holder] = network.closest(target)
  const head = { salt: new Uint8Array(0), channel: '', topic: null, part: Uint8Array.of(0, 0, 0, 2), large: false }
  const said = { seq: 1, round: 0, signedAtMs: Math.floor(sim.clock.wallTime()), ttlMs: HOUR, schema: '' }
  const forged = await signRecord(other, { ...head, ...said, tombstone: false }, text('spam'))
  const { host, port } = sim.addressOf(holder!.node)
  const to = { host, port }
  const { token } = await sim.run(
    node.request({ command: RECORD_COMMAND.GET, target, value: Uint8Array.of(0, 0, 0) }, to),
  )
  const value = encodePut({ kind: 'record', expected: null, kept: null, body: encodeRecord(forged) })
  const reply = await sim.run(node.request({ command: RECORD_COMMAND.PUT, target, token, value }, to))
  t.is(reply.value![0], 34, 'WRONG_TARGET')
  t.is(holder!.records.countOf(target), 1)
})

test('collections: it lives while its writer does, and can be renewed', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const entries = [[text('x'), text('1')]] as const
  const { records } = members[0]!
  await sim.run(records.collections.update({ keyPair, entries, ttlMs: HOUR }))
  t.is(records.stats.republished, 1)
  await sim.advance(5 * HOUR)
  const reader = members[7]!.records.collections
  t.is((await sim.run(reader.read(keyPair.publicKey))).entries.length, 1)
  network.kill(members[0]!)
  const renewed = await sim.run(members[3]!.records.collections.renew({ keyPair, ttlMs: 3 * HOUR }))
  t.is(renewed.parts, 1)
  await sim.advance(2 * HOUR)
  t.is((await sim.run(reader.read(keyPair.publicKey))).entries.length, 1)
  await sim.advance(2 * HOUR)
  t.is((await sim.run(reader.read(keyPair.publicKey))).entries.length, 0)
})

test('collections: bad arguments fail at the call', async (t) => {
  const network = await startRecords(t, {}, { nodes: 2 })
  const { collections } = network.members[0]!.records
  const keyPair = await network.keyPair(1)
  const update = (options: object): void => void collections.update({ keyPair, entries: [], ...options })
  const wrong: [object, new (message: string) => Error][] = [
    [{ keyPair: {} }, TypeError],
    [{ entries: 7 }, TypeError],
    [{ entries: [['x', text('x')]] }, TypeError],
    [{ entries: [[text('x'), 'x']] }, TypeError],
    [{ name: new Uint8Array(65) }, RangeError],
    [{ ttlMs: 0 }, RangeError],
  ]
  for (const [options, Kind] of wrong) {
    try {
      update(options)
      t.fail(JSON.stringify(options))
    } catch (error) {
      t.ok(error instanceof Kind, (error as Error).message)
    }
  }
  const error = await failure(Promise.resolve().then(() => update({ entries: [[text('x'), new Uint8Array(1000)]] })))
  t.alike([error.code, (error.refusal as { reason: string }).reason], ['RECORD_REFUSED', 'VALUE_TOO_LARGE'])
})

test('collections: three round trips for all of it, and a change moves little', async (t) => {
  const figures = await measureCollection({ seed: 1, nodes: 30, entries: 300 })
  t.alike([figures.read, figures.isChanged], [300, true])
  t.ok(figures.rounds <= 3.01, `${figures.rounds} round trips`)
  t.ok(figures.changingBytesOfHolder < 4096, `${figures.changingBytesOfHolder} bytes to and from a holder`)
  const { sentBytes, receivedBytes } = figures.afterChange
  t.ok(sentBytes + receivedBytes < 4096, `${sentBytes + receivedBytes} bytes of a reader`)
})
