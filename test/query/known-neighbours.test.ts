import test from 'brittle'
import fc from 'fast-check'
import { knowsNeighbours } from '../../lib/query/known-neighbours.js'
import { seededRandom } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

const K = 20
const PREFIX_VALUES = 2 ** 32
const SLACK = 1.4

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b)

/** Distances of so many nodes to a target, nearest first. */
function distancesOf(count: number, random: () => number): number[] {
  return sorted(Array.from({ length: count }, () => Math.floor(random() * PREFIX_VALUES)))
}

test('known neighbours: the k-th nearest counts, whichever list it is in, and each node once', (t) => {
  const distances = fc.uniqueArray(fc.nat(400), { maxLength: 60 }).map(sorted)
  holds(
    t,
    fc.property(distances, distances, fc.integer({ min: 1, max: 30 }), (contacts, others, k) => {
      const all = sorted([...new Set([...contacts, ...others])])
      const expected = all.length >= k && all[k - 1]! <= SLACK * 200
      return knowsNeighbours(contacts, others, k, 200) === expected
    }),
    { numRuns: 1000 },
  )
})

test('known neighbours: where all are known it is mostly seen, where half are unknown hardly ever', (t) => {
  const random = seededRandom(1)
  const unit = (): number => random.below(2 ** 31) / 2 ** 31
  const count = { all: 0, most: 0, some: 0 }
  const targets = 1000
  const usual = (K / 501) * PREFIX_VALUES
  for (let i = 0; i < targets; i++) {
    const near = distancesOf(500, unit)
    const known = (share: number): number[] => near.filter(() => unit() < share)
    if (knowsNeighbours(near.slice(0, 40), [], K, usual)) count.all++
    if (knowsNeighbours(known(0.75), [], K, usual)) count.most++
    if (knowsNeighbours(known(0.5), [], K, usual)) count.some++
  }
  t.ok(count.all > 0.9 * targets, `${count.all} of ${targets} with all known`)
  t.ok(count.most < 0.7 * targets, `${count.most} with three quarters`)
  t.ok(count.some < 0.12 * targets, `${count.some} with half`)
})

test('known neighbours: fewer nodes than wanted are no neighbourhood', (t) => {
  t.absent(knowsNeighbours([1, 2, 3], [3, 4], 5, 100))
  t.ok(knowsNeighbours([1, 2, 3], [3, 4], 4, 4))
  t.absent(knowsNeighbours([], [], 1, 100))
})
