/** Many values under one key, on virtual time. */
import test from 'brittle'
import { measureSet } from '../../bench/records/sets.js'
import { RECORD_COMMAND } from '../../lib/records/codec/commands.js'
import { decodeSummary, encodeListReply, encodeSummaryReply } from '../../lib/records/codec/set-messages.js'
import { mountHandler } from '../../lib/records/holder/mount.js'
import type { SetMember, SetRead, SetReadOptions } from '../../lib/records/index.js'
import { type RecordsNetwork, sameBytes } from '../../bench/records/network.js'
import { failure, HOUR, MINUTE, startRecords, text, textOf } from './network.js'

const TOPIC = new Uint8Array(32).fill(9)

/** Members with these numbers, each of an owner of his own. */
async function putMembers(network: RecordsNetwork, numbers: readonly number[], value = 'value'): Promise<void> {
  await network.forEach(numbers, async (number) => {
    const keyPair = await network.keyPair(number)
    const { records } = network.members[number % network.members.length]!
    const put = await records.sets.put({ keyPair, topic: TOPIC, value: text(`${value} ${number}`), republish: false })
    await put.settled
  })
}

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i)

const read = (network: RecordsNetwork, options: SetReadOptions = {}, member = 5): Promise<SetRead> =>
  network.sim.run(network.members[member]!.records.sets.read(TOPIC, options))

const inOrder = <T>(values: readonly T[]): T[] => [...values].sort((a, b) => (String(a) < String(b) ? -1 : 1))

const valuesOf = (members: readonly SetMember[]): (string | null)[] =>
  inOrder(members.map(({ value }) => textOf(value)))

test('sets: every member once, the newest version, in pages, and what is deleted not at all', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  await putMembers(network, numbers(40))
  await putMembers(network, [3, 4], 'newer')
  const deletion = await sim.run(members[8]!.records.sets.delete({ keyPair: await network.keyPair(5), topic: TOPIC }))
  // A part that changes while it is read is not what was claimed.
  await sim.run(deletion.settled)
  const left = numbers(40).filter((number) => number !== 5)
  const expected = inOrder(left.map((number) => `${number === 3 || number === 4 ? 'newer' : 'value'} ${number}`))
  const all = await read(network)
  t.alike(valuesOf(all.members), expected)
  t.is(all.next, null)
  t.alike([all.freshness.rejected, all.freshness.missing], [0, 0])
  t.ok(all.freshness.answered >= all.freshness.needed)
  const paged: SetMember[] = []
  let pages = 0
  await sim.run(
    (async () => {
      for await (const member of members[2]!.records.sets.members(TOPIC, { limit: 7 })) paged.push(member)
    })(),
  )
  let after: Uint8Array | null = null
  do {
    const page: SetRead = await read(network, { limit: 7, after })
    t.ok(page.members.length <= 7)
    after = page.next
    pages++
  } while (after !== null)
  t.ok(pages >= 6)
  t.alike(valuesOf(paged), expected, 'the same, page by page')
  const order = paged.map(({ publicKey }) => publicKey.join())
  t.alike(
    order,
    all.members.map(({ publicKey }) => publicKey.join()),
    'in the same order',
  )
})

test('sets: members of one owner differ by salt, those of channels do not mix', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const { records } = members[0]!
  const keyPair = await network.keyPair(1)
  for (const salt of ['a', 'b']) {
    await sim.run(records.sets.put({ keyPair, topic: TOPIC, salt: text(salt), value: text(salt) }))
  }
  await sim.run(records.sets.put({ keyPair, topic: TOPIC, channel: 'other', value: text('c') }))
  const here = await read(network)
  t.alike(
    here.members.map(({ salt, value, seq }) => [textOf(salt), textOf(value), seq]),
    [
      ['a', 'a', 1],
      ['b', 'b', 1],
    ],
  )
  t.alike(valuesOf((await read(network, { channel: 'other' })).members), ['c'])
  t.is((await read(network, { channel: 'none' })).members.length, 0)
  const one = await sim.run(members[9]!.records.get(keyPair.publicKey, { topic: TOPIC, salt: text('b') }))
  t.is(textOf(one.value), 'b', 'a member can be read alone')
})

