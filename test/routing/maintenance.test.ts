import test from 'brittle'
import * as fc from 'fast-check'
import type { Contact } from '../../lib/routing/contact.js'
import {
  contactsToPing,
  pingsPerRound,
  PING_ROUND_MS,
  RECENT_MS,
  REPLACEABLE_MS,
  replacementCandidate,
  shouldEvict,
} from '../../lib/routing/maintenance.js'
import { RecencyList } from '../../lib/routing/recency.js'
import { contactOf } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

const NOW = 10_000_000
const MINUTE = 60_000

interface Times {
  pinged?: number
  seen?: number
  added?: number
}

/** Times are given as ages in milliseconds. */
function aged(serial: number, { pinged = 10 * MINUTE, seen = 10 * MINUTE, added = 10 * MINUTE }: Times): Contact {
  const contact = contactOf(new Uint8Array(32).fill(serial), serial)
  contact.pingedAt = NOW - pinged
  contact.seenAt = NOW - seen
  contact.addedAt = NOW - added
  return contact
}

/** Oldest first, as they are given. */
function listOf(contacts: Contact[]): RecencyList {
  const list = new RecencyList()
  for (const contact of contacts) list.touch(contact)
  return list
}

const serials = (contacts: Contact[]): number[] => contacts.map((x) => x.id[0]!)

test('maintenance: the oldest are pinged first', (t) => {
  const list = listOf([0, 1, 2, 3, 4].map((i) => aged(i, {})))
  t.alike(serials(contactsToPing(list, NOW, 3)), [0, 1, 2])
  t.alike(serials(contactsToPing(list, NOW, 9)), [0, 1, 2, 3, 4])
  t.alike(contactsToPing(list, NOW, 0), [])
  t.alike(contactsToPing(listOf([]), NOW, 5), [])
})

test('maintenance: contacts attended lately are skipped and cost no turn (W-C21)', (t) => {
  const list = listOf([
    aged(0, { pinged: 1000 }),
    aged(1, {}),
    aged(2, { pinged: RECENT_MS - 1 }),
    aged(3, { pinged: RECENT_MS }),
    aged(4, {}),
    aged(5, { seen: 1000 }),
  ])
  t.alike(serials(contactsToPing(list, NOW, 3)), [1, 3, 4])
  t.alike(serials(contactsToPing(list, NOW, 9)), [1, 3, 4])
})

test('maintenance: a round is 3 when quiet, 2 when busy, and grows to 32', (t) => {
  const table: [number, boolean, number][] = [
    [0, false, 3],
    [0, true, 2],
    [20, false, 3],
    [20, true, 2],
    [60, false, 3],
    [60, true, 3],
    [100, false, 5],
    [100, true, 5],
    [225, true, 10],
    [720, false, 32],
    [5120, true, 32],
  ]
  for (const [count, busy, expected] of table) {
    t.is(pingsPerRound(count, busy), expected, `${count} contacts, busy ${busy}`)
  }
})

test('maintenance: a table of up to 720 contacts is checked within 15 minutes (W-P9)', (t) => {
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 720 }), fc.boolean(), (count, busy) => {
      const rounds = Math.ceil(count / pingsPerRound(count, busy))
      return rounds * PING_ROUND_MS <= 15 * MINUTE + PING_ROUND_MS
    }),
  )
})

test('maintenance: a silent table is pinged through in turn', (t) => {
  const list = listOf(Array.from({ length: 90 }, (_, i) => aged(i, {})))
  const pinged = new Set<Contact>()
  let now = NOW
  for (let round = 0; round < 23; round++, now += PING_ROUND_MS) {
    for (const contact of contactsToPing(list, now, pingsPerRound(list.length, false))) {
      pinged.add(contact)
      contact.pingedAt = now
      // It answers.
      contact.seenAt = now
      list.touch(contact)
    }
  }
  t.is(pinged.size, 90)
})

test('maintenance: a full bucket offers its longest unattended contact, and none while all were attended', (t) => {
  const stale = REPLACEABLE_MS + MINUTE
  const cases: [string, Contact[], number | null][] = [
    ['empty bucket', [], null],
    ['all attended', [aged(1, { pinged: MINUTE }), aged(2, { seen: REPLACEABLE_MS - 1, pinged: stale })], null],
    ['just stale', [aged(1, { pinged: REPLACEABLE_MS, seen: stale })], 1],
    ['oldest first', [aged(1, { pinged: stale, seen: stale }), aged(2, { pinged: stale + 1, seen: stale + 2 })], 2],
    ['being asked again', [aged(1, { pinged: 0, seen: stale }), aged(2, { pinged: stale, seen: stale })], 2],
    [
      'equally stale: known longest',
      [
        aged(1, { pinged: stale, seen: stale, added: stale }),
        aged(2, { pinged: stale, seen: stale, added: stale + MINUTE }),
      ],
      2,
    ],
  ]
  for (const [name, bucket, expected] of cases) {
    const candidate = replacementCandidate(bucket, NOW)
    t.is(candidate === null ? null : candidate.id[0], expected, name)
  }
})

test('maintenance: a silent contact goes at once when others answer, else after three failures', (t) => {
  const contact = aged(0, {})
  const verdicts = [1, 2, 3, 4].map((failures) => {
    contact.failures = failures
    return [shouldEvict(contact, true), shouldEvict(contact, false)]
  })
  t.alike(verdicts, [
    [true, false],
    [true, false],
    [true, true],
    [true, true],
  ])
})
