import fc from 'fast-check'
import test from 'brittle'
import {
  createEstimate,
  DEFAULT_RETRY_BOUNDS,
  retryTimeoutMs,
  type RoundTripEstimate,
  updateEstimate,
} from '../../lib/rpc/round-trip.js'
import { holds } from '../helpers/properties.js'

function estimateOf(...samples: number[]): RoundTripEstimate {
  const estimate = createEstimate()
  for (const rttMs of samples) updateEstimate(estimate, rttMs)
  return estimate
}

function timeouts(peer: RoundTripEstimate | null, network: RoundTripEstimate, attempts: number): number[] {
  return Array.from({ length: attempts }, (_, i) => retryTimeoutMs(peer, network, i + 1))
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

const UNKNOWN = createEstimate()

test('round trip: the first sample is the mean, half of it the deviation', (t) => {
  t.alike(estimateOf(100), { srttMs: 100, rttvarMs: 50 })
})

test('round trip: later samples move the mean an eighth and the deviation a quarter of the way', (t) => {
  t.alike(estimateOf(100, 180), { srttMs: 110, rttvarMs: 57.5 })
  t.alike(estimateOf(100, 100), { srttMs: 100, rttvarMs: 37.5 })
})

test('round trip: what is no time is ignored', (t) => {
  t.alike(estimateOf(100, NaN, -1, Infinity), estimateOf(100))
  t.alike(estimateOf(NaN), createEstimate())
})

test('round trip: knowing nothing, one second each: four transmissions take 4 s, six take 6 s', (t) => {
  t.is(sum(timeouts(null, UNKNOWN, 4)), 4000)
  t.is(sum(timeouts(UNKNOWN, UNKNOWN, 6)), 6000)
})

test('round trip: in a fast network the repetition comes soon, and the patience is of the same order', (t) => {
  const network = estimateOf(1, 1, 1)
  t.alike(timeouts(null, network, 6), [250, 500, 1000, 1500, 1500, 1500])
  t.is(sum(timeouts(null, network, 4)), 3250)
})

test('round trip: a contact that is known decides over the network', (t) => {
  const fast = estimateOf(1, 1, 1)
  const slow = { srttMs: 400, rttvarMs: 50 }
  t.alike(timeouts(slow, fast, 3), [600, 1200, 1500], 'slow contact in a fast network')
  t.is(retryTimeoutMs(fast, slow, 1), 250, 'fast contact in a slow network')
  t.is(retryTimeoutMs(UNKNOWN, slow, 1), 600, 'unknown contact')
  t.is(retryTimeoutMs(slow, UNKNOWN, 1), 600, 'unknown network')
})

test('round trip: a steady peer is waited for a little longer than it takes', (t) => {
  const steady = estimateOf(...new Array<number>(50).fill(300))
  const wait = retryTimeoutMs(steady, UNKNOWN, 1)
  t.ok(wait >= 300 && wait < 302, `${wait} ms`)
})

test('round trip: bounds hold for any samples and attempts, and waiting never gets shorter', (t) => {
  const samples = fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { maxLength: 30 })
  holds(
    t,
    fc.property(samples, samples, (peer, network) => {
      const waits = timeouts(peer.length === 0 ? null : estimateOf(...peer), estimateOf(...network), 20)
      const { minMs, maxMs } = DEFAULT_RETRY_BOUNDS
      return waits.every((wait, i) => wait >= minMs && wait <= maxMs && (i === 0 || wait >= waits[i - 1]!))
    }),
  )
})

test('round trip: a spoilt estimate waits long, never not at all', (t) => {
  t.is(retryTimeoutMs({ srttMs: 10, rttvarMs: NaN }, UNKNOWN, 1), 1500)
  t.is(retryTimeoutMs({ srttMs: NaN, rttvarMs: NaN }, UNKNOWN, 1), 1000)
  t.is(retryTimeoutMs({ srttMs: -1, rttvarMs: 0 }, UNKNOWN, 1), 1000)
})
