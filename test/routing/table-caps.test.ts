/** What one host, and one /24, may have of a table. */
import test from 'brittle'
import * as fc from 'fast-check'
import { parseIPv4 } from '../../lib/primitives/address.js'
import {
  type AddOutcome,
  MAX_PER_SUBNET_IN_BUCKET,
  MAX_PER_SUBNET_IN_TABLE,
  RoutingTable,
  type TableOptions,
} from '../../lib/routing/table.js'
import type { Contact } from '../../lib/routing/contact.js'
import { contactOf, idLeavingAt, seededRandom } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

const SELF = new Uint8Array(32)
const SUBNET = parseIPv4('20.1.2.0')
const CAPS = { maxPerSubnetInBucket: MAX_PER_SUBNET_IN_BUCKET, maxPerSubnetInTable: MAX_PER_SUBNET_IN_TABLE }

let serial = 0

/** A contact of the bucket at this index, at this address. */
function at(index: number, ip: number): Contact {
  serial++
  return contactOf(idLeavingAt(SELF, index, seededRandom(serial).bytes(32)), serial, ip)
}

/** Adds hosts of one /24 to the buckets at these indices, one each. */
function addAll(table: RoutingTable, indices: readonly number[], subnet = SUBNET): AddOutcome[] {
  return indices.map((index, i) => table.add(at(index, subnet + i)))
}

const times = (count: number, index: number): number[] => Array.from({ length: count }, () => index)
const added = (outcomes: readonly AddOutcome[]): number => outcomes.filter((outcome) => outcome === 'added').length

test('table: without options a /24 is not capped, a host is', (t) => {
  const table = new RoutingTable(SELF)
  t.is(added(addAll(table, times(20, 0))), 20)
  t.is(added(times(5, 1).map((index) => table.add(at(index, SUBNET + 250)))), 2)
})

test('table: a /24 gets four places in a bucket and twenty in the table', (t) => {
  const table = new RoutingTable(SELF, 20, CAPS)
  t.alike(addAll(table, times(6, 0)), ['added', 'added', 'added', 'added', 'refused', 'refused'])
  t.is(table.add(at(0, SUBNET + 256)), 'added', 'the next /24 has places of its own')
  for (const index of [1, 2, 3, 4]) t.is(added(addAll(table, times(4, index))), 4)
  t.alike(addAll(table, [5, 6]), ['refused', 'refused'], 'twenty in the table')
  const [one] = table.bucketOf(idLeavingAt(SELF, 2, SELF))
  table.discard(one!)
  t.alike(addAll(table, [6, 7]), ['added', 'refused'], 'a removal frees a place')
})

test('table: a full bucket refuses who is capped, so that nobody is asked to make room for it', (t) => {
  const table = new RoutingTable(SELF, 20, CAPS)
  for (let i = 0; i < 5; i++) addAll(table, times(4, 0), SUBNET + 256 * i)
  t.is(table.bucketOf(idLeavingAt(SELF, 0, SELF)).length, 20)
  t.is(table.add(at(0, SUBNET + 9)), 'refused')
  t.is(table.add(at(0, SUBNET + 256 * 9)), 'full')
})

test('table: hosts of our own network are exempt, and whether they are may change', (t) => {
  let home = false
  const table = new RoutingTable(SELF, 20, { ...CAPS, isNear: (ip) => home && ip >>> 24 === 10 })
  const subnet = parseIPv4('10.0.0.0')
  t.is(added(addAll(table, times(10, 0), subnet)), 4, 'from outside, private addresses are as any')
  home = true
  t.is(added(addAll(table, times(10, 0), subnet + 100)), 10)
  t.is(added(times(5, 1).map((index) => table.add(at(index, subnet)))), 5)
  home = false
  t.is(added(addAll(table, times(5, 2), subnet)), 1, 'nineteen are there: who came in at home counts too')
  for (const contact of table.toArray()) table.discard(contact)
  t.is(added(addAll(table, times(10, 0), subnet)), 4, 'and the count is right again')
})

test('table: loopback and private addresses are exempt where nothing else is said', (t) => {
  for (const host of ['127.0.0.1', '10.0.0.1', '192.168.1.1', '172.16.0.1', '100.64.0.1', '169.254.0.1']) {
    const table = new RoutingTable(SELF, 20, CAPS)
    t.is(added(times(20, 0).map((index) => table.add(at(index, parseIPv4(host))))), 20, host)
  }
})

test('table: the caps move with the contacts to another id', (t) => {
  const table = new RoutingTable(SELF, 20, CAPS)
  for (const index of [0, 1, 2, 3, 4]) addAll(table, times(4, index))
  const { table: moved, dropped } = table.moveTo(new Uint8Array(32).fill(255))
  t.is(moved.size + dropped.length, 20)
  t.is(moved.size, 8, 'all but those that were in bucket 0 are in bucket 0 now')
  t.is(added(addAll(moved, times(20, 1))), 0)
})

test('table: no sequence of additions and removals exceeds a cap or loses count', (t) => {
  const step = fc.record({ index: fc.nat(5), subnet: fc.nat(2), host: fc.nat(3), remove: fc.boolean() })
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const caps: TableOptions = {
        maxPerHostInBucket: 2,
        maxPerHostInTable: 4,
        maxPerSubnetInBucket: 3,
        maxPerSubnetInTable: 7,
      }
      const table = new RoutingTable(SELF, 20, caps)
      for (const { index, subnet, host, remove } of steps) {
        const contacts = table.toArray()
        if (remove && contacts.length > 0) table.discard(contacts[(index + host) % contacts.length]!)
        else table.add(at(index, SUBNET + 256 * subnet + host))
        if (!isWithin(table, caps)) return false
      }
      // Where nothing is in the way, the next one gets in: the counts are not too high either.
      for (const contact of table.toArray()) table.discard(contact)
      return addAll(table, [0, 0, 0, 1, 1, 1, 2]).every((outcome) => outcome === 'added')
    }),
  )
})

function isWithin(table: RoutingTable, caps: TableOptions): boolean {
  const all = table.toArray()
  const most = (contacts: readonly Contact[], key: (contact: Contact) => number): number => {
    const counts = new Map<number, number>()
    for (const contact of contacts) counts.set(key(contact), (counts.get(key(contact)) ?? 0) + 1)
    return Math.max(0, ...counts.values())
  }
  const host = ({ ip }: Contact): number => ip
  const subnet = ({ ip }: Contact): number => ip >>> 8
  if (most(all, host) > caps.maxPerHostInTable! || most(all, subnet) > caps.maxPerSubnetInTable!) return false
  return all.every(({ id }) => {
    const bucket = table.bucketOf(id)
    return most(bucket, host) <= caps.maxPerHostInBucket! && most(bucket, subnet) <= caps.maxPerSubnetInBucket!
  })
}
