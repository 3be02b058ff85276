/** Keeping records: to their end, and on the nodes that should have them. On virtual time. */
import test from 'brittle'
import { type RecordsNetwork, sameBytes } from '../../bench/records/network.js'
import { type ChannelStats, Records } from '../../lib/records/index.js'
import { recordTarget } from '../../lib/records/codec/record.js'
import { HOUR, MINUTE, startRecords, text } from './network.js'

const NO_SALT = new Uint8Array(0)
const LIFE = 10 * MINUTE

test('records: a record ends to the moment, unless its owner republishes it', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const [mortal, kept] = [await network.keyPair(1), await network.keyPair(2)]
  const { records } = members[0]!
  const put = await sim.run(records.put({ keyPair: mortal, value: text('1'), ttlMs: LIFE, republish: false }))
  await sim.run(records.put({ keyPair: kept, value: text('2'), ttlMs: LIFE }))
  t.is(records.stats.republished, 1)
  const state = async (publicKey: Uint8Array) => (await sim.run(members[9]!.records.get(publicKey))).state
  await sim.advance(put.expiresAtMs - sim.clock.wallTime() - 2000)
  t.is(await state(mortal.publicKey), 'found')
  await sim.advance(put.expiresAtMs - sim.clock.wallTime())
  t.not(await state(mortal.publicKey), 'found', 'not a moment longer')
  await sim.advance(5 * LIFE)
  t.is(await state(mortal.publicKey), 'none')
  t.is(await state(kept.publicKey), 'found')
  network.kill(members[0]!)
  await sim.advance(LIFE)
  t.not(await state(kept.publicKey), 'found', 'a life after the last republishing')
  const left = network.living.map((member) => member.records.stats.usage.entries)
  await sim.advance(10 * MINUTE)
  t.ok(left.every((entries) => entries <= 1))
  t.is(
    network.living.reduce((sum, member) => sum + member.records.stats.usage.entries, 0),
    0,
    'swept away',
  )
})

test('records: who leaves hands over, with the time that is left', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 }, { nodes: 30 })
  const { sim } = network
  const keyPair = await network.keyPair(1)
  const target = recordTarget(keyPair.publicKey, NO_SALT, '')
  const holders = network.closest(target)
  const owner = network.members.find((member) => !holders.includes(member))!
  const put = await sim.run(owner.records.put({ keyPair, value: text('1'), republish: false, ttlMs: HOUR }))
  await sim.run(put.settled)
  await sim.advance(10 * MINUTE)
  const heirs = network.closest(target, 22).slice(20)
  for (const leaving of holders.slice(0, 2)) {
    t.ok((await sim.run(leaving.records.handOver())) >= 1)
    await sim.run(leaving.records.close())
    await sim.run(leaving.node.destroy())
  }
  t.ok(heirs.every(({ records }) => records.countOf(target) === 1))
  for await (const entry of heirs[0]!.records.entries()) t.is(entry.expiresAtMs, put.expiresAtMs)
})

test('records: what was handed over and swept is counted by channel', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 }, { nodes: 30 })
  const { sim } = network
  const [leaving, owner] = network.members as [RecordsNetwork['members'][0], RecordsNetwork['members'][0]]
  const kept = { a: 0, b: 0 }
  for (const [i, channel] of (['a', 'b', 'a'] as const).entries()) {
    for (let salt = 0; salt < 6; salt++) {
      const name = { channel, salt: Uint8Array.of(i, salt) }
      const put = { keyPair: await network.keyPair(1), ...name, value: text('x'), ttlMs: HOUR, republish: false }
      await sim.run((await sim.run(owner.records.put(put))).settled)
    }
  }
  for await (const { channel } of leaving.records.entries()) kept[channel as 'a']++
  t.ok(kept.a > kept.b && kept.b > 0)
  await sim.run(leaving.records.handOver())
  const { handedOver, channels } = leaving.records.stats
  const { a, b } = channels as { a: ChannelStats; b: ChannelStats }
  t.ok(a.handedOver.accepted > b.handedOver.accepted && b.handedOver.accepted > 0, 'some node lacked what we had')
  for (const name of ['offered', 'sent', 'accepted'] as const) {
    t.is(a.handedOver[name] + b.handedOver[name], handedOver[name], name)
  }
  t.alike(channels['']!.handedOver, { offered: 0, sent: 0, accepted: 0 })
  t.alike([a.swept, b.swept], [0, 0])
  await sim.advance(2 * HOUR)
  const after = leaving.records.stats
  t.alike([after.channels.a!.swept, after.channels.b!.swept, after.swept], [kept.a, kept.b, kept.a + kept.b])
  t.is(after.channels.a!.usage.entries, 0)
})

