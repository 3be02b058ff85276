import test from 'brittle'
import * as fc from 'fast-check'
import { RecentRoundTrips } from '../../lib/rpc/recent-round-trips.js'
import { holds } from '../helpers/properties.js'

const CAPACITY = 64
const ENOUGH = 6
/** Samples that the quantile may lag behind: fewer than these, while the ring fills and once it is full. */
const LAG_YOUNG = 4
const LAG_FULL = 16

const GARBAGE = [NaN, Infinity, -Infinity, -1, -0.001]

/** Of the last samples, when there were `count`: the smallest that at least this share of them did not exceed. */
function exactQuantile(samples: number[], count: number, share: number): number {
  const sorted = samples.slice(Math.max(0, count - CAPACITY), count).sort((a, b) => a - b)
  const atLeast = sorted.find((value) => sorted.filter((other) => other <= value).length > share * sorted.length)
  return atLeast ?? sorted.at(-1)!
}

function fill(recent: RecentRoundTrips, from: number, to: number): void {
  for (let i = from; i < to; i++) recent.add(i)
}

test('recent round trips: unknown before there are six', (t) => {
  const recent = new RecentRoundTrips()
  for (let i = 0; i < ENOUGH; i++) {
    t.is(recent.known, false)
    t.ok(Number.isNaN(recent.quantile(0.9)), `after ${i}`)
    recent.add(50)
  }
  t.is(recent.known, true)
  t.is(recent.quantile(0.9), 50)
})

test('recent round trips: what is no time is ignored', (t) => {
  const recent = new RecentRoundTrips()
  for (let i = 0; i < 5; i++) recent.add(10)
  for (const garbage of GARBAGE) recent.add(garbage)
  t.is(recent.known, false, 'it does not count')
  recent.add(0)
  t.alike([recent.quantile(0), recent.quantile(0.5)], [0, 10], 'nothing is a time')
  for (let i = 0; i < 200; i++) for (const garbage of GARBAGE) recent.add(garbage)
  t.alike([recent.quantile(0), recent.quantile(0.5), recent.quantile(1)], [0, 10, 10], 'nor does it age the samples')
})

test('recent round trips: shares of a full ring', (t) => {
  const recent = new RecentRoundTrips()
  fill(recent, 0, 64)
  t.alike(
    [0, 0.5, 0.9, 0.92, 0.99, 1].map((share) => recent.quantile(share)),
    [0, 32, 57, 58, 63, 63],
  )
})

test('recent round trips: numbers are sorted as numbers, in any order of coming', (t) => {
  const recent = new RecentRoundTrips()
  for (const ms of [1000, 9, 80, 700, 10, 100]) recent.add(ms)
  t.alike([recent.quantile(0), recent.quantile(0.5), recent.quantile(0.9)], [9, 100, 1000])
})

test('recent round trips: the network that was is forgotten after 64', (t) => {
  const recent = new RecentRoundTrips()
  for (let i = 0; i < 1000; i++) recent.add(900)
  t.is(recent.quantile(0.5), 900)
  for (let i = 0; i < 64; i++) recent.add(30)
  t.is(recent.quantile(0.99), 30)
})

test('recent round trips: the lag, sample by sample', (t) => {
  const recent = new RecentRoundTrips()
  fill(recent, 0, 6)
  t.is(recent.quantile(1), 5)
  fill(recent, 6, 9)
  t.is(recent.quantile(1), 5, 'three more are not looked at yet')
  recent.add(9)
  t.is(recent.quantile(1), 9)
  fill(recent, 10, 64)
  t.is(recent.quantile(1), 63)
  fill(recent, 64, 79)
  t.is(recent.quantile(1), 63, 'fifteen more are not looked at yet')
  recent.add(79)
  t.is(recent.quantile(1), 79)
  t.is(recent.quantile(0), 16, 'the last 64')
})

test('recent round trips: the quantile is that of the last samples, but for the latest few', (t) => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.double({ min: 0, max: 5000, noNaN: true }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom(...GARBAGE) },
    { weight: 4, arbitrary: fc.constant('ask' as const) },
  )
  const property = fc.property(fc.array(step, { maxLength: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), play)
  holds(t, property, { numRuns: 300 })
})

/** Asks now and then; what it says must be true of a moment that is no further back than the lag. */
function play(steps: (number | 'ask')[], share: number): void {
  const recent = new RecentRoundTrips()
  const samples: number[] = []
  /** Samples there were when the latest quantile was that of. */
  let looked = 0
  for (const step of steps) {
    if (step !== 'ask') {
      recent.add(step)
      if (step >= 0 && step < Infinity) samples.push(step)
      continue
    }
    const { length } = samples
    if (recent.known !== length >= ENOUGH) throw new Error(`known is ${recent.known} with ${length} samples`)
    const told = recent.quantile(share)
    if (length < ENOUGH) {
      if (!Number.isNaN(told)) throw new Error(`${told} of ${length} samples`)
      continue
    }
    const lag = length < CAPACITY ? LAG_YOUNG : LAG_FULL
    if (length - looked >= lag || looked < ENOUGH) looked = length
    const expected = exactQuantile(samples, looked, share)
    if (told !== expected) throw new Error(`${told} of ${length} samples, ${expected} of the ${looked} looked at`)
  }
}
