import test from 'brittle'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { commonPrefixLength, compareDistance, ID_BITS, sameId } from '../../lib/primitives/id.js'
import type { Contact } from '../../lib/routing/contact.js'
import type { TableOptions } from '../../lib/routing/table.js'
import { RoutingTable } from '../../lib/routing/table.js'
import { anyId, contactOf, fromHex, idLeavingAt, idsAround, seededRandom, toHex } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

const ZERO = new Uint8Array(32)
const UNLIMITED: TableOptions = { maxPerHostInBucket: Infinity, maxPerHostInTable: Infinity }

interface Step {
  op: 'add' | 'remove' | 'get' | 'closest' | 'toArray'
  id: string
  target: string
  k: number | null
  result: boolean | string[]
  full: { row: number; id: string } | null
  found: boolean
  size: number
}

interface Sequence {
  name: string
  tableId: string
  k: number
  steps: Step[]
  rows: { row: number; ids: string[] }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/routing-table.json', import.meta.url), 'utf8'),
) as {
  sequences: Sequence[]
}

function bruteForce(table: RoutingTable, target: Uint8Array, n: number): Contact[] {
  const sorted = table.toArray().toSorted((a, b) => compareDistance(target, a.id, b.id))
  return sorted.slice(0, Math.max(0, n))
}

/** Everything the table says about itself must be the same set. */
function disagreement(table: RoutingTable): string | null {
  const all = table.toArray()
  const listed = [...table.recency]
  if (all.length !== table.size) return 'toArray and size'
  if (listed.length !== table.size || table.recency.length !== table.size) return 'list and size'
  if (new Set(all).size !== all.length) return 'contact twice'
  for (const contact of all) {
    if (!listed.includes(contact)) return 'contact not listed'
    if (table.get(contact.id) !== contact) return 'get'
    if (table.byKey(contact.key) !== contact) return 'byKey'
    const bucket = table.bucketOf(contact.id)
    if (!bucket.includes(contact)) return 'bucketOf'
    if (bucket.length > table.k) return 'bucket too long'
  }
  return null
}

/** A table around `base` with up to 80 contacts, many of them deep, and targets near and far. */
const scenario = anyId().chain((base) =>
  fc.record({
    base: fc.constant(base),
    ids: fc.array(fc.oneof(idsAround(base), anyId()), { maxLength: 80 }),
    targets: fc.array(fc.oneof(idsAround(base), anyId(), fc.constant(base)), { minLength: 1, maxLength: 5 }),
    k: fc.constantFrom(1, 3, 20, 64),
    n: fc.integer({ min: 0, max: 40 }),
  }),
)

test('table: closest is exact and sorted by XOR distance', (t) => {
  holds(
    t,
    fc.property(scenario, ({ base, ids, targets, k, n }) => {
      const table = new RoutingTable(base, k)
      ids.forEach((id, i) => table.add(contactOf(id, i)))
      // A contact as target, and its neighbour.
      const more = ids.slice(0, 2).flatMap((id) => [id, idLeavingAt(id, ID_BITS - 1, id)])
      for (const target of [...targets, ...more]) {
        const expected = bruteForce(table, target, n)
        const actual = table.closest(target, n)
        if (actual.length !== expected.length || actual.some((x, i) => x !== expected[i])) return false
      }
      return true
    }),
    { numRuns: 1000 },
  )
})

test('table: closest is exact in a large table of random ids', (t) => {
  const random = seededRandom(1)
  const table = new RoutingTable(random.bytes(32))
  for (let i = 0; i < 5000; i++) table.add(contactOf(random.bytes(32), i))
  t.ok(table.size > 150, `${table.size} contacts`)
  let wrong = 0
  for (let i = 0; i < 1000; i++) {
    const target = i % 2 === 0 ? random.bytes(32) : idLeavingAt(table.id, random.below(16), random.bytes(32))
    const n = i % 41
    const expected = bruteForce(table, target, n)
    const actual = table.closest(target, n)
    if (actual.length !== expected.length || actual.some((x, j) => x !== expected[j])) wrong++
  }
  t.is(wrong, 0)
})

