/** What a holder answers to those who send it parts of segments, genuine and forged, by hand. */
import b4a from 'b4a'
import test from 'brittle'
import { DHT } from '../../../index.js'
import {
  chunkOf,
  encodeGroupProof,
  SEGMENT_BYTES,
  segmentAddress,
  treeOf,
} from '../../../lib/records/codec/chunk-tree.js'
import {
  decodeFindReply,
  decodePartPutReply,
  encodeFind,
  encodePartPut,
  encodePartRequest,
  type PartPut,
} from '../../../lib/records/codec/chunk-messages.js'
import { RECORD_COMMAND } from '../../../lib/records/codec/commands.js'
import { HOUR, MINUTE, startRecords } from '../network.js'

const DAY = 24 * HOUR

test('chunk holder: keeps a segment when it is whole, and nothing that is not of it', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 }, { nodes: 2 })
  const { sim, members } = network
  const [{ node, records }] = members as [(typeof members)[0]]
  const stranger = await sim.startNode({ ephemeral: true }, { create: (options) => new DHT(options) })
  const to = { host: node.host!, port: node.port }
  const segment = sim.random.bytes(40 * 1024)
  const tree = treeOf(segment)
  const ask = async (command: number, value: Uint8Array, token: Uint8Array | null = null) =>
    sim.run(stranger.request({ command, target: tree.address, value, token }, to))
  const find = async () => {
    const { value } = await ask(RECORD_COMMAND.CHUNK_FIND, encodeFind('large'))
    return decodeFindReply(value!)!
  }
  const { token } = await ask(RECORD_COMMAND.CHUNK_FIND, encodeFind('large'))
  const expiresAtMs = Math.floor(sim.clock.wallTime()) + HOUR
  const put = async (part: object, signed = true) => {
    const whole = { channel: 'large', expiresAtMs, sizeBytes: segment.length, ...part } as PartPut
    const { value } = await ask(RECORD_COMMAND.CHUNK_PUT, encodePartPut(whole), signed ? token : null)
    const reply = decodePartPutReply(value!)!
    return reply.status === 'refused' ? reply.refusal.reason : reply.status
  }
  const proof = (index: number) => ({ kind: 'proof', index, bytes: encodeGroupProof(tree, index) })
  const chunk = (index: number) => ({ kind: 'chunk', index, bytes: chunkOf(segment, index) })
  const flip = <T extends { bytes: Uint8Array }>(part: T): T => ({
    ...part,
    bytes: Uint8Array.from(part.bytes, (byte, i) => (i === 7 ? byte ^ 1 : byte)),
  })
  t.is((await find()).status, 'none')
  t.is(await put(chunk(0)), 'unproved', 'a chunk before its hash')
  t.is(await put({ kind: 'renewal' }), 'unproved')
  t.is(await put(proof(0), false), 'MALFORMED', 'without a token')
  t.is(await put(flip(proof(0))), 'WRONG_TARGET')
  t.is(await put({ ...proof(0), sizeBytes: segment.length - 1 }), 'WRONG_TARGET')
  t.is(await put({ ...proof(0), expiresAtMs: sim.clock.wallTime() - 1 }), 'EXPIRED')
  t.is(await put({ ...proof(0), expiresAtMs: sim.clock.wallTime() + 31 * DAY }), 'TTL_TOO_LONG')
  t.is((await find()).status, 'none', 'nothing was begun for any of these')
  t.is(await put(proof(0)), 'taken')
  t.is(await put(chunk(0)), 'taken')
  t.is(await put(chunk(0)), 'taken', 'again')
  t.is(await put(flip(chunk(1))), 'WRONG_TARGET')
  t.is(await put(chunk(32)), 'unproved', 'of the other group')
  t.is(await put(proof(1)), 'taken')
  const half = await find()
  t.is(half.status, 'partial')
  if (half.status === 'partial') {
    t.alike(half.groups, [true, true])
    t.is(half.chunks.filter(Boolean).length, 1)
  }
  t.is(records.stats.usage.entries, 0)
  const { value: none } = await ask(
    RECORD_COMMAND.CHUNK_GET,
    encodePartRequest({ channel: 'large', kind: 'chunk', index: 0 }),
  )
  t.is(none, null, 'a part of a segment is not given out')
  for (let i = 1; i < 39; i++) await put(chunk(i))
  t.is(await put(chunk(39)), 'kept')
  const whole = await find()
  t.alike(whole, { status: 'whole', sizeBytes: segment.length, expiresAtMs })
  t.is(await put(chunk(3)), 'kept', 'a late one')
  const get = async (kind: 'chunk' | 'proof', index: number) =>
    (await ask(RECORD_COMMAND.CHUNK_GET, encodePartRequest({ channel: 'large', kind, index }))).value
  t.ok(b4a.equals((await get('chunk', 39))!, chunkOf(segment, 39)))
  t.ok(b4a.equals((await get('proof', 1))!, encodeGroupProof(tree, 1)))
  t.alike([await get('chunk', 40), await get('proof', 2)], [null, null])
  t.is(await put({ kind: 'renewal', expiresAtMs: expiresAtMs + HOUR }), 'kept')
  t.is(((await find()) as { expiresAtMs: number }).expiresAtMs, expiresAtMs + HOUR)
  t.is(await put({ kind: 'renewal' }), 'kept', 'an earlier end changes nothing')
  t.is(((await find()) as { expiresAtMs: number }).expiresAtMs, expiresAtMs + HOUR)
  const { refused } = records.stats.admitted
  t.alike(refused, { WRONG_TARGET: 3, EXPIRED: 1, TTL_TOO_LONG: 1 }, 'counted')
  await sim.advance(3 * HOUR)
  t.is((await find()).status, 'none')
  t.is(await get('chunk', 0), null)
})