test('sets: since gives what is new, deletions too; known fetches what has changed', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  await putMembers(network, numbers(30))
  const first = await read(network)
  await sim.advance(10 * MINUTE)
  const sinceMs = Math.floor(sim.clock.wallTime())
  await putMembers(network, [7, 100], 'new')
  await sim.run(members[3]!.records.sets.delete({ keyPair: await network.keyPair(8), topic: TOPIC }))
  const news = await read(network, { since: sinceMs })
  t.alike(inOrder(news.members.map(({ state, value }) => [state, textOf(value)])), [
    ['deleted', null],
    ['found', 'new 100'],
    ['found', 'new 7'],
  ])
  const now = await read(network, { known: first })
  t.is(now.members.length, 30)
  t.alike(
    valuesOf(now.members).filter((value) => value!.startsWith('new')),
    ['new 100', 'new 7'],
  )
  const again = await network.measure(members[5]!, () => members[5]!.records.sets.read(TOPIC, { known: now }))
  t.is(again.result.members.length, 30)
  t.ok(again.receivedBytes < 3_000, `${again.receivedBytes} bytes for nothing new`)
})

test('sets: who hides members, withholds or forges them is found out, and nothing is missing', async (t) => {
  const network = await startRecords(t)
  const { members } = network
  await putMembers(network, numbers(60))
  const holders = network.closest(TOPIC).map((member) => members.indexOf(member))
  const liars = holders.slice(0, 9)
  const honest = await read(network, {}, holders[12])
  for (const [i, holder] of liars.entries()) {
    const unmount = mountHandler(members[holder]!.node, (request) => {
      const { command, value } = request
      if (command === RECORD_COMMAND.LIST) {
        const page = [
          [],
          honest.records.slice(0, 3).map((record) => ({ ...record, value: null })),
          honest.records.slice(0, 3).map((record) => ({ ...record, seq: record.seq + 1 })),
        ][i % 3]!
        request.reply(encodeListReply({ records: page, more: i > 5 }))
        return true
      }
      // The last three admit to nothing, too; the others say what all say, and give something else.
      if (command !== RECORD_COMMAND.SUMMARY || i < 6 || value === null) return false
      const isWhole = decodeSummary(value)?.prefix.bits === 0
      request.reply(isWhole ? encodeSummaryReply({ status: 'whole', records: [] }) : Uint8Array.of(9, 9, 9))
      return true
    })
    t.teardown(unmount)
  }
  for (const reader of [holders[15]!, members.findIndex((_, i) => !holders.includes(i))]) {
    const { members: found, freshness } = await read(network, {}, reader)
    t.is(found.length, 60)
    t.is(freshness.missing, 0)
    t.ok(freshness.answered >= freshness.needed)
  }
})

test('sets: members end when they should, and are full when a holder is', async (t) => {
  const network = await startRecords(t, { limits: { maxValuesPerKey: 10 } })
  const { sim, members } = network
  const [mortal, other] = [await network.keyPair(1), await network.keyPair(2)]
  const { records } = members[0]!
  await sim.run(records.sets.put({ keyPair: mortal, topic: TOPIC, value: text('1'), ttlMs: HOUR, republish: false }))
  await sim.run(records.sets.put({ keyPair: other, topic: TOPIC, value: text('2'), ttlMs: 9 * HOUR, republish: false }))
  t.is((await read(network)).members.length, 2)
  await sim.advance(HOUR)
  t.alike(valuesOf((await read(network)).members), ['2'])
  await putMembers(network, numbers(9, 10))
  const error = await failure(putMembers(network, [50]))
  t.is(error.code, 'TOO_FEW_STORED')
  const { reason, limit, size } = (error.outcome as { refused: Record<string, unknown>[] }).refused[0]!
  t.alike([reason, limit, size], ['TOO_MANY_VALUES', 10, 11])
})

