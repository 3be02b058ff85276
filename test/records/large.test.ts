/** Writing and reading large values, on virtual time. */
import b4a from 'b4a'
import test from 'brittle'
import { changeReplies, measureLargeLies } from '../../bench/records/large.js'
import { SEGMENT_BYTES } from '../../lib/records/codec/chunk-tree.js'
import type { LargeProgress } from '../../lib/records/index.js'
import { failure, HOUR, startRecords } from './network.js'

const KIB = 1024
const QUIET = { republish: false }
const PATIENCE = { limitMs: HOUR }

test('large values: every size comes back, under the root that the bytes have', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 })
  const { sim, members } = network
  for (const size of [0, 1, KIB, KIB + 1, 40_000, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 300_000]) {
    const value = sim.random.bytes(size)
    const { large } = sim.random.pick(members).records
    const put = await sim.run(large.put(value, QUIET), PATIENCE)
    t.alike([put.sizeBytes, put.known], [size, 0])
    t.ok(put.fewestHolders >= 9)
    t.is(put.segments, size < SEGMENT_BYTES ? 1 : Math.ceil(size / SEGMENT_BYTES) + 1)
    t.alike(await large.rootOf(value), { root: put.root, sizeBytes: size })
    const reading = sim.random.pick(members).records.large.get(put.root)
    const read = await sim.run(reading.bytes(), PATIENCE)
    t.ok(b4a.equals(read, value), `${size} bytes`)
    t.alike([reading.sizeBytes, reading.rejected], [size, 0])
  }
})

test('large values: any source gives the same root, and is read no faster than it is sent', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 })
  const { sim, members } = network
  const { large } = members[0]!.records
  const value = sim.random.bytes(11 * SEGMENT_BYTES)
  const { root } = await large.rootOf(value)
  let given = 0
  let done = 0
  let most = 0
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < value.length; at += 10_000) {
      yield value.subarray(at, at + 10_000)
      given = Math.min(value.length, at + 10_000)
      most = Math.max(most, given - done)
    }
  }
  const onProgress = ({ doneBytes }: LargeProgress): void => void (done = doneBytes)
  const put = await sim.run(large.put(pieces(), { ...QUIET, onProgress }), PATIENCE)
  t.alike(put.root, root)
  t.is(done, value.length)
  t.ok(most <= 9 * SEGMENT_BYTES, `at most ${most} bytes were taken and not yet stored`)
  const stream = {
    getReader() {
      const items = [value.subarray(0, 5), value.subarray(5)]
      return {
        read: async () => ({ done: items.length === 0, value: items.shift() }),
        cancel: async () => {},
      }
    },
  }
  t.alike((await large.rootOf(stream)).root, root)
  t.alike((await large.rootOf([value.subarray(0, 7), new Uint8Array(0), value.subarray(7)])).root, root)
})

test('large values: progress, ranges, and a reading that goes on where another broke off', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 })
  const { sim, members } = network
  const value = sim.random.bytes(400_000)
  const told: LargeProgress[] = []
  const onProgress = (progress: LargeProgress): void => void told.push(progress)
  const { root } = await sim.run(members[0]!.records.large.put(value, { ...QUIET, onProgress }), PATIENCE)
  const grows = (): boolean => told.every(({ doneBytes }, i) => i === 0 || doneBytes > told[i - 1]!.doneBytes)
  t.ok(told.length > 100 && grows())
  t.alike(told.at(-1), { doneBytes: value.length, totalBytes: value.length })
  const { large } = members[7]!.records
  for (const [from, to] of [
    [0, 1],
    [1000, 1030],
    [130_000, 270_000],
    [399_999, 400_000],
    [399_999, 500_000],
    [400_000, 400_000],
  ] as const) {
    told.length = 0
    const read = await sim.run(large.get(root, { from, to, onProgress }).bytes(), PATIENCE)
    t.ok(b4a.equals(read, value.subarray(from, to)), `${from} to ${to}`)
    t.is(told.at(-1)?.doneBytes ?? 0, read.length)
    t.ok(grows())
  }
  const pieces: Uint8Array[] = []
  const begin = async (): Promise<void> => {
    for await (const piece of large.get(root)) {
      pieces.push(piece)
      if (pieces.length === 2) break
    }
  }
  await sim.run(begin(), PATIENCE)
  const from = pieces.reduce((sum, { length }) => sum + length, 0)
  pieces.push(await sim.run(large.get(root, { from }).bytes(), PATIENCE))
  t.ok(from > 0 && b4a.equals(b4a.concat(pieces), value))
  const short = sim.random.bytes(5000)
  const one = await sim.run(large.put(short, QUIET), PATIENCE)
  const part = await sim.run(large.get(one.root, { from: 4000, to: 4500 }).bytes(), PATIENCE)
  t.ok(b4a.equals(part, short.subarray(4000, 4500)), 'of a value in one segment')
})

