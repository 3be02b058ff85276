import test from 'brittle'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import type { Contact } from '../../lib/routing/contact.js'
import { RecencyList } from '../../lib/routing/recency.js'
import { contactOf } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

interface Step {
  op: 'add' | 'remove'
  node: number
  hadBefore: boolean
  length: number
  oldestFirst: number[]
  latestFirst3: number[]
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/time-ordered-set.json', import.meta.url), 'utf8'),
) as { sequences: { seed: number; steps: Step[] }[] }

function contacts(count: number): Contact[] {
  return Array.from({ length: count }, (_, i) => contactOf(new Uint8Array(32).fill(i), i))
}

function oldestFirst(list: RecencyList): Contact[] {
  const out: Contact[] = []
  for (let contact = list.oldest; contact !== null; contact = contact.next) out.push(contact)
  return out
}

test('recency: touch inserts or moves to newest, iteration is newest first', (t) => {
  const [a, b, c] = contacts(3) as [Contact, Contact, Contact]
  const list = new RecencyList()
  t.is(list.latest, null)
  t.is(list.oldest, null)
  for (const contact of [a, b, c, b, b, a]) list.touch(contact)
  t.alike(
    [...list].map((x) => x.port),
    [a, b, c].map((x) => x.port),
  )
  t.is(list.length, 3)
  t.is(list.latest, a)
  t.is(list.oldest, c)
})

test('recency: a lone contact is a member, and no longer after its removal', (t) => {
  const [a] = contacts(1) as [Contact]
  const list = new RecencyList()
  t.absent(list.has(a))
  list.touch(a)
  t.ok(list.has(a))
  t.ok(list.remove(a))
  t.absent(list.has(a))
  t.absent(list.remove(a))
  t.is(list.length, 0)
  t.is(list.latest, null)
  t.is(list.oldest, null)
})

test('recency: removing the contact at hand while iterating visits all the others', (t) => {
  const all = contacts(6)
  const list = new RecencyList()
  for (const contact of all) list.touch(contact)
  const seen: Contact[] = []
  for (const contact of list) {
    seen.push(contact)
    if (contact.id[0]! % 2 === 0) list.remove(contact)
  }
  t.is(seen.length, 6)
  t.is(list.length, 3)
})

test('recency: vectors of the time ordered set', (t) => {
  for (const { seed, steps } of vectors.sequences) {
    const all = contacts(1 + Math.max(...steps.map((step) => step.node)))
    const list = new RecencyList()
    const failed = steps.findIndex(({ op, node, hadBefore, ...expected }) => {
      const had = list.has(all[node]!)
      if (op === 'add') list.touch(all[node]!)
      else list.remove(all[node]!)
      const actual = {
        length: list.length,
        oldestFirst: oldestFirst(list).map((x) => all.indexOf(x)),
        latestFirst3: [...list].slice(0, 3).map((x) => all.indexOf(x)),
      }
      return had !== hadBefore || JSON.stringify(actual) !== JSON.stringify(expected)
    })
    t.is(failed, -1, `seed ${seed}: ${steps.length} steps`)
  }
})

test('recency: equals an array after any touches and removals, read from both ends', (t) => {
  const step = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 7 }))
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const all = contacts(8)
      const list = new RecencyList()
      let model: Contact[] = []
      for (const [isTouch, index] of steps) {
        const contact = all[index]!
        model = model.filter((x) => x !== contact)
        if (isTouch) {
          model.push(contact)
          list.touch(contact)
        } else {
          list.remove(contact)
        }
      }
      const forward = oldestFirst(list)
      const backward = [...list].reverse()
      return (
        list.length === model.length &&
        forward.length === model.length &&
        backward.length === model.length &&
        model.every((x, i) => x === forward[i] && x === backward[i]) &&
        all.every((x) => list.has(x) === model.includes(x))
      )
    }),
  )
})
