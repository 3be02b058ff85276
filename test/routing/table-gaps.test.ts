/** What a table says about what it lacks. */
import test from 'brittle'
import * as fc from 'fast-check'
import { commonPrefixLength, ID_BITS } from '../../lib/primitives/id.js'
import { RoutingTable, type TableOptions } from '../../lib/routing/table.js'
import { contactOf, idLeavingAt, idsAround, seededRandom } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

const ZERO = new Uint8Array(32)
const UNLIMITED: TableOptions = { maxPerHostInBucket: Infinity, maxPerHostInTable: Infinity }

/** Contacts that share at least so many bits with the table's id. */
function sharing(table: RoutingTable, bits: number): number {
  return table.toArray().filter(({ id }) => commonPrefixLength(id, table.id) >= bits).length
}

/** The shallowest bucket of fewer than four in front of k deeper contacts. */
function gapOf(table: RoutingTable): number {
  for (let bits = 0; bits < ID_BITS; bits++) {
    const deeper = sharing(table, bits + 1)
    if (deeper >= table.k && sharing(table, bits) - deeper < 4) return bits
  }
  return -1
}

/** Offers contacts around our own id, and takes some of them out again. */
const anyTable = fc
  .tuple(fc.constantFrom(1, 2, 4, 20), fc.array(idsAround(ZERO), { maxLength: 120 }), fc.nat())
  .map(([k, ids, keep]) => {
    const table = new RoutingTable(ZERO, k, UNLIMITED)
    const contacts = ids.map((id, i) => contactOf(id, i))
    for (const contact of contacts) table.add(contact)
    for (const contact of contacts.slice(keep % (contacts.length + 1))) table.discard(contact)
    return table
  })

test('table: gap is the shallowest bucket that lacks what k deeper contacts promise', (t) => {
  let gaps = 0
  holds(
    t,
    fc.property(anyTable, (table) => {
      if (table.gap !== -1) gaps++
      return table.gap === gapOf(table)
    }),
    { numRuns: 500 },
  )
  t.ok(gaps > 50 && gaps < 450, `${gaps} of 500 have one`)
})

test('table: a gap appears and goes with contacts', (t) => {
  const table = new RoutingTable(ZERO, 4, UNLIMITED)
  const at = (depth: number, serial: number) => {
    const tail = seededRandom(serial).bytes(32)
    return contactOf(idLeavingAt(ZERO, depth, tail), serial)
  }
  t.is(table.gap, -1, 'an empty table has none')
  const shallow = Array.from({ length: 4 }, (_, i) => at(0, i))
  for (let i = 0; i < 3; i++) table.add(at(5, 100 + i))
  t.is(table.gap, -1, 'fewer than k promise nothing')
  table.add(at(6, 200))
  t.is(table.gap, 0)
  for (const contact of shallow) table.add(contact)
  t.is(table.gap, 1, 'the next one')
  table.discard(shallow[0]!)
  t.is(table.gap, 0)
})

test('table: a neighbour is who is among the k that share most bits with us', (t) => {
  let neighbours = 0
  holds(
    t,
    fc.property(anyTable, idsAround(ZERO), (table, id) => {
      const isNeighbour = sharing(table, commonPrefixLength(id, table.id)) < table.k
      if (isNeighbour) neighbours++
      return table.isNeighbour(id) === isNeighbour
    }),
    { numRuns: 500 },
  )
  t.ok(neighbours > 50 && neighbours < 480, `${neighbours} of 500`)
  const table = new RoutingTable(ZERO, 1, UNLIMITED)
  table.add(contactOf(idLeavingAt(ZERO, 255, ZERO), 1))
  t.ok(table.isNeighbour(ZERO), 'nobody is as near as ourselves')
  t.absent(table.isNeighbour(idLeavingAt(ZERO, 3, ZERO)))
})
