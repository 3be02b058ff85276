/** What the figures of the benchmark are made with: quantiles, means, the law of growth. */
import test from 'brittle'
import fc from 'fast-check'
import { fitLaw, valueOf } from '../../bench/simulated/law.js'
import { mean, quantile, quantiles, shareOf } from '../../bench/simulated/statistics.js'
import { holds } from '../helpers/properties.js'

const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 50 })

test('statistics: a quantile lies between the two nearest values', (t) => {
  t.is(quantile([3, 1, 2], 0.5), 2)
  t.is(quantile([4, 1, 2, 3], 0.5), 2.5, 'the median of an even number')
  t.is(quantile([10, 20, 30, 40, 50], 0.9), 46)
  t.is(quantile([7], 0.99), 7)
  void t.exception.all(() => quantile([], 0.5), /nothing/)
})

test('statistics: what never happened is the largest, and no quantile below it is touched', (t) => {
  t.is(quantile([1, Infinity, 3], 0.5), 3)
  t.is(quantile([1, 2, Infinity, Infinity], 0.99), Infinity)
  t.is(quantile([1, 2, 3, Infinity], 0.5), 2.5)
})

test('statistics: quantiles rise from the smallest to the largest value', (t) => {
  holds(
    t,
    fc.property(values, (list) => {
      const before = list.slice()
      const result = quantiles(list, 10)
      return (
        result.length === 11 &&
        result[0] === Math.min(...list) &&
        result[10] === Math.max(...list) &&
        result.every((value, i) => i === 0 || value >= result[i - 1]!) &&
        result[5] === quantile(list, 0.5) &&
        list.every((value, i) => value === before[i])
      )
    }),
  )
})

test('statistics: mean and share', (t) => {
  t.is(mean([1, 2, 6]), 3)
  t.is(shareOf([true, false, true, true]), 0.75)
  void t.exception.all(() => mean([]), /nothing/)
})

test('law: it is found again in points that follow it, and carried on', (t) => {
  const points = [100, 300, 1000, 10_000].map((nodes) => ({ nodes, value: 5 + 3 * Math.log2(nodes) }))
  const law = fitLaw(points)
  t.ok(Math.abs(law.a - 5) < 1e-9 && Math.abs(law.b - 3) < 1e-9)
  t.ok(law.rSquared > 1 - 1e-9)
  t.ok(law.largestDeviation < 1e-9)
  t.ok(Math.abs(valueOf(law, 2 ** 20) - 65) < 1e-9)
})

test('law: no other line has smaller squares, and the fit says how far off it is', (t) => {
  const points = [
    { nodes: 2, value: 1 },
    { nodes: 4, value: 3 },
    { nodes: 8, value: 2 },
  ]
  const law = fitLaw(points)
  t.alike([law.a, law.b], [1, 0.5])
  t.ok(Math.abs(law.rSquared - 0.25) < 1e-9, 'a quarter of the variance')
  t.is(law.largestDeviation, 0.5, 'the point at 4: 3 instead of 2')
})

test('law: figures that do not grow have one too; a single size has none', (t) => {
  const flat = fitLaw([
    { nodes: 10, value: 4 },
    { nodes: 100, value: 4 },
  ])
  t.alike([flat.a, flat.b, flat.rSquared], [4, 0, 1])
  void t.exception.all(() => fitLaw([{ nodes: 10, value: 4 }]), /two sizes/)
})