test('large values: what was sent before an abort is not sent again', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 })
  const { sim, members } = network
  const value = sim.random.bytes(500_000)
  const { large } = members[0]!.records
  const controller = new AbortController()
  let half = false
  const onProgress = ({ doneBytes }: LargeProgress): void => {
    if (doneBytes < value.length / 2 || half) return
    half = true
    controller.abort(new Error('enough for today'))
  }
  const broken = await failure(sim.run(large.put(value, { ...QUIET, onProgress, signal: controller.signal }), PATIENCE))
  t.is(broken.message, 'enough for today')
  const resumed = await sim.run(members[0]!.records.large.put(value, QUIET), PATIENCE)
  t.ok(resumed.sentBytes < 0.65 * 10 * value.length, `${resumed.sentBytes} bytes sent by the second attempt`)
  const again = await sim.run(members[3]!.records.large.put(value, QUIET), PATIENCE)
  t.alike(again.root, resumed.root)
  // Where a lookup misses one of the ten (datagrams are lost), the eleventh gets it.
  t.ok(again.known >= 0.9 * 10 * again.segments, `${again.known} of ${10 * again.segments} deliveries were known`)
  t.ok(again.sentBytes < 0.1 * 10 * value.length, `${again.sentBytes} bytes sent when all of it was there`)
})

test('large values: a flipped byte is noticed, and the chunk fetched elsewhere', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 })
  const { sim, members } = network
  const value = sim.random.bytes(90_000)
  const { root } = await sim.run(members[0]!.records.large.put(value, QUIET), PATIENCE)
  // On each holder another byte, as a bad disk would have it; the hashes come from one whose tree is right.
  let flipped = 0
  for (const { records } of members) {
    for await (const { value: kept } of records.entries()) {
      kept[flipped * 2000 + 5]! ^= 1
      flipped++
      break
    }
    if (flipped === 9) break
  }
  const reader = members.find(({ records }) => records.stats.usage.entries === 0)!
  const reading = reader.records.large.get(root)
  t.ok(b4a.equals(await sim.run(reading.bytes(), PATIENCE), value))
  t.ok(reading.rejected > 0, `${reading.rejected} rejected`)
  const lies = await measureLargeLies({ seed: 5, nodes: 30, sizeBytes: 200_000, liars: 15 })
  t.ok(lies.identical && lies.rejected > 0, `${lies.rejected} rejected`)
})

test('large values: where every holder lies or is silent, it is an error', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 })
  const { sim, members } = network
  const value = sim.random.bytes(3000)
  const { root } = await sim.run(members[0]!.records.large.put(value, QUIET), PATIENCE)
  const reader = members.find(({ records }) => records.stats.usage.entries === 0)!.records.large
  for (const { node } of members) changeReplies(node, (bytes) => Uint8Array.from(bytes, (byte) => byte ^ 1))
  const lied = reader.get(root)
  t.is((await failure(sim.run(lied.bytes(), PATIENCE))).code, 'VALUE_UNAVAILABLE')
  t.ok(lied.rejected > 0)
  t.is((await failure(sim.run(reader.get(sim.random.bytes(32)).bytes(), PATIENCE))).code, 'VALUE_UNAVAILABLE')
  for (const { node } of members) changeReplies(node, () => null)
  t.is((await failure(sim.run(reader.get(root).bytes(), PATIENCE))).code, 'VALUE_UNAVAILABLE')
})

