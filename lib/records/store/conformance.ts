/**
 * What every storage engine has to do, as checks for any test runner: each throws an error that says what it found instead.
 */
import b4a from 'b4a'
import { type Entry, entrySizeBytes } from '../entry.js'
import { toHex } from '../hex.js'
import type { ListQuery, RecordStore } from './contract.js'

/** A place to keep things in, empty at first. */
export interface StorePlace {
  /** A store on this place, not opened; the next one after `close` sees what it kept, where the engine is durable. */
  create(): RecordStore
  /** Whether entries are there after `close`. */
  readonly isDurable: boolean
}

export interface RecordStoreCheck {
  readonly title: string
  /** @param place empty, and of this check alone */
  run(place: StorePlace): Promise<void>
}

/** Values of test entries: from nothing to what a datagram holds, and beyond. */
const VALUE_BYTES = [0, 1, 100, 1000, 70_000]

/** Sizes of pages that are tried. */
const PAGE_LIMITS = [1, 2, 7, 1000]

/**
 * The checks of an engine, to be run one by one.
 *
 * @example
 * import { recordStoreChecks } from 'xorpc/records'
 * for (const { title, run } of recordStoreChecks) {
 *   test(title, () => run({ create: () => new MyStore(freshFolder()), isDurable: true }))
 * }
 */
