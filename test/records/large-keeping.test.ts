/** How large values are kept: through deaths, to their end, by those who should, within limits. On virtual time. */
import b4a from 'b4a'
import test from 'brittle'
import { measureLargeSurvival } from '../../bench/records/large.js'
import type { RecordsNetwork } from '../../bench/records/network.js'
import { failure, HOUR, MINUTE, startRecords } from './network.js'

const QUIET = { republish: false }
const PATIENCE = { limitMs: HOUR }

/** Segments kept by all living members. */
const held = ({ living }: RecordsNetwork): number =>
  living.reduce((sum, { records }) => sum + records.stats.usage.entries, 0)

test('large values: a value is byte-identical after three in ten nodes have died at once', async (t) => {
  const figures = await measureLargeSurvival({ seed: 1, nodes: 50, sizeBytes: 300_000, killed: 0.3 })
  t.alike([figures.dead, figures.identical], [15, true])
})

test('large values: a value ends to the moment, unless it is renewed', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 })
  const { sim, members } = network
  const value = sim.random.bytes(200_000)
  const { large } = members[0]!.records
  const put = await sim.run(large.put(value, { ...QUIET, ttlMs: 10 * MINUTE }), PATIENCE)
  await sim.advance(5 * MINUTE)
  const renewed = await sim.run(members[5]!.records.large.renew(put.root, { ttlMs: 10 * MINUTE }), PATIENCE)
  t.is(renewed.segments, 3)
  t.ok(renewed.fewestHolders >= 9)
  // Where a lookup misses one of the ten (datagrams are lost), the eleventh gets it.
  t.ok(renewed.known >= 27, `${renewed.known} of 30 deliveries were known`)
  t.ok(renewed.expiresAtMs >= put.expiresAtMs + 5 * MINUTE)
  await sim.advance(8 * MINUTE)
  t.ok(b4a.equals(await sim.run(large.get(put.root).bytes(), PATIENCE), value))
  await sim.advance(renewed.expiresAtMs - sim.clock.wallTime())
  t.is((await failure(sim.run(large.get(put.root).bytes(), PATIENCE))).code, 'VALUE_UNAVAILABLE')
  await sim.advance(MINUTE)
  t.is(held(network), 0, 'swept away')
  const kept = await sim.run(large.put(value, { ttlMs: 10 * MINUTE }), PATIENCE)
  t.is(members[0]!.records.stats.republished, 1)
  await sim.advance(HOUR)
  t.ok(b4a.equals(await sim.run(members[9]!.records.large.get(kept.root).bytes(), PATIENCE), value), 'republished')
})

test('large values: holders bring segments to newcomers, and hand them over when they leave', async (t) => {
  const network = await startRecords(t, {}, { nodes: 20 })
  const { sim } = network
  const value = sim.random.bytes(250_000)
  const [writer] = network.members
  const put = await sim.run(writer!.records.large.put(value, { ...QUIET, ttlMs: HOUR }), PATIENCE)
  await network.join(20)
  await sim.advance(2 * MINUTE)
  const { addresses } = await addressesOf(network)
  const placed = addresses.map(
    (address) => network.closest(address, 10).filter(({ records }) => records.countOf(address, 'large') > 0).length,
  )
  t.ok(
    placed.every((count) => count >= 9),
    `on ${placed.join(', ')} of the ten closest`,
  )
  const before = network.members.slice(0, 20)
  for (const member of before) {
    await sim.run(member.records.handOver(), PATIENCE)
    await sim.run(member.records.close())
    await sim.run(member.node.destroy())
  }
  const reader = network.living.at(-1)!
  t.ok(
    b4a.equals(await sim.run(reader.records.large.get(put.root).bytes(), PATIENCE), value),
    'all its holders are gone',
  )
  for await (const entry of reader.records.entries()) t.ok(entry.expiresAtMs <= put.expiresAtMs)
})

test('large values: limits are those of their channel, refused before anything is collected', async (t) => {
  const limits = { maxBytes: 100_000 }
  const network = await startRecords(t, { channels: { large: limits }, acceptUnknownChannels: false })
  const { sim, members } = network
  const { large } = members[0]!.records
  const value = sim.random.bytes(101_000)
  const refused = await failure(sim.run(large.put(value, QUIET), PATIENCE))
  const { refused: reasons } = refused.outcome as { refused: { reason: string; limit: number }[] }
  t.alike([refused.code, reasons[0]!.reason, reasons[0]!.limit], ['TOO_FEW_STORED', 'NODE_BYTES', 100_000])
  const elsewhere = await failure(sim.run(large.put(value, { ...QUIET, channel: 'films' }), PATIENCE))
  t.is((elsewhere.outcome as { refused: { reason: string }[] }).refused[0]!.reason, 'CHANNEL_UNKNOWN')
  t.is(held(network), 0)
  const { root } = await sim.run(large.put(value.subarray(0, 50_000), QUIET), PATIENCE)
  const tooLong = await failure(sim.run(large.get(root, { maxBytes: 49_999 }).bytes(), PATIENCE))
  t.alike([tooLong.code, (tooLong.refusal as { size: number }).size], ['RECORD_REFUSED', 50_000])
})

/** The addresses of all segments that are kept. */
async function addressesOf({ members }: RecordsNetwork): Promise<{ addresses: Uint8Array[] }> {
  const addresses = new Map<string, Uint8Array>()
  for (const { records } of members) {
    for await (const { target } of records.entries()) addresses.set(b4a.toString(target, 'hex'), target)
  }
  return { addresses: [...addresses.values()] }
}