test('table: closest is exact in buckets of 300 that differ in their last bits only', (t) => {
  const random = seededRandom(8)
  const own = random.bytes(32)
  const table = new RoutingTable(own, 300)
  const near = (): Uint8Array => {
    const id = idLeavingAt(own, 3, ZERO)
    id.set(random.bytes(2), 30)
    return id
  }
  for (let i = 0; i < 400; i++) table.add(contactOf(near(), i))
  t.is(table.size, 300)
  for (const n of [1, 20, 299, 300, 301]) {
    const target = near()
    const expected = bruteForce(table, target, n)
    t.ok(table.closest(target, n).every((x, i) => x === expected[i]) && expected.length === Math.min(n, 300), `${n}`)
  }
})

test('table: closest gives k contacts unless asked for another number', (t) => {
  const random = seededRandom(2)
  const table = new RoutingTable(random.bytes(32), 5)
  for (let i = 0; i < 100; i++) table.add(contactOf(random.bytes(32), i))
  t.is(table.closest(random.bytes(32)).length, 5)
  t.is(table.closest(random.bytes(32), 0).length, 0)
  t.is(table.closest(random.bytes(32), -1).length, 0)
  t.is(table.closest(random.bytes(32), 1000).length, table.size)
})

test('table: a partly filled bucket is topped up with the nearest, not the farthest contacts (W-C4)', (t) => {
  const table = new RoutingTable(ZERO, 20)
  const add = (index: number, serial: number) =>
    table.add(contactOf(idLeavingAt(ZERO, index, seededRandom(serial).bytes(32)), serial))
  for (let i = 0; i < 16; i++) add(2, i)
  for (let i = 16; i < 36; i++) add(0, i)
  for (let i = 36; i < 40; i++) add(5, i)
  const found = table.closest(idLeavingAt(ZERO, 2, ZERO), 20)
  t.is(found.filter((x) => commonPrefixLength(x.id, ZERO) === 0).length, 0)
  t.is(found.filter((x) => commonPrefixLength(x.id, ZERO) === 5).length, 4)
})

test('table: outcomes of add', (t) => {
  const table = new RoutingTable(ZERO, 2)
  const [a, b, c] = [1, 2, 3].map((i) => contactOf(fromHex(`8${i}`.padEnd(64, '0')), i)) as [Contact, Contact, Contact]
  t.is(table.add(contactOf(ZERO, 9)), 'self')
  t.is(table.add(a), 'added')
  t.is(table.add(a), 'known')
  t.is(table.add(contactOf(a.id, 8)), 'known', 'same id at another address')
  t.is(table.add(contactOf(c.id, 1)), 'known', 'same address with another id')
  t.is(table.get(a.id), a, 'the existing record stays')
  t.is(table.add(b), 'added')
  t.is(table.add(c), 'full')
  t.is(table.remove(a.id), a)
  t.is(table.remove(a.id), null)
  t.is(table.add(c), 'added')
  t.is(table.size, 2)
})

test('table: discard spares a younger record of the same id (W-C15)', (t) => {
  const table = new RoutingTable(ZERO)
  const id = fromHex('80'.padEnd(64, '0'))
  const stale = contactOf(id, 1)
  table.add(stale)
  table.remove(id)
  const live = contactOf(id, 1)
  table.add(live)
  t.absent(table.discard(stale))
  t.is(table.get(id), live)
  t.is(disagreement(table), null)
  t.ok(table.discard(live))
  t.is(table.size, 0)
  t.is(table.recency.length, 0)
})

test('table: touch moves to newest, and cannot bring a removed record back', (t) => {
  const table = new RoutingTable(ZERO)
  const [a, b] = [1, 2].map((i) => contactOf(fromHex(`8${i}`.padEnd(64, '0')), i)) as [Contact, Contact]
  table.add(a)
  table.add(b)
  table.touch(a)
  t.is(table.recency.latest, a)
  t.is(table.recency.oldest, b)
  table.remove(a.id)
  table.touch(a)
  t.is(table.recency.latest, b)
  t.is(table.recency.length, 1)
})