test('records: a read brings holders that are behind up to date', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 })
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const holders = network.closest(recordTarget(keyPair.publicKey, NO_SALT, ''))
  const owner = members.find((member) => !holders.includes(member))!
  await sim.run(owner.records.put({ keyPair, value: text('1') }))
  for (const { node } of holders.slice(0, 5)) sim.hostOf(node).disconnect()
  await sim.run(owner.records.put({ keyPair, value: text('2') }))
  await sim.advance(10_000)
  for (const { node } of holders.slice(0, 5)) sim.hostOf(node).reconnect()
  const read = async () => (await sim.run(owner.records.get(keyPair.publicKey))).freshness.behind.length
  // Until those who did not answer are asked again.
  await sim.advance(5 * MINUTE)
  t.ok((await read()) > 0)
  await sim.advance(10_000)
  t.is(await read(), 0)
  for (const { node } of holders.slice(0, 5)) sim.hostOf(node).disconnect()
  await sim.run(owner.records.delete({ keyPair }))
  for (const { node } of holders.slice(0, 5)) sim.hostOf(node).reconnect()
  await sim.advance(5 * MINUTE)
  t.ok((await read()) > 0, 'they missed the deletion')
  await sim.advance(10_000)
  t.is(await read(), 0, 'a deletion is brought to them as well')
})

/** Numbers of the versions of a set that a node keeps, by owner. */
async function seqsAt({ records }: RecordsNetwork['members'][0], target: Uint8Array): Promise<string[]> {
  const seqs: string[] = []
  for await (const { owner, target: at, seq, tombstone } of records.entries()) {
    if (sameBytes(at, target)) seqs.push(`${owner!.slice(0, 4).join('.')} ${tombstone ? 'deleted' : seq}`)
  }
  return seqs.sort()
}

test('sets: a reading brings holders that are behind up to date, within bounds', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 })
  const { sim, members } = network
  const topic = new Uint8Array(32).fill(9)
  const holders = network.closest(topic)
  const owner = members.find((member) => !holders.includes(member))!
  const put = async (number: number, value: string): Promise<void> => {
    const keyPair = await network.keyPair(number)
    await (
      await owner.records.sets.put({ keyPair, topic, value: text(value), republish: false })
    ).settled
  }
  const numbers = Array.from({ length: 50 }, (_, i) => i)
  await network.forEach(numbers.slice(0, 30), (number) => put(number, 'old'))
  const stale = holders.slice(0, 3)
  for (const { node } of stale) sim.hostOf(node).disconnect()
  await network.forEach(numbers.slice(20), (number) => put(number, 'new'))
  const deletion = await sim.run(owner.records.sets.delete({ keyPair: await network.keyPair(3), topic }))
  await sim.run(deletion.settled)
  for (const { node } of stale) sim.hostOf(node).reconnect()
  const expected = await seqsAt(holders[10]!, topic)
  t.is(expected.length, 50)
  for (const member of stale) t.is((await seqsAt(member, topic)).length, 30)
  // Until those who did not answer are asked again.
  await sim.advance(5 * MINUTE)
  const reader = members.find((member) => !holders.includes(member) && member !== owner)!
  const read = await network.measure(reader, async () => {
    const set = await reader.records.sets.read(topic)
    await new Promise<void>((resolve) => void sim.clock.after(10_000, resolve))
    return set
  })
  t.is(read.result.members.length, 49)
  for (const member of stale) t.alike(await seqsAt(member, topic), expected)
  t.ok(read.sentBytes < 60_000, `${read.sentBytes} bytes`)
  const again = await network.measure(reader, async () => {
    const set = await reader.records.sets.read(topic, { known: read.result })
    await new Promise<void>((resolve) => void sim.clock.after(10_000, resolve))
    return set
  })
  t.ok(again.sentBytes < 2_500, `${again.sentBytes} bytes where nobody is behind`)
})

test('sets: our own store is brought up to date by a reading, and none where `repair` is off', async (t) => {
  for (const repair of [true, false]) {
    const network = await startRecords(t, { refreshIntervalMs: 0, repair })
    const { sim, members } = network
    const topic = new Uint8Array(32).fill(9)
    const holders = network.closest(topic)
    const owner = members.find((member) => !holders.includes(member))!
    const [own] = holders as [RecordsNetwork['members'][0]]
    sim.hostOf(own.node).disconnect()
    const keyPair = await network.keyPair(1)
    await sim.run(owner.records.sets.put({ keyPair, topic, value: text('x') }))
    await sim.run(owner.records.collections.update({ keyPair, name: text('c'), entries: [[text('a'), text('b')]] }))
    sim.hostOf(own.node).reconnect()
    await sim.advance(10_000)
    const collection = Records.targetOf(keyPair.publicKey, { salt: text('c') })
    const isHolder = network.closest(collection).includes(own)
    await sim.run(own.records.sets.read(topic))
    await sim.run(own.records.collections.read(keyPair.publicKey, { name: text('c') }))
    await sim.advance(5_000)
    t.is(own.records.countOf(topic), repair ? 1 : 0)
    t.is(own.records.countOf(collection), repair && isHolder ? 1 : 0)
  }
})