export const recordStoreChecks: readonly RecordStoreCheck[] = [
  {
    title: 'an empty store has nothing',
    run: (place) =>
      opened(place, async (store) => {
        expect('get', await store.get(entryOf(1)), null)
        expect('delete', await store.delete(entryOf(1)), false)
        expect('list', (await store.list(queryOf(entryOf(1)))).entries.length, 0)
        expect('entries', (await collect(store.entries())).length, 0)
        expect('sweep', sumOf(await store.sweep(Number.MAX_SAFE_INTEGER, 10)), 0)
        expectUsage(store, [])
      }),
  },
  {
    title: 'entries of every kind and size come back as they were',
    run: (place) =>
      opened(place, async (store) => {
        const entries = everyForm()
        for (const entry of entries) await store.put(entry)
        for (const entry of entries) expectEntry('get', await store.get(entry), entry)
        expectEntries('entries', await collect(store.entries()), entries)
        expectUsage(store, entries)
      }),
  },
  {
    title: 'an entry takes the place of the one with its key, and only of that',
    run: (place) =>
      opened(place, async (store) => {
        const before = entryOf(1, { seq: 1, value: b4a.alloc(500), owner: b4a.alloc(32, 1) })
        const after = entryOf(1, { seq: 2, value: b4a.alloc(3), owner: b4a.alloc(32, 2), heldUntilMs: 9999 })
        const others = [entryOf(1, { channel: 'other' }), entryOf(1, { subkey: b4a.from('s') }), entryOf(2)]
        for (const entry of [before, ...others, after]) await store.put(entry)
        expectEntry('the newer one', await store.get(before), after)
        expectEntries('all', await collect(store.entries()), [after, ...others])
        expectUsage(store, [after, ...others])
      }),
  },
  {
    title: 'a deleted entry is gone, and no other one',
    run: (place) =>
      opened(place, async (store) => {
        const entries = [1, 2, 3].map((n) => entryOf(n))
        for (const entry of entries) await store.put(entry)
        expect('delete', await store.delete(entries[1]!), true)
        expect('delete again', await store.delete(entries[1]!), false)
        expect('get', await store.get(entries[1]!), null)
        expectEntries('the others', await collect(store.entries()), [entries[0]!, entries[2]!])
        expectUsage(store, [entries[0]!, entries[2]!])
      }),
  },
  {
    title: 'pages list the entries of one key in the order of their subkeys, each once',
    run: (place) =>
      opened(place, async (store) => {
        // Subkeys that are beginnings of others, and bytes at both ends of the order.
        const subkeys = ['', '00', '0000', '01', 'fe', 'ff', 'ff00', 'ffff'].map((hex) => b4a.from(hex, 'hex'))
        const entries = subkeys.map((subkey) => entryOf(7, { subkey }))
        const strangers = [entryOf(6), entryOf(8), entryOf(7, { channel: 'other' })]
        for (const entry of [...entries, ...strangers].reverse()) await store.put(entry)
        for (const limit of PAGE_LIMITS) {
          expectEntries(`pages of ${limit}`, await listAll(store, { ...queryOf(entries[0]!), limit }), entries, true)
        }
        expect('countOf', store.countOf('', entries[0]!.target), entries.length)
      }),
  },
  {
    title: 'a page ends before it exceeds its bytes, but has one entry at least',
    run: (place) =>
      opened(place, async (store) => {
        const entries = [300, 300, 300, 5000, 10].map((size, i) =>
          entryOf(7, {
            subkey: Uint8Array.of(i),
            value: b4a.alloc(size, i),
            signature: b4a.alloc(0),
            proof: b4a.alloc(0),
          }),
        )
        for (const entry of entries) await store.put(entry)
        const page = await store.list({ ...queryOf(entries[0]!), limitBytes: 650 })
        expectEntries('the first page', page.entries, entries.slice(0, 2), true)
        const all = await listAll(store, { ...queryOf(entries[0]!), limitBytes: 650 })
        expectEntries('all pages', all, entries, true)
      }),
  },
  {
    title: 'a list since a time has what was stored then and later',
    run: (place) =>
      opened(place, async (store) => {
        const entries = [10, 20, 30].map((storedAtMs) => entryOf(7, { storedAtMs, subkey: Uint8Array.of(storedAtMs) }))
        for (const entry of entries) await store.put(entry)
        const page = await store.list({ ...queryOf(entries[0]!), sinceMs: 20 })
        expectEntries('since 20', page.entries, entries.slice(1), true)
      }),
  },
  {
    title: 'a sweep takes those whose time is over, as many as it may, says of which channels, and leaves the rest',
    run: (place) =>
      opened(place, async (store) => {
        const entries = Array.from({ length: 250 }, (_, n) =>
          entryOf(n, { channel: n % 3 === 0 ? 'third' : '', heldUntilMs: 1000 + n, expiresAtMs: 5 }),
        )
        for (const entry of entries) await store.put(entry)
        const moved = entryOf(3, { channel: 'third', heldUntilMs: 5000 }) // its first time must not end it
        await store.put(moved)
        let ofThird = 0
        const sweep = async (nowMs: number, limit: number): Promise<number> => {
          const counts = await store.sweep(nowMs, limit)
          ofThird += counts.get('third') ?? 0
          return sumOf(counts)
        }
        expect('too early', await sweep(999, 1000), 0)
        expect('at the instant', await sweep(1000, 1000), 1)
        expect('a limit', await sweep(1219, 20), 20)
        expect('the rest', await sweep(1219, 1000), 198)
        expect('of a channel', ofThird, entries.slice(0, 220).filter(({ channel }) => channel !== '').length - 1)
        const left = [...entries.slice(220), moved]
        expectEntries('what is left', await collect(store.entries()), left)
        expectUsage(store, left)
      }),
  },
  {
    title: 'channels have nothing to do with each other',
    run: (place) =>
      opened(place, async (store) => {
        const entries = ['', 'a', 'ab', 'b'].map((channel, n) => entryOf(1, { channel, value: b4a.alloc(n) }))
        for (const entry of entries) await store.put(entry)
        for (const entry of entries) {
          expectEntries(`'${entry.channel}'`, await collect(store.entries(entry.channel)), [entry])
          expect('usage', store.usage(entry.channel).bytes, entrySizeBytes(entry))
        }
        expectUsage(store, entries)
      }),
  },
  {
    title: 'writers of different keys do not disturb each other',
    run: (place) =>
      opened(place, async (store) => {
        const entries = Array.from({ length: 200 }, (_, n) => entryOf(n, { owner: b4a.alloc(32, n % 3) }))
        await Promise.all(entries.map((entry) => store.put(entry)))
        const gone = entries.filter((_, n) => n % 4 === 0)
        const kept = entries.filter((_, n) => n % 4 !== 0)
        await Promise.all([...gone.map((entry) => store.delete(entry)), ...kept.map((entry) => store.put(entry))])
        expectEntries('what is left', await collect(store.entries()), kept)
        expectUsage(store, kept)
      }),
  },
  {
    title: 'entries are walked while others come and go',
    run: (place) =>
      opened(place, async (store) => {
        const entries = Array.from({ length: 300 }, (_, n) => entryOf(n))
        for (const entry of entries) await store.put(entry)
        const seen: Entry[] = []
        for await (const entry of store.entries()) {
          seen.push(entry)
          const n = seen.length
          if (n <= 50) await store.put(entryOf(1000 + n))
          if (n <= 50) await store.delete(entryOf(299 - n))
        }
        const keys = new Set(seen.map(keyText))
        const stayed = entries.slice(0, 249).filter((entry) => !keys.has(keyText(entry)))
        expect('entries that stayed and were not walked', stayed.length, 0)
      }),
  },
  {
    title: 'what was kept is there for the next store on the place, and counted the same',
    run: async (place) => {
      const entries = everyForm()
      const store = place.create()
      await store.open()
      for (const entry of entries) await store.put(entry)
      await store.delete(entries[0]!)
      await store.close()
      const kept = place.isDurable ? entries.slice(1) : []
      await opened(place, async (next) => {
        expectEntries('entries', await collect(next.entries()), kept)
        expectUsage(next, kept)
        expect('swept', sumOf(await next.sweep(Number.MAX_SAFE_INTEGER, 1000)), kept.length)
        expectUsage(next, [])
      })
    },
  },
  {
    title: 'a closed store refuses everything, and closing again does nothing',
    run: async (place) => {
      const store = place.create()
      await store.open()
      await store.put(entryOf(1))
      await store.close()
      await store.close()
      for (const call of [
        () => store.open(),
        () => store.get(entryOf(1)),
        () => store.put(entryOf(1)),
        () => store.delete(entryOf(1)),
        () => store.list(queryOf(entryOf(1))),
        () => store.sweep(1, 1),
        () => collect(store.entries()),
      ]) {
        let outcome = 'refused'
        try {
          await call()
          outcome = 'done'
        } catch {
          // As it should be.
        }
        expect(String(call), outcome, 'refused')
      }
    },
  },
]

