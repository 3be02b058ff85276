import test from 'brittle'
import fc from 'fast-check'
import { ClosestReplies } from '../../lib/query/closest-replies.js'
import { compareDistance, idFromIp } from '../../lib/primitives/id.js'
import { holds } from '../helpers/properties.js'

const TARGET = idFromIp(1, 1)

test('closest replies: the k nearest in order, like a sort of everything', (t) => {
  holds(
    t,
    fc.property(fc.array(fc.nat(300), { maxLength: 120 }), fc.integer({ min: 1, max: 25 }), (numbers, k) => {
      const closest = new ClosestReplies<number>(TARGET, k)
      for (const n of numbers) closest.add(idFromIp(n, 1), n)
      const expected = [...new Set(numbers)]
        .sort((a, b) => compareDistance(TARGET, idFromIp(a, 1), idFromIp(b, 1)))
        .slice(0, k)
      return closest.list().join() === expected.join() && closest.size === expected.length
    }),
  )
})

test('closest replies: the first reply of an id stays', (t) => {
  const closest = new ClosestReplies<string>(TARGET, 3)
  t.ok(closest.add(idFromIp(5, 5), 'first'))
  t.absent(closest.add(idFromIp(5, 5), 'second'))
  t.alike(closest.list(), ['first'])
})

test('closest replies: the list belongs to the caller', (t) => {
  const closest = new ClosestReplies<number>(TARGET, 2)
  closest.add(idFromIp(1, 1), 1)
  closest.list().pop()
  t.is(closest.size, 1)
  t.alike(closest.list(), [1])
})