test('sets: what was read of another set, or has ended, is not taken for known', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const other = new Uint8Array(32).fill(8)
  const { sets } = members[0]!.records
  const put = { keyPair: await network.keyPair(1), value: text('x'), ttlMs: HOUR, republish: false }
  await sim.run(sets.put({ ...put, topic: other }))
  const known = await sim.run(sets.read(other))
  t.is(known.members.length, 1)
  t.is((await read(network, { known })).members.length, 0)
  await sim.advance(HOUR)
  const later = await sim.run(sets.read(other, { known }))
  t.alike([later.members.length, later.records.length], [0, 0])
})

test('sets: bad arguments fail at the call', async (t) => {
  const network = await startRecords(t, {}, { nodes: 2 })
  const { sets } = network.members[0]!.records
  const known = await network.sim.run(sets.read(TOPIC))
  const wrong: [Uint8Array, SetReadOptions, new (message: string) => Error][] = [
    [new Uint8Array(31), {}, RangeError],
    ['x' as unknown as Uint8Array, {}, TypeError],
    [TOPIC, { limit: 0 }, RangeError],
    [TOPIC, { since: -1 }, RangeError],
    [TOPIC, { since: 1, known }, TypeError],
    [TOPIC, { after: Uint8Array.of(1), known }, TypeError],
    [TOPIC, { after: 'x' as unknown as Uint8Array }, TypeError],
    [TOPIC, { known: {} as SetRead }, TypeError],
    [TOPIC, { largeBytes: -1 }, RangeError],
    [TOPIC, { channel: 'x'.repeat(33) }, RangeError],
  ]
  for (const [topic, options, Kind] of wrong) {
    try {
      void sets.read(topic, options)
      t.fail(JSON.stringify(options))
    } catch (error) {
      t.ok(error instanceof Kind, (error as Error).message)
    }
  }
  const keyPair = await network.keyPair(1)
  try {
    void sets.put({ keyPair, value: text('x') } as never)
    t.fail('no topic')
  } catch (error) {
    t.ok(error instanceof TypeError)
  }
})

test('sets: long values come back, and are not sent again', async (t) => {
  const figures = await measureSet({ seed: 2, nodes: 24, members: 10, valueBytes: 10_000 })
  t.alike([figures.read, figures.wrong, figures.changed, figures.since], [10, 0, 1, 1])
  t.ok(figures.again.receivedBytes < 10_000, `${figures.again.receivedBytes} bytes for nothing new`)
})

test('sets: a long value lives as long as its member, and can be left where it is', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const { sets } = members[0]!.records
  const value = new Uint8Array(5_000).fill(7)
  await sim.run(sets.put({ keyPair, topic: TOPIC, value, ttlMs: HOUR, schema: 'bytes' }))
  const left = await read(network, { largeBytes: 4_999 })
  const [member] = left.members
  t.alike([member!.state, member!.value, member!.schema, member!.large!.sizeBytes], ['found', null, 'bytes', 5_000])
  t.ok(sameBytes(await sim.run(members[4]!.records.large.get(member!.large!.root).bytes()), value))
  const alone = await sim.run(members[4]!.records.get(keyPair.publicKey, { topic: TOPIC }))
  t.alike([alone.state, alone.value, alone.large!.sizeBytes], ['found', null, 5_000])
  await sim.advance(5 * HOUR)
  const [later] = (await read(network)).members
  t.ok(sameBytes(later!.value, value), 'republished')
  network.kill(members[0]!)
  await sim.advance(HOUR)
  t.is((await read(network)).members.length, 0)
  const tooLong = await failure(
    Promise.resolve().then(() => sets.put({ keyPair, topic: TOPIC, value: new Uint8Array(131_072) })),
  )
  t.alike(tooLong.refusal, { reason: 'VALUE_TOO_LARGE', limit: 131_071, size: 131_072 })
})

test('sets: all values come back, each once', async (t) => {
  for (const seed of [1, 2]) {
    const figures = await measureSet({ seed, nodes: 24, members: 150, valueBytes: 20 })
    t.alike([figures.read, figures.wrong, figures.changed, figures.since], [150, 0, 1, 1])
    const { again, reading } = figures
    t.ok(again.receivedBytes < 4_000, `${again.receivedBytes} bytes for nothing new`)
    t.ok(again.receivedBytes < reading.receivedBytes / 10, `${again.receivedBytes} of ${reading.receivedBytes} bytes`)
  }
})
