/** What is read is what was written, and what is not what was written is refused. */
import test from 'brittle'
import fc from 'fast-check'
import { decodeDump, DumpDamage, encodeDump } from '../../../lib/records/dump/dump-format.js'
import type { Entry } from '../../../lib/records/entry.js'
import { decodeEntry, encodeEntry } from '../../../lib/records/store/entry-codec.js'
import { entryOf } from '../entries.js'

const HEADER = { channel: 'notes', createdAtMs: 1234 }

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}

async function encode(entries: readonly Entry[], header = HEADER): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of encodeDump(header, each(entries))) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function decode(...chunks: Uint8Array[]): Promise<{ entries: Entry[]; damage: string | null }> {
  const entries: Entry[] = []
  try {
    for await (const item of decodeDump(each(chunks))) if ('kind' in item) entries.push(item)
  } catch (error) {
    if (!(error instanceof DumpDamage)) throw error
    return { entries, damage: error.message }
  }
  return { entries, damage: null }
}

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
const number = fc.oneof(fc.nat(300), fc.maxSafeNat())

const anyEntry: fc.Arbitrary<Entry> = fc.record({
  channel: fc.constant('notes'),
  target: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  subkey: bytes(128),
  kind: fc.constantFrom('immutable', 'mutable', 'peer', 'record', 'chunk'),
  owner: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 })),
  seq: number,
  round: number,
  signedAtMs: number,
  tombstone: fc.boolean(),
  value: bytes(400),
  proof: bytes(100),
  signature: bytes(64),
  expiresAtMs: number,
  heldUntilMs: number,
  storedAtMs: number,
})

const plain = (entry: Entry): object =>
  Object.fromEntries(
    Object.entries(entry).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    ]),
  )

test('entry codec: any entry comes back as it was', (t) => {
  const run = fc.check(
    fc.property(anyEntry, (entry) => {
      const decoded = decodeEntry(encodeEntry(entry), 'notes')
      return decoded !== null && JSON.stringify(plain(decoded)) === JSON.stringify(sorted(plain(entry), decoded))
    }),
  )
  t.is(run.counterexample, null, `seed ${run.seed}`)
})

/** The fields in the order of another one's. */
function sorted(fields: object, as: object): object {
  return Object.fromEntries(Object.keys(as).map((name) => [name, fields[name as keyof typeof fields]]))
}

test('entry codec: other bytes are nothing, and never throw', (t) => {
  const whole = encodeEntry(entryOf(1))
  for (let length = 0; length < whole.length; length++) t.is(decodeEntry(whole.subarray(0, length), ''), null)
  t.is(decodeEntry(Buffer.concat([whole, Buffer.alloc(1)]), ''), null, 'something behind it')
  const run = fc.check(
    fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
      decodeEntry(garbage, '')
    }),
  )
  t.is(run.counterexample, null, `seed ${run.seed}`)
})

test('dump: what is read is what was written, in chunks of any length', async (t) => {
  for (const count of [0, 1, 2, 700, 3000]) {
    const entries = Array.from({ length: count }, (_, n) =>
      entryOf(n, { channel: 'notes', value: new Uint8Array(n % 300) }),
    )
    const dump = await encode(entries)
    for (const size of [1_000_000, 65_536, 999]) {
      const chunks = []
      for (let at = 0; at < dump.length; at += size) chunks.push(dump.subarray(at, at + size))
      const read = await decode(...chunks)
      t.is(read.damage, null)
      t.alike(read.entries.map(plain), entries.map(plain), `${count} entries, chunks of ${size}`)
    }
  }
})

test('dump: an entry longer than a block is in a block of its own', async (t) => {
  const entries = [1, 2].map((n) => entryOf(n, { channel: 'notes', value: new Uint8Array(200_000).fill(n) }))
  const read = await decode(await encode(entries))
  t.is(read.damage, null)
  t.alike(read.entries.map(plain), entries.map(plain))
})

test('dump: one that is cut off anywhere is refused', async (t) => {
  const dump = await encode(Array.from({ length: 3 }, (_, n) => entryOf(n)))
  let taken = 0
  for (let length = 0; length < dump.length; length++) {
    const { damage } = await decode(dump.subarray(0, length))
    if (damage === null) taken++
  }
  t.is(taken, 0, `${dump.length} lengths`)
})

test('dump: one with any byte changed is refused, and nothing of the block with it is given', async (t) => {
  const entries = Array.from({ length: 3 }, (_, n) => entryOf(n))
  const dump = await encode(entries)
  let taken = 0
  for (let at = 0; at < dump.length; at++) {
    const changed = Buffer.from(dump)
    changed[at]! ^= 1 << (at % 8)
    const read = await decode(changed)
    if (read.damage === null) taken++
    const original = new Set(entries.map((entry) => JSON.stringify(plain({ ...entry, channel: 'notes' }))))
    if (read.entries.some((entry) => !original.has(JSON.stringify(sorted(plain(entry), plain(entries[0]!)))))) taken++
  }
  t.is(taken, 0, `${dump.length} bytes`)
})

test('dump: blocks that are left out, swapped or repeated, and what is put behind it, are refused', async (t) => {
  const big = (n: number): Entry => entryOf(n, { value: new Uint8Array(70_000).fill(n) })
  const chunks: Uint8Array[] = []
  for await (const chunk of encodeDump(HEADER, each([big(1), big(2), big(3)]))) chunks.push(chunk)
  const [header, one, two, three, end] = chunks as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  t.is(chunks.length, 5)
  t.is((await decode(header, one, two, three, end)).damage, null)
  for (const [what, ...parts] of [
    ['left out', header, one, three, end],
    ['swapped', header, two, one, three, end],
    ['repeated', header, one, one, two, three, end],
    ['appended', header, one, two, three, end, Uint8Array.of(0)],
    ['no header', one, two, three, end],
    ['nothing'],
  ] as [string, ...Uint8Array[]][]) {
    t.ok((await decode(...parts)).damage, what)
  }
})

test('dump: garbage is refused, whatever it is', async (t) => {
  const whole = await encode([entryOf(1)])
  const run = await fc.check(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.nat(60), async (garbage, kept) => {
      const { damage } = await decode(Buffer.concat([whole.subarray(0, kept), garbage]))
      return damage !== null
    }),
  )
  t.is(run.counterexample, null, `seed ${run.seed}`)
})
