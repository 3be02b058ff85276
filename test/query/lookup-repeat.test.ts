/** The one transmission more for who is alone in being silent: it is likely to live, and two datagrams to be lost. */
import test from 'brittle'
import fc from 'fast-check'
import { formatIPv4 } from '../../lib/primitives/address.js'
import { DisjointTraversal } from '../../lib/query/disjoint.js'
import { answer, type Asked, Harness, node, TARGET } from './lookup-harness.js'
import { holds } from '../helpers/properties.js'

/** What the client does after the last timeout: asks, and tells. @returns whether it sends again */
function lastTimeout({ handler }: Asked, transmissions: number): boolean {
  const again = handler.mayRepeat?.() === true
  handler.onOverdue(transmissions, !again)
  return again
}

test('repeat: the only silent one is sent one more, and waited for', (t) => {
  const h = new Harness(3)
  h.lookup.pump()
  answer(h.of(1))
  answer(h.of(2))
  h.of(3).handler.onOverdue(1, false)
  t.ok(lastTimeout(h.of(3), 2))
  t.alike(h.ends, [])
  t.absent(lastTimeout(h.of(3), 3), 'once')
  t.alike(h.ends, [null])
})

test('repeat: its answer is a result', (t) => {
  const h = new Harness(3)
  h.lookup.pump()
  answer(h.of(1))
  answer(h.of(2))
  h.of(3).handler.onOverdue(1, false)
  lastTimeout(h.of(3), 2)
  answer(h.of(3))
  t.alike(new Set(h.found), new Set([1, 2, 3]))
  t.alike(h.ends, [null])
})

test('repeat: none where two are silent, or one has failed or is of no use', (t) => {
  const two = new Harness(3)
  two.lookup.pump()
  answer(two.of(1))
  for (const serial of [2, 3]) two.of(serial).handler.onOverdue(1, false)
  t.absent(lastTimeout(two.of(2), 2))
  t.absent(lastTimeout(two.of(3), 2))
  t.alike(two.ends, [null])
  for (const fields of [{ identified: false }, { error: 1 }]) {
    const useless = new Harness(3)
    useless.lookup.pump()
    answer(useless.of(1), fields)
    answer(useless.of(2))
    useless.of(3).handler.onOverdue(1, false)
    t.absent(lastTimeout(useless.of(3), 2))
  }
})

test('repeat: one in a lookup, and none where the caller gave a number or the lookup is over', (t) => {
  const h = new Harness(5, { k: 6, walk: { concurrency: 5 } })
  h.lookup.pump()
  for (const serial of [1, 2, 3]) answer(h.of(serial))
  h.of(4).handler.onOverdue(1, false)
  t.ok(lastTimeout(h.of(4), 2))
  answer(h.of(4))
  h.of(5).handler.onOverdue(1, false)
  t.absent(lastTimeout(h.of(5), 2), 'the second one')

  const create = (options = {}): Harness => {
    const other = new Harness(3, options)
    other.lookup.pump()
    answer(other.of(1))
    answer(other.of(2))
    other.of(3).handler.onOverdue(1, false)
    return other
  }
  t.absent(lastTimeout(create({ repeats: false }).of(3), 2))
  const over = create()
  over.lookup.stop(new Error('enough'))
  t.absent(over.of(3).handler.mayRepeat?.() === true)
})

test('repeat: one of a few says nothing about the others', (t) => {
  const h = new Harness(2, { k: 20 })
  h.lookup.pump()
  answer(h.of(1))
  h.of(2).handler.onOverdue(1, false)
  t.absent(lastTimeout(h.of(2), 2))
  t.alike(h.ends, [null])
})

test('repeat: who can be no result any more is not asked again', (t) => {
  const h = new Harness(5, { k: 2, walk: { concurrency: 5, limits: { initialConcurrency: 5 } } })
  h.lookup.pump()
  const [farthest] = h.asked.toSorted((a, b) => b.candidate.prefixDistance - a.candidate.prefixDistance)
  farthest!.handler.onOverdue(1, false)
  let answered = 0
  for (const asked of h.asked) if (asked !== farthest && h.ends.length === 0) answer(asked, { closer: [answered++] })
  t.absent(farthest!.handler.mayRepeat?.() === true)
})

test('repeat: over disjoint paths it is alone in all of them', (t) => {
  const silences = fc.array(fc.nat(7), { minLength: 1, maxLength: 3 })
  holds(
    t,
    fc.property(silences, (numbers) => {
      const silent = new Set(numbers)
      const walk = new DisjointTraversal(2, { target: TARGET, k: 8 })
      for (let serial = 0; serial < 8; serial++) walk.addSeed(formatIPv4(node(serial).ip), node(serial).port)
      const asked = []
      for (let one = walk.next(); one !== null; one = walk.next()) {
        asked.push(one)
        const serial = one.ip - node(0).ip
        if (silent.has(serial)) walk.onSlow(one)
        else walk.onReply(one, { identified: true, ok: true }, null)
      }
      const alone = asked.filter((one) => walk.isOnlySilent(one))
      return asked.length === 8 && alone.length === (silent.size === 1 ? 1 : 0)
    }),
  )
})
