/** Reading and writing, on virtual time. */
import test from 'brittle'
import { failure, HOUR, startRecords, text, textOf } from './network.js'

test('records: a write resolves at a quorum, and says who stored it', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const put = await sim.run(members[0]!.records.put({ keyPair, value: text('one'), schema: 'text' }))
  t.alike([put.seq, put.needed, put.asked, put.refused.length], [1, 10, 20, 0])
  t.ok(put.stored.length >= 10)
  t.is(put.pending, put.asked - put.stored.length - put.timedOut.length)
  const settled = await sim.run(put.settled)
  t.is(settled.stored.length, 20)
  const read = await sim.run(members[9]!.records.get(keyPair.publicKey))
  t.alike([read.state, textOf(read.value), read.seq, read.schema], ['found', 'one', 1, 'text'])
  t.is(read.freshness.agreeing.length, 20)
  t.is(read.expiresAtMs, put.expiresAtMs)
  const first = await sim.run(members[5]!.records.get(keyPair.publicKey, { first: true }))
  t.alike([first.freshness.basis, textOf(first.value)], ['first', 'one'])
})

test('records: one key per owner and salt, and per channel', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const [one, two] = [await network.keyPair(1), await network.keyPair(2)]
  const names = [
    {},
    { salt: text('a') },
    { salt: text('b') },
    { channel: 'chat' },
    { topic: new Uint8Array(32).fill(3) },
  ]
  const { records } = members[2]!
  for (const keyPair of [one, two]) {
    for (const [i, name] of names.entries()) {
      await sim.run(records.put({ keyPair, ...name, value: text(`${keyPair === one ? 'one' : 'two'} ${i}`) }))
    }
  }
  for (const [keyPair, who] of [
    [one, 'one'],
    [two, 'two'],
  ] as const) {
    for (const [i, name] of names.entries()) {
      const { value } = await sim.run(members[7]!.records.get(keyPair.publicKey, name))
      t.is(textOf(value), `${who} ${i}`)
    }
  }
  t.is((await sim.run(members[7]!.records.get(one.publicKey, { salt: text('c') }))).state, 'none')
})

test('records: the newest version wins, and compare-and-swap is refused when it is too late', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const [a, b, c] = members.map(({ records }) => records)
  await sim.run(a!.put({ keyPair, value: text('1') }))
  t.is((await sim.run(b!.put({ keyPair, value: text('2') }))).seq, 2)
  t.is((await sim.run(b!.put({ keyPair, value: text('5'), seq: 5 }))).seq, 5)
  t.is((await failure(sim.run(a!.put({ keyPair, value: text('4'), seq: 4 })))).code, 'WRITE_CONFLICT')
  t.is((await failure(sim.run(a!.put({ keyPair, value: text('not 5'), seq: 5 })))).code, 'WRITE_CONFLICT')
  t.is((await failure(sim.run(a!.put({ keyPair, value: text('6'), ifSeq: 2 })))).code, 'WRITE_CONFLICT')
  t.is((await failure(sim.run(a!.put({ keyPair, value: text('6'), ifSeq: null })))).code, 'WRITE_CONFLICT')
  t.is((await sim.run(a!.put({ keyPair, value: text('6'), ifSeq: 5 }))).seq, 6)
  t.is(textOf((await sim.run(c!.get(keyPair.publicKey))).value), '6')
})

test('records: deleted is deleted, and can be written anew', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const [a, b] = members.map(({ records }) => records)
  const put = await sim.run(a!.put({ keyPair, value: text('1'), ttlMs: HOUR }))
  const deletion = await sim.run(a!.delete({ keyPair }))
  t.ok(deletion.expiresAtMs > put.expiresAtMs, 'the tombstone outlives what it deletes')
  const read = await sim.run(b!.get(keyPair.publicKey))
  t.alike([read.state, read.value, read.seq], ['deleted', null, 2])
  t.is((await sim.run(b!.put({ keyPair, value: text('3'), ifSeq: null }))).seq, 3)
  t.is(textOf((await sim.run(a!.get(keyPair.publicKey))).value), '3')
})