test('chunk holder: no stranger prolongs a life beyond the limit, or has more rewritten than a host may', async (t) => {
  const channels = { large: { maxTtlMs: HOUR } }
  const network = await startRecords(t, { refreshIntervalMs: 0, channels }, { nodes: 2 })
  const { sim, members } = network
  const [{ node, records }] = members as [(typeof members)[0]]
  const stranger = await sim.startNode({ ephemeral: true }, { create: (options) => new DHT(options) })
  const to = { host: node.host!, port: node.port }
  // Requests overtake each other, so each sender has a segment of its own.
  const value = sim.random.bytes(30 * SEGMENT_BYTES)
  const segments = Array.from({ length: 30 }, (_, i) => value.subarray(i * SEGMENT_BYTES, (i + 1) * SEGMENT_BYTES))
  const addresses = segments.map(segmentAddress) as [Uint8Array, ...Uint8Array[]]
  await sim.run(records.large.put(value, { ttlMs: 10 * MINUTE, republish: false }), { limitMs: HOUR })
  const [target] = addresses
  const find = encodeFind('large')
  const found = await sim.run(stranger.request({ command: RECORD_COMMAND.CHUNK_FIND, target, value: find }, to))
  const nowMs = Math.floor(sim.clock.wallTime())
  const renew = async (expiresAtMs: number, address = target): Promise<string> => {
    const renewal = encodePartPut({ kind: 'renewal', channel: 'large', expiresAtMs })
    const message = { command: RECORD_COMMAND.CHUNK_PUT, target: address, value: renewal, token: found.token }
    const answer = decodePartPutReply((await stranger.request(message, to)).value!)!
    return answer.status === 'refused' ? answer.refusal.reason : answer.status
  }
  t.is(await sim.run(renew(nowMs + HOUR + 3 * MINUTE)), 'TTL_TOO_LONG')
  t.is(await sim.run(renew(nowMs + HOUR - MINUTE)), 'kept')
  const outcomes = new Map<string, number>()
  const start = sim.clock.now()
  let next = 0
  const sender = async (address: Uint8Array): Promise<void> => {
    while (next++ < 1500) {
      const outcome = await renew(nowMs + HOUR - MINUTE + next, address)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  await sim.run(Promise.all(addresses.map(sender)))
  const seconds = (sim.clock.now() - start) / 1000
  const busy = outcomes.get('BUSY') ?? 0
  t.is((outcomes.get('kept') ?? 0) + busy, 1500)
  t.ok(busy > 0 && busy >= 1500 - 1024 - 32 * (seconds + 1), `${busy} of 1500 were refused in ${seconds} s`)
  t.ok(records.stats.admitted.refused.BUSY! >= busy, 'counted')
  await sim.advance(2 * HOUR)
  const { value: gone } = await sim.run(
    stranger.request({ command: RECORD_COMMAND.CHUNK_FIND, target, value: find }, to),
  )
  t.is(decodeFindReply(gone!)!.status, 'none', 'who stops to ask has it end')
})

test('chunk holder: garbage is answered, and nothing of it is kept', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 }, { nodes: 2 })
  const { sim, members } = network
  const [{ node, records }] = members as [(typeof members)[0]]
  const stranger = await sim.startNode({ ephemeral: true }, { create: (options) => new DHT(options) })
  const to = { host: node.host!, port: node.port }
  const target = sim.random.bytes(32)
  const { token } = await sim.run(
    stranger.request({ command: RECORD_COMMAND.CHUNK_FIND, target, value: encodeFind('') }, to),
  )
  const errors: unknown[] = []
  records.on('store-error', (error) => errors.push(error))
  for (let i = 0; i < 200; i++) {
    const command = RECORD_COMMAND.CHUNK_FIND + (i % 3)
    const value = i % 10 === 0 ? null : sim.random.bytes(sim.random.below(60))
    const message = { command, target: i % 7 === 0 ? null : target, value, token: i % 2 === 0 ? token : null }
    await sim.run(stranger.request(message, to))
  }
  t.is(errors.length, 0)
  t.is(records.stats.usage.entries, 0)
  await sim.advance(MINUTE)
})