test('table: a host has at most 2 contacts in a bucket and 10 in the table (W-S8)', (t) => {
  const random = seededRandom(3)
  const table = new RoutingTable(ZERO)
  const ip = parseIPv4('8.8.8.8')
  const outcomes = (depth: number, count: number) =>
    Array.from({ length: count }, (_, i) =>
      table.add(contactOf(idLeavingAt(ZERO, depth, random.bytes(32)), depth * 100 + i, ip)),
    )
  t.alike(outcomes(0, 4), ['added', 'added', 'refused', 'refused'])
  for (let depth = 1; depth < 5; depth++) t.alike(outcomes(depth, 2), ['added', 'added'])
  t.alike(outcomes(5, 1), ['refused'], 'ten in the table')
  const first = table.bucketOf(idLeavingAt(ZERO, 0, ZERO))[0]!
  table.remove(first.id)
  t.alike(outcomes(6, 2), ['added', 'refused'], 'a removal frees a place')
  t.is(table.add(contactOf(idLeavingAt(ZERO, 0, random.bytes(32)), 999)), 'added', 'another host')
})

test('table: a full bucket refuses a host that has enough before it asks for a replacement', (t) => {
  const table = new RoutingTable(ZERO, 2)
  const ip = parseIPv4('8.8.8.8')
  const outcomes = [1, 2, 3].map((i) => table.add(contactOf(fromHex(`8${i}`.padEnd(64, '0')), i, ip)))
  t.alike(outcomes, ['added', 'added', 'refused'])
  t.is(table.add(contactOf(fromHex('84'.padEnd(64, '0')), 4)), 'full')
})

test('table: loopback and private hosts have no limit', (t) => {
  for (const host of ['127.0.0.1', '10.0.0.1', '172.16.0.9', '192.168.1.1', '100.64.0.1']) {
    const random = seededRandom(4)
    const table = new RoutingTable(ZERO)
    let added = 0
    for (let i = 0; i < 40; i++) if (table.add(contactOf(random.bytes(32), i, parseIPv4(host))) === 'added') added++
    t.ok(added > 20, `${host}: ${added}`)
  }
})

test('table: limits for a host are options', (t) => {
  const random = seededRandom(5)
  const ip = parseIPv4('8.8.8.8')
  const table = new RoutingTable(ZERO, 20, UNLIMITED)
  for (let i = 0; i < 15; i++) t.is(table.add(contactOf(random.bytes(32), i, ip)), 'added')
})

test('table: buckets, lookups and list agree after any additions, removals and touches', (t) => {
  const step = fc.tuple(fc.constantFrom('add', 'add', 'add', 'remove', 'discard', 'touch'), fc.nat(29), fc.boolean())
  const input = fc.record({ ids: fc.array(idsAround(ZERO), { minLength: 30, maxLength: 30 }), steps: fc.array(step) })
  holds(
    t,
    fc.property(input, ({ ids, steps }) => {
      const table = new RoutingTable(ZERO, 3)
      const records: Contact[] = ids.map((id, i) => contactOf(id, i))
      for (const [op, index, renew] of steps) {
        if (renew) records[index] = contactOf(ids[index]!, index, index % 3 === 0 ? parseIPv4('9.9.9.9') : undefined)
        const contact = records[index]!
        const before = table.size
        if (op === 'add') {
          const outcome = table.add(contact)
          if ((outcome === 'added') !== (table.size === before + 1)) return false
        } else if (op === 'touch') table.touch(contact)
        else if (op === 'discard') {
          if (table.discard(contact) !== (table.size === before - 1)) return false
        } else if ((table.remove(contact.id) !== null) !== (table.size === before - 1)) return false
        if (disagreement(table) !== null) return false
      }
      for (const contact of table.toArray()) table.remove(contact.id)
      return table.size === 0 && table.recency.latest === null && table.closest(ZERO).length === 0
    }),
  )
})