test('records: limits are refused with a reason, the limit and the size', async (t) => {
  const network = await startRecords(t, { limits: { maxRecordsPerOwner: 2, maxValueBytes: 100 } })
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const { records } = members[0]!
  const tooLarge = await failure(Promise.resolve().then(() => records.put({ keyPair, value: new Uint8Array(101) })))
  t.alike([tooLarge.code, tooLarge.refusal], ['RECORD_REFUSED', { reason: 'VALUE_TOO_LARGE', limit: 100, size: 101 }])
  // All 24 nodes hold at most two of an owner: no key finds ten that have room for a third for long.
  const outcomes: unknown[] = []
  for (let i = 0; i < 6; i++) {
    outcomes.push(
      await sim.run(
        records.put({ keyPair, salt: Uint8Array.of(i), value: text('x') }).then(
          () => 'ok',
          (e) => e,
        ),
      ),
    )
  }
  const refusedFor = outcomes.filter((each) => each !== 'ok') as { code: string; outcome: { refused: object[] } }[]
  t.ok(refusedFor.length >= 3)
  for (const { code, outcome } of refusedFor) {
    t.is(code, 'TOO_FEW_STORED')
    const { reason, limit, size } = outcome.refused[0] as { reason: string; limit: number; size: number }
    t.alike([reason, limit, size], ['OWNER_RECORDS', 2, 3])
  }
  const counted = members.reduce((sum, member) => sum + (member.records.stats.admitted.refused.OWNER_RECORDS ?? 0), 0)
  t.ok(counted > 0, 'counted')
})

test('records: calls end by signal, deadline and close; nothing is left', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const { records, node } = members[3]!
  const controller = new AbortController()
  const aborted = failure(records.get(keyPair.publicKey, { signal: controller.signal }))
  await sim.advance(10)
  controller.abort(new Error('never mind'))
  t.is((await sim.run(aborted)).message, 'never mind')
  t.is((await failure(sim.run(records.put({ keyPair, value: text('x'), deadlineMs: 5 })))).code, 'DEADLINE_EXCEEDED')
  const closed = failure(records.get(keyPair.publicKey))
  await sim.advance(10)
  await sim.run(records.close())
  t.is((await sim.run(closed)).code, 'RECORDS_CLOSED')
  t.is((await failure(sim.run(records.get(keyPair.publicKey)))).code, 'RECORDS_CLOSED')
  t.absent(Object.hasOwn(node, 'onrequest'), 'the node is as it was')
  await records.close()
})

test('records: what makes no sense fails at the call', async (t) => {
  const network = await startRecords(t, {}, { nodes: 2 })
  const { records } = network.members[0]!
  const keyPair = await network.keyPair(1)
  const value = text('x')
  const wrong: [object, new (message: string) => Error][] = [
    [{ keyPair, value: 'x' }, TypeError],
    [{ keyPair: {}, value }, TypeError],
    [{ keyPair: { publicKey: new Uint8Array(31), secretKey: new Uint8Array(64) }, value }, RangeError],
    [{ keyPair, value, seq: -1 }, RangeError],
    [{ keyPair, value, ttlMs: 0 }, RangeError],
    [{ keyPair, value, salt: new Uint8Array(65) }, RangeError],
    [{ keyPair, value, channel: 'x'.repeat(33) }, RangeError],
    [{ keyPair, value, topic: new Uint8Array(3) }, RangeError],
    [{ keyPair, value, schema: 7 }, TypeError],
    [{ keyPair, value, signal: {} }, TypeError],
  ]
  for (const [options, Kind] of wrong) {
    try {
      void records.put(options as Parameters<typeof records.put>[0])
      t.fail(JSON.stringify(options))
    } catch (error) {
      t.ok(error instanceof Kind, (error as Error).message)
    }
  }
})
