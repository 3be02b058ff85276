/** Keeping records: to their end, and on the nodes that should have them. On virtual time. */
import test from 'brittle'
import type { RecordsNetwork } from '../../bench/records/network.js'
import type { ChannelStats } from '../../lib/records/index.js'
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
})
