/** What holds for all networks that can be simulated: delays, losses, times, and the truth about who is closest. */
import test from 'brittle'
import fc from 'fast-check'
import { compareDistance } from '../../lib/primitives/id.js'
import { delayOf, DEFAULT_CONDITIONS, isDoubled, isLost, withChanges } from '../../lib/simulation/conditions.js'
import { exponential, fixed, lognormal, pareto, uniform, weibull } from '../../lib/simulation/distributions.js'
import { matrix, plane } from '../../lib/simulation/latency.js'
import { createNetworkStats } from '../../lib/simulation/network-stats.js'
import { SeededRandom } from '../../lib/simulation/seeded-random.js'
import { trueClosest } from '../../lib/simulation/true-closest.js'
import { anyId } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

const share = fc.double({ min: 0, max: 1, noNaN: true })
const ms = fc.double({ min: 0.001, max: 1e6, noNaN: true })
const shape = fc.double({ min: 0.2, max: 5, noNaN: true })
const seed = fc.nat(1e6)

test('distributions: whatever is drawn is a time', (t) => {
  holds(
    t,
    fc.property(ms, ms, shape, seed, (a, b, form, start) => {
      const random = new SeededRandom(start)
      const [least, most] = [Math.min(a, b), Math.max(a, b)]
      const all = [
        exponential({ halfLifeMs: a }),
        pareto({ medianMs: a, shape: form }),
        weibull({ medianMs: a, shape: form }),
        lognormal({ medianMs: a, sigma: form / 5 }),
      ]
      if (all.some((draw) => !(draw(random) >= 0))) return false
      const between = uniform(least, most)(random)
      return fixed(a)(random) === a && between >= least && between <= most
    }),
  )
})

test('conditions: a delay is within what jitter and reordering allow, and what is off never happens', (t) => {
  holds(
    t,
    fc.property(share, share, share, share, ms, seed, (jitter, loss, duplication, reordering, oneWayMs, start) => {
      const random = new SeededRandom(start)
      const conditions = withChanges(DEFAULT_CONDITIONS, { jitter, loss, duplication, reordering, mtuBytes: 5000 })
      const delayMs = delayOf(conditions, oneWayMs, random)
      const none = { ...conditions, loss: 0, duplication: 0 }
      return (
        delayMs >= oneWayMs * (1 - jitter) * 0.999999 &&
        delayMs <= oneWayMs * (1 + jitter + (reordering > 0 ? 1 : 0)) * 1.000001 &&
        !isLost(none, random) &&
        !isDoubled(none, random) &&
        isLost({ ...conditions, loss: 1 }, random) &&
        conditions.mtuBytes <= 2048
      )
    }),
  )
  holds(
    t,
    fc.property(fc.constantFrom('jitter', 'loss', 'duplication', 'reordering'), fc.double(), (name, value) => {
      try {
        return withChanges(DEFAULT_CONDITIONS, { [name]: value })[name as 'loss'] === value && value >= 0 && value <= 1
      } catch (error) {
        return error instanceof RangeError && !(value >= 0 && value <= 1)
      }
    }),
  )
})

test('latency: the way there is as long as the way back, and never shorter than the lines at its ends', (t) => {
  holds(
    t,
    fc.property(fc.double({ min: 0, max: 500, noNaN: true }), seed, (extentMs, start) => {
      const random = new SeededRandom(start)
      const model = plane({ extentMs })
      const [a, b, c] = [model.place(random), model.place(random), model.place(random)]
      const direct = model.oneWayMs(a, b)
      if (Math.abs(direct - model.oneWayMs(b, a)) > 1e-9 || direct < a.accessMs + b.accessMs - 1e-9) return false
      return direct <= model.oneWayMs(a, c) + model.oneWayMs(c, b) + 1e-9
    }),
  )
  const rows = fc.integer({ min: 1, max: 6 }).chain((size) => {
    return fc.array(fc.array(fc.nat(300), { minLength: size, maxLength: size }), { minLength: size, maxLength: size })
  })
  holds(
    t,
    fc.property(rows, (table) => {
      const model = matrix(table)
      const random = new SeededRandom(1)
      const places = table.map(() => model.place(random))
      return places.every((from, i) => places.every((to, j) => model.oneWayMs(from, to) === table[i]![j]))
    }),
  )
})

test('network stats: everything begins with nothing, in objects of its own', (t) => {
  const [one, other] = [createNetworkStats(), createNetworkStats()]
  one.lost.loss++
  one.sent++
  t.is(other.lost.loss + other.sent, 0)
  t.ok(Object.values(other.lost).every((count) => count === 0))
})

test('seeded random: every draw is in its range, and comes again with its seed and stream', (t) => {
  holds(
    t,
    fc.property(seed, fc.nat(1e6), fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(60), (start, stream, limit, size) => {
      const draw = () => {
        const random = new SeededRandom(start, stream)
        const from = Array.from({ length: 1 + (size % 9) }, (_, i) => i)
        return [
          random.below(limit),
          random.fraction(),
          random.bytes(size),
          random.pick(from),
          random.sample(from, size),
        ]
      }
      const [below, fraction, bytes, picked, sample] = draw() as [number, number, Uint8Array, number, number[]]
      if (JSON.stringify(draw()) !== JSON.stringify([below, fraction, bytes, picked, sample])) return false
      if (!(below >= 0 && below < limit && Number.isInteger(below) && fraction >= 0 && fraction < 1)) return false
      const most = 1 + (size % 9)
      return bytes.length === size && picked < most && new Set(sample).size === Math.min(size, most)
    }),
  )
})

test('true closest: as sorting all of them would have it', (t) => {
  const nodes = fc.uniqueArray(fc.option(anyId()), { maxLength: 60, selector: (id) => id?.join() ?? Math.random() })
  holds(
    t,
    fc.property(nodes, anyId(), fc.integer({ min: 1, max: 25 }), (ids, target, k) => {
      const all = ids.map((id) => ({ id }))
      const sorted = all
        .filter((node): node is { id: Uint8Array } => node.id !== null)
        .sort((a, b) => compareDistance(target, a.id, b.id))
        .slice(0, k)
      const found = trueClosest(all, target, k)
      return found.length === sorted.length && found.every((node, i) => node === sorted[i])
    }),
  )
})
