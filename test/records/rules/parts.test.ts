import b4a from 'b4a'
import test from 'brittle'
import fc from 'fast-check'
import {
  childFor,
  childrenOfPart,
  type CollectionEntry,
  covers,
  decodePart,
  encodePart,
  entriesOf,
  entryBytes,
  inheritedBy,
  type Part,
  PartIndex,
  partName,
  placeOfKey,
  rangeOfPart,
  ROOT,
} from '../../../lib/records/rules/parts.js'
import { nextPeers } from '../../../lib/records/rules/turns.js'
import { holds } from '../../helpers/properties.js'

const entries = fc
  .array(fc.record({ key: fc.uint8Array({ maxLength: 20 }), value: fc.uint8Array({ maxLength: 40 }) }), {
    maxLength: 40,
  })
  .map(byName)
const ranges = fc
  .integer({ min: 0, max: 12 })
  .chain((half) => fc.integer({ min: 0, max: 2 ** (2 * half) - 1 }).map((value) => ({ bits: 2 * half, value })))

function byName(some: readonly CollectionEntry[]): Map<string, CollectionEntry> {
  return new Map(some.map((entry) => [b4a.toString(entry.key, 'hex'), entry]))
}

test('parts: what is encoded reads back, and takes the bytes it should', (t) => {
  holds(
    t,
    fc.property(entries, fc.boolean(), (some, isSplit) => {
      const bytes = encodePart({ isSplit, entries: some })
      const size = [...some.values()].reduce((sum, entry) => sum + entryBytes(entry), 1)
      const read = decodePart(bytes)!
      if (bytes.length !== size || read.isSplit !== isSplit || read.entries.size !== some.size) {
        throw new Error('differs')
      }
      for (const [name, { value }] of some) {
        if (!b4a.equals(read.entries.get(name)!.value, value)) throw new Error('another value')
      }
    }),
  )
})

test('parts: the decoder survives any bytes', (t) => {
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      decodePart(bytes)
      rangeOfPart(bytes)
    }),
  )
  t.is(decodePart(Uint8Array.of(2)), null)
  t.is(rangeOfPart(Uint8Array.of(0, 0, 0, 3)), null)
  t.is(rangeOfPart(Uint8Array.of(0, 0, 1, 2)), null)
})

test('parts: a name says which entries a part covers', (t) => {
  holds(
    t,
    fc.property(ranges, fc.uint8Array({ maxLength: 20 }), (range, key) => {
      const read = rangeOfPart(partName(range))!
      if (read.bits !== range.bits || read.value !== range.value) throw new Error('another range')
      const place = placeOfKey(key)
      const children = childrenOfPart(range).filter((child) => covers(child, place))
      if (covers(range, place) && range.bits < 24) {
        if (children.length !== 1) throw new Error(`${children.length} children`)
        const child = childFor(range, place)!
        if (child.value !== children[0]!.value) throw new Error('another child')
      } else if (children.length !== 0) throw new Error('a child covers what the part does not')
    }),
  )
  t.is(childFor({ bits: 24, value: 0 }, 0), null)
})

test('parts: in every step of a split the entries are all there', (t) => {
  holds(
    t,
    fc.property(entries, (some) => {
      const root: Part = { ...ROOT, content: { isSplit: false, entries: some } }
      const marked: Part = { ...ROOT, content: { isSplit: true, entries: some } }
      const children: Part[] = childrenOfPart(ROOT).map((child) => ({
        ...child,
        content: { isSplit: false, entries: inheritedBy(child, marked.content) },
      }))
      const cleared: Part = { ...ROOT, content: { isSplit: true, entries: new Map() } }
      const steps = [[root], [marked], [marked, ...children.slice(0, 2)], [marked, ...children], [cleared, ...children]]
      for (const step of steps) {
        const all = entriesOf(step)
        if (all.size !== some.size) throw new Error(`${all.size} of ${some.size}`)
      }
      // The child decides, also where it has deleted what its parent still has.
      const emptied = { ...children[0]!, content: { isSplit: false, entries: new Map<string, CollectionEntry>() } }
      const left = entriesOf([marked, emptied])
      if (left.size !== some.size - children[0]!.content.entries.size) throw new Error('the parent decides')
      const index = new PartIndex([marked, emptied])
      for (const { key } of some.values()) {
        const place = placeOfKey(key)
        if (index.deepestAt(place) !== (covers(emptied, place) ? emptied : marked)) throw new Error('not the deepest')
      }
    }),
  )
  t.is(new PartIndex([]).deepestAt(0), null)
})

test('turns: everybody has his, and nobody twice at a time', (t) => {
  const all = ['a', 'b', 'c', 'd', 'e']
  t.alike(nextPeers(all, 0, 3), ['a', 'b', 'c'])
  t.alike(nextPeers(all, 3, 3), ['d', 'e', 'a'])
  t.alike(nextPeers(all, 1, 9), ['b', 'c', 'd', 'e', 'a'])
  t.alike(nextPeers([], 0, 3), [])
})