test('table: random picks every contact equally often', (t) => {
  const random = seededRandom(6)
  const table = new RoutingTable(ZERO)
  t.is(table.random(random), null)
  for (let i = 0; i < 12; i++) table.add(contactOf(idLeavingAt(ZERO, i % 5, random.bytes(32)), i))
  const counts = new Map<Contact, number>()
  for (let i = 0; i < 12000; i++) {
    const contact = table.random(random)!
    counts.set(contact, (counts.get(contact) ?? 0) + 1)
  }
  t.is(counts.size, 12)
  for (const count of counts.values()) t.ok(Math.abs(count - 1000) < 150, `${count} of about 1000`)
})

test('table: moveTo keeps records, order of recency and limits, and names what it drops (W-C26)', (t) => {
  const random = seededRandom(7)
  const own = random.bytes(32)
  const old = new RoutingTable(own)
  for (let i = 0; i < 400; i++) {
    old.add(contactOf(idLeavingAt(own, random.below(12), random.bytes(32)), i, undefined, i))
  }
  const before = [...old.recency]
  const next = random.bytes(32)
  const { table, dropped } = old.moveTo(next)
  t.is(old.size, 0)
  t.is(old.recency.length, 0)
  t.ok(dropped.length > 0)
  t.is(table.size + dropped.length, before.length)
  t.is(disagreement(table), null)
  t.alike(
    [...table.recency].map((x) => x.key),
    before.filter((x) => !dropped.includes(x)).map((x) => x.key),
  )
  t.ok(
    dropped.every((x) => table.bucketOf(x.id).every((kept) => kept.addedAt < x.addedAt)),
    'the longest known stay',
  )
})

test('table: moveTo drops the contact that is ourselves', (t) => {
  const old = new RoutingTable(ZERO)
  const self = contactOf(fromHex('80'.padEnd(64, '0')), 1)
  old.add(self)
  const { table, dropped } = old.moveTo(self.id)
  t.is(table.size, 0)
  t.alike(dropped, [self])
})

test('table: vectors, but for the order of closest, adding our own id and replacing a record', (t) => {
  for (const sequence of vectors.sequences) {
    const own = fromHex(sequence.tableId)
    const table = new RoutingTable(own, sequence.k)
    // There our own id is a contact; here it is not.
    let extra = 0
    const failed = sequence.steps.findIndex((step, i) => {
      if (step.op === 'add') {
        const outcome = table.add(contactOf(fromHex(step.id), i))
        if (step.id === sequence.tableId) {
          extra = 1
          return outcome !== 'self'
        }
        const isExpected = step.full === null ? outcome === 'added' || outcome === 'known' : outcome === 'full'
        return !isExpected || table.size + extra !== step.size
      }
      if (step.op === 'remove') {
        return (table.remove(fromHex(step.id)) !== null) !== step.result || table.size + extra !== step.size
      }
      if (step.op === 'get') return table.has(fromHex(step.id)) !== step.found
      const theirs = (step.result as string[]).filter((hex) => hex !== sequence.tableId)
      if (step.op === 'toArray') return !sameSet(theirs, table.toArray())
      return !isAtLeastAsClose(fromHex(step.target), table.closest(fromHex(step.target), step.k ?? 20), theirs)
    })
    t.is(failed, -1, `${sequence.name}: ${sequence.steps.length} steps`)
    const rows = sequence.rows.flatMap((row) => row.ids).filter((hex) => hex !== sequence.tableId)
    t.ok(sameSet(rows, table.toArray()), `${sequence.name}: contents at the end`)
  }
})

function sameSet(ids: string[], contacts: Contact[]): boolean {
  return JSON.stringify(ids.toSorted()) === JSON.stringify(contacts.map((x) => toHex(x.id)).toSorted())
}

/** Theirs, sorted, is nowhere nearer than ours. */
function isAtLeastAsClose(target: Uint8Array, ours: Contact[], theirs: string[]): boolean {
  const sorted = theirs.map(fromHex).toSorted((a, b) => compareDistance(target, a, b))
  return sorted.every((id, i) => {
    const mine = ours[i]?.id
    return mine !== undefined && (sameId(mine, id) || compareDistance(target, mine, id) < 0)
  })
}