test('large values: calls end by signal, deadline, close and the source, and nothing is left', async (t) => {
  const network = await startRecords(t, { refreshIntervalMs: 0 })
  const { sim, members } = network
  const { large } = members[0]!.records
  const value = sim.random.bytes(300_000)
  const { root } = await sim.run(large.put(value, QUIET), PATIENCE)
  const reader = members[4]!.records
  t.is((await failure(sim.run(reader.large.get(root, { deadlineMs: 300 }).bytes()))).code, 'DEADLINE_EXCEEDED')
  t.is((await failure(sim.run(large.put(sim.random.bytes(999_999), { deadlineMs: 900 })))).code, 'DEADLINE_EXCEEDED')
  const controller = new AbortController()
  async function* stuck(): AsyncGenerator<Uint8Array> {
    yield value
    await new Promise(() => {})
  }
  const waiting = failure(large.put(stuck(), { signal: controller.signal }))
  await sim.advance(20_000)
  controller.abort(new Error('no more'))
  t.is((await sim.run(waiting)).message, 'no more')
  let reason: unknown = null
  const stream = {
    getReader: () => ({
      read: () => new Promise<never>(() => {}),
      cancel: async (why: unknown) => void (reason = why),
    }),
  }
  t.is((await failure(sim.run(large.put(stream, { deadlineMs: 500 })))).code, 'DEADLINE_EXCEEDED')
  t.is((reason as { code: string }).code, 'DEADLINE_EXCEEDED', 'a stream is told that nobody reads it any more')
  // oxlint-disable-next-line require-yield -- that is the point
  async function* broken(): AsyncGenerator<Uint8Array> {
    throw new Error('the disk is gone')
  }
  t.is((await failure(sim.run(large.put(broken())))).message, 'the disk is gone')
  t.is((await failure(sim.run(large.put(['text'] as unknown as Uint8Array[])))).name, 'TypeError')
  const closed = failure(reader.large.get(root).bytes())
  await sim.advance(300)
  await sim.run(reader.close())
  t.is((await sim.run(closed)).code, 'RECORDS_CLOSED')
  t.is((await failure(sim.run(reader.large.get(root).bytes()))).code, 'RECORDS_CLOSED')
  const { node } = members[0]!
  await sim.advance(10_000)
  t.is(node.stats.requests.active, 0)
})

test('large values: what makes no sense fails at the call', async (t) => {
  const network = await startRecords(t, {}, { nodes: 2 })
  const { large } = network.members[0]!.records
  const root = new Uint8Array(32)
  const wrong: [() => unknown, new (message: string) => Error][] = [
    [() => large.put('x' as never), TypeError],
    [() => large.put(7 as never), TypeError],
    [() => large.put(root, { ttlMs: 0 }), RangeError],
    [() => large.put(root, { channel: 'x'.repeat(33) }), RangeError],
    [() => large.put(root, { onProgress: 7 as never }), TypeError],
    [() => large.put(root, { signal: {} as never }), TypeError],
    [() => large.get(new Uint8Array(31)), RangeError],
    [() => large.get('x' as never), TypeError],
    [() => large.get(root, { from: -1 }), RangeError],
    [() => large.get(root, { from: 5, to: 4 }), RangeError],
    [() => large.get(root, { deadlineMs: -1 }), RangeError],
    [() => large.renew(new Uint8Array(5)), RangeError],
  ]
  for (const [call, Kind] of wrong) {
    try {
      void call()
      t.fail(String(call))
    } catch (error) {
      t.ok(error instanceof Kind, (error as Error).message)
    }
  }
  const reading = large.get(root)
  reading[Symbol.asyncIterator]()
  await t.exception.all(() => reading[Symbol.asyncIterator](), TypeError)
})