async function opened(place: StorePlace, action: (store: RecordStore) => Promise<void>): Promise<void> {
  const store = place.create()
  await store.open()
  try {
    await action(store)
  } finally {
    await store.close()
  }
}

/** An entry that differs from those of other numbers in its key. */
function entryOf(n: number, changes: Partial<Entry> = {}): Entry {
  const target = b4a.alloc(32, n % 256)
  target[0] = n >> 8
  return {
    channel: '',
    target,
    subkey: b4a.alloc(0),
    kind: 'record',
    owner: null,
    seq: n,
    round: 0,
    signedAtMs: 1000,
    tombstone: false,
    value: b4a.from(`value ${n}`),
    proof: b4a.from('proof'),
    signature: b4a.alloc(64, n % 256),
    expiresAtMs: 2_000_000_000_000,
    heldUntilMs: 2_000_000_000_000,
    storedAtMs: 1000,
    ...changes,
  }
}

function everyForm(): Entry[] {
  const owner = b4a.alloc(32, 0xff)
  const kinds = (['immutable', 'mutable', 'peer', 'record', 'chunk'] as const).map((kind, n) =>
    entryOf(n + 1, { kind }),
  )
  const sizes = VALUE_BYTES.map((size, i) => entryOf(300 + i, { value: b4a.alloc(size, i), owner }))
  const odd = [
    entryOf(400, { tombstone: true, value: b4a.alloc(0), proof: b4a.alloc(0), signature: b4a.alloc(0) }),
    entryOf(401, { seq: Number.MAX_SAFE_INTEGER, round: 252, signedAtMs: 2 ** 48, heldUntilMs: 2 ** 48 }),
    entryOf(402, { seq: 0, signedAtMs: 0, expiresAtMs: 0, heldUntilMs: 0, storedAtMs: 0 }),
    entryOf(403, { channel: 'a channel – of 32 characters', subkey: b4a.alloc(128, 0xff), owner }),
    { ...entryOf(404), target: b4a.alloc(32, 0) },
    { ...entryOf(405), target: b4a.alloc(32, 0xff), subkey: b4a.from('x') },
  ]
  return [...kinds, ...sizes, ...odd]
}

function queryOf({ channel, target }: Entry): ListQuery {
  return { channel, target, after: null, sinceMs: 0, limit: 1000, limitBytes: 1_000_000 }
}

async function listAll(store: RecordStore, query: ListQuery): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let after: Uint8Array | null = null; ;) {
    const page: Awaited<ReturnType<RecordStore['list']>> = await store.list({ ...query, after })
    if (page.entries.length > query.limit) throw new Error(`a page of ${page.entries.length}, more than ${query.limit}`)
    entries.push(...page.entries)
    if (page.next === null) return entries
    after = page.next
  }
}

async function collect(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const all: Entry[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function keyText({ channel, target, subkey }: Entry): string {
  return `${toHex(target)}/${toHex(subkey)}/${channel}`
}

/** An entry as a text that differs when anything in it does. */
function entryText(entry: Entry | null): string {
  if (entry === null) return 'nothing'
  const fields = Object.entries(entry).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Uint8Array ? toHex(value) : value,
  ])
  return JSON.stringify(fields.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
}

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: got ${String(actual)}, expected ${String(expected)}`)
}

function expectEntry(what: string, actual: Entry | null, expected: Entry): void {
  expect(what, entryText(actual), entryText(expected))
}

function expectEntries(what: string, actual: readonly Entry[], expected: readonly Entry[], inOrder = false): void {
  const texts = (entries: readonly Entry[]): string => {
    const all = entries.map(entryText)
    return (inOrder ? all : all.sort()).join('\n')
  }
  expect(`${what}, number`, actual.length, expected.length)
  expect(what, texts(actual), texts(expected))
}

/** The counts are those of exactly these entries. */
function expectUsage(store: RecordStore, entries: readonly Entry[]): void {
  const check = (what: string, usage: { entries: number; bytes: number }, counted: readonly Entry[]): void => {
    expect(`${what}, entries`, usage.entries, counted.length)
    expect(
      `${what}, bytes`,
      usage.bytes,
      counted.reduce((sum, entry) => sum + entrySizeBytes(entry), 0),
    )
  }
  check('usage', store.usage(), entries)
  for (const { channel, owner, target } of entries) {
    const ofChannel = entries.filter((entry) => entry.channel === channel)
    check(`usage of channel '${channel}'`, store.usage(channel), ofChannel)
    const ofKey = ofChannel.filter((entry) => toHex(entry.target) === toHex(target))
    expect('countOf', store.countOf(channel, target), ofKey.length)
    if (owner === null) continue
    const ofOwner = ofChannel.filter((entry) => entry.owner !== null && toHex(entry.owner) === toHex(owner))
    check('usage of an owner', store.usageOfOwner(channel, owner), ofOwner)
  }
}
