import test from 'brittle'
import * as fc from 'fast-check'
import { compareDistance } from '../../lib/primitives/id.js'
import type { Contact } from '../../lib/routing/contact.js'
import { IdTrie } from '../../lib/routing/id-trie.js'
import { readIp, readPort } from '../../lib/wire/bytes.js'
import { anyId, contactOf, idsAround, seededRandom, toHex } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

const BASE = seededRandom(7).bytes(32)

/** What the trie shall say. */
function sorted(contacts: Iterable<Contact>, target: Uint8Array, limit: number): Contact[] {
  return [...contacts].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, limit)
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i])
}

/** The addresses that a trie writes for a target in the middle of other bytes, as `ip:port`. */
function written(trie: IdTrie, target: Uint8Array, limit: number): string[] {
  const datagram = new Uint8Array(64)
  datagram.set(target, 11)
  const list = trie.nearestAddresses(datagram, 11, limit)
  const out = new Uint8Array(3 + list.length * 6 + 1).fill(0xee)
  const end = list.writeTo(out, 3)
  if (end !== out.length - 1 || out[2] !== 0xee || out[end] !== 0xee) throw new Error('wrote elsewhere')
  return Array.from({ length: list.length }, (_, i) => `${readIp(out, 3 + i * 6)}:${readPort(out, 3 + i * 6)}`)
}

const addressesOf = (contacts: Contact[]): string[] => contacts.map(({ ip, port }) => `${ip}:${port}`)

test('id trie: after any insertions and removals, nearest is exact and sorted', (t) => {
  const step = fc.record({ id: fc.oneof(anyId(), idsAround(BASE)), leaves: fc.integer({ min: 0, max: 2 }) })
  const anySteps = fc.array(step, { maxLength: 120 })
  const anyTargets = fc.array(fc.oneof(anyId(), idsAround(BASE)), { minLength: 1, maxLength: 4 })
  const anyLimit = fc.oneof(fc.constant(20), fc.integer({ min: 1, max: 130 }))
  let serial = 0
  holds(
    t,
    fc.property(anySteps, anyTargets, anyLimit, fc.integer(), (steps, targets, limit, seed) => {
      const random = seededRandom(seed)
      const trie = new IdTrie()
      const members = new Map<string, Contact>()
      for (const { id, leaves } of steps) {
        for (let i = 0; i < leaves && members.size > 0; i++) {
          const gone = [...members.values()][random.below(members.size)]!
          trie.remove(gone)
          members.delete(toHex(gone.id))
        }
        if (members.has(toHex(id))) continue
        const contact = contactOf(id, serial, (serial++ * 2654435761) >>> 0)
        trie.insert(contact)
        members.set(toHex(id), contact)
      }
      return targets.every((target) => {
        const expected = sorted(members.values(), target, limit)
        return (
          trie.size === members.size &&
          isSame(trie.nearest(target, limit), expected) &&
          isSame(written(trie, target, limit), addressesOf(expected))
        )
      })
    }),
    { numRuns: 1500 },
  )
})

test('id trie: everything can leave, and come again', (t) => {
  const trie = new IdTrie()
  const random = seededRandom(3)
  const contacts = Array.from({ length: 300 }, (_, i) => contactOf(random.bytes(32), i))
  for (let round = 0; round < 3; round++) {
    for (const contact of contacts) trie.insert(contact)
    const target = random.bytes(32)
    t.ok(isSame(trie.nearest(target, 300), sorted(contacts, target, 300)), `all, in round ${round}`)
    for (const contact of contacts.toReversed()) trie.remove(contact)
    t.is(trie.size, 0)
    t.alike(trie.nearest(target, 20), [])
    t.is(trie.nearestAddresses(target, 0, 20).length, 0)
  }
})

test('id trie: ids that differ in their last bit only are two', (t) => {
  const trie = new IdTrie()
  const even = contactOf(new Uint8Array(32), 1)
  const odd = contactOf(
    Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0)),
    2,
  )
  trie.insert(even)
  trie.insert(odd)
  t.ok(isSame(trie.nearest(even.id, 2), [even, odd]))
  t.ok(isSame(trie.nearest(odd.id, 2), [odd, even]))
  trie.remove(even)
  t.ok(isSame(trie.nearest(even.id, 2), [odd]))
})

test('id trie: a limit of nothing finds nothing', (t) => {
  const trie = new IdTrie()
  trie.insert(contactOf(BASE, 1))
  for (const limit of [0, -1]) t.alike(trie.nearest(BASE, limit), [], String(limit))
})

test('id trie: 32,768 contacts and no more', (t) => {
  const trie = new IdTrie()
  const random = seededRandom(5)
  const contacts = Array.from({ length: 32_768 }, (_, i) => contactOf(random.bytes(32), i))
  for (const contact of contacts) trie.insert(contact)
  const target = random.bytes(32)
  t.ok(isSame(trie.nearest(target, 50), sorted(contacts, target, 50)))
  void t.exception.all(() => trie.insert(contactOf(random.bytes(32), 1)), /32768/)
  t.is(trie.size, 32_768)
  trie.remove(contacts[7]!)
  trie.insert(contacts[7]!)
  t.ok(isSame(trie.nearest(contacts[7]!.id, 1), [contacts[7]]))
})
