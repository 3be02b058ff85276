/** Pages and summaries of what lies under one key. */
import b4a from 'b4a'
import test from 'brittle'
import fc from 'fast-check'
import { VirtualClock } from '../../../lib/primitives/virtual-clock.js'
import { encodeProof } from '../../../lib/records/codec/record.js'
import { encodeListReply } from '../../../lib/records/codec/set-messages.js'
import type { Entry } from '../../../lib/records/entry.js'
import { readPage, summarize } from '../../../lib/records/holder/set-pages.js'
import { Summaries } from '../../../lib/records/holder/summaries.js'
import { MemoryStore } from '../../../lib/records/index.js'
import { isUnder, WHOLE } from '../../../lib/records/rules/member-tree.js'
import { entryOf } from '../entries.js'
import { holdsAsync } from '../../helpers/properties.js'

const NOW = 1_000_000
const target = new Uint8Array(32).fill(1)
const channel = 'c'

/** A member as it is stored. */
function memberOf(publicKey: Uint8Array, valueBytes: number, changes: Partial<Entry> = {}): Entry {
  const value = new Uint8Array(valueBytes).fill(7)
  const named = { publicKey, salt: new Uint8Array(0), channel, topic: target, part: null, schema: '' }
  const said = { seq: 1, round: 0, signedAtMs: NOW - 10, ttlMs: 1_000_000, tombstone: false, large: false }
  const proof = encodeProof({ ...named, ...said, valueHash: new Uint8Array(32).fill(valueBytes) })
  const at = {
    channel,
    target,
    subkey: publicKey,
    owner: publicKey,
    expiresAtMs: NOW + 1_000,
    heldUntilMs: NOW + 1_000,
  }
  return { ...entryOf(0), ...at, ...said, value, proof, ...changes }
}

const keys = fc.uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32, max: 7 }), {
  selector: (key) => key.join(),
  maxLength: 30,
})

test('set pages: page by page every member of a part comes once, and no page is too long', async (t) => {
  const prefixes = fc.integer({ min: 0, max: 12 })
  await holdsAsync(
    t,
    fc.asyncProperty(keys, prefixes, fc.boolean(), fc.nat(1000), async (all, bits, brief, valueBytes) => {
      const store = new MemoryStore()
      for (const key of all) await store.put(memberOf(key, valueBytes))
      const prefix = { bits, value: 0 }
      const found: string[] = []
      let after: Uint8Array | null = null
      for (let more = true; more;) {
        const page = await readPage(store, target, { channel, prefix, after, sinceMs: 0, brief }, NOW)
        if (page.records.length > 1 && encodeListReply(page).length > (brief ? 1301 : 1151)) throw new Error('too long')
        found.push(...page.records.map(({ publicKey }) => publicKey.join()))
        after = page.records.at(-1)?.publicKey ?? null
        more = page.more && after !== null
      }
      const expected = all.filter((key) => isUnder(key, prefix)).sort((a, b) => b4a.compare(a, b))
      if (found.join(';') !== expected.map((key) => key.join()).join(';')) throw new Error('not all, or not once')
      const summary = await summarize(store, { channel, target }, prefix, NOW)
      if (summary.count !== expected.length) throw new Error('another count')
    }),
    { numRuns: 50 },
  )
})

test('set pages: ended members come without their values, forgotten ones not at all, and since is when they came', async (t) => {
  const store = new MemoryStore()
  const key = (number: number): Uint8Array => new Uint8Array(32).fill(number)
  await store.put(memberOf(key(1), 20))
  await store.put(memberOf(key(2), 20, { expiresAtMs: NOW }))
  await store.put(memberOf(key(3), 20, { expiresAtMs: NOW, heldUntilMs: NOW }))
  await store.put(memberOf(key(4), 20, { storedAtMs: NOW }))
  const request = { channel, prefix: WHOLE, after: null, brief: true }
  const all = await readPage(store, target, { ...request, sinceMs: 0 }, NOW)
  t.alike(
    all.records.map(({ publicKey, value }) => [publicKey[0], value === null]),
    [
      [1, false],
      [2, true],
      [4, false],
    ],
  )
  const since = await readPage(store, target, { ...request, sinceMs: NOW }, NOW)
  t.alike(
    since.records.map(({ publicKey }) => publicKey[0]),
    [4],
  )
  const { count, whole, validUntilMs } = await summarize(store, { channel, target }, WHOLE, NOW)
  t.alike([count, whole!.length, validUntilMs], [3, 3, NOW + 1_000])
  const none = await readPage(store, target, { ...request, channel: 'hyperdht', sinceMs: 0 }, NOW)
  t.alike(none, { records: [], more: false })
})

test('summaries: kept until something is stored, and a large set is not gone through again and again', async (t) => {
  const clock = new VirtualClock()
  const store = new MemoryStore()
  let reads = 0
  const list = store.list.bind(store)
  store.list = (query) => {
    reads++
    return list(query)
  }
  const place = { channel, target }
  const summaries = new Summaries({ store, clock })
  const nowMs = clock.wallTime()
  const lasting = { expiresAtMs: nowMs + 10_000, heldUntilMs: nowMs + 10_000 }
  const put = async (number: number): Promise<void> => {
    const key = new Uint8Array(32).fill(number % 256)
    key[31] = number >> 8
    await store.put(memberOf(key, 20, lasting))
    summaries.noteStored(place)
  }
  for (let i = 0; i < 1_000; i++) await put(i)
  const first = await summaries.of(place, WHOLE)
  t.is(first!.count, 1_000)
  const after = reads
  t.is(await summaries.of(place, WHOLE), first)
  t.is(reads, after, 'kept')
  await put(1_000)
  const waiting = Promise.all(Array.from({ length: 50 }, () => summaries.of(place, WHOLE)))
  await clock.advance(9)
  t.is(reads, after, 'a thousand records: 10 ms later at the earliest')
  await clock.advance(1)
  const all = await waiting
  t.ok(
    all.every((summary) => summary === all[0]),
    'one for all who waited',
  )
  t.is(all[0]!.count, 1_001)
  await clock.advance(10_000)
  t.is((await summaries.of(place, WHOLE))!.count, 0, 'ended')
  await put(5)
  const closing = summaries.of(place, WHOLE)
  await store.close()
  summaries.close()
  await t.exception(closing, /STORE_FAILED/)
})
