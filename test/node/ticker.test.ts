import test from 'brittle'
import { TICK_MS, Ticker } from '../../lib/node/ticker.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'

function create(periodMs = TICK_MS) {
  const clock = new VirtualClock()
  const beats: [number, boolean][] = []
  const ticker = new Ticker(
    clock,
    () => periodMs,
    (slept) => void beats.push([clock.now(), slept]),
  )
  return { clock, ticker, beats }
}

test('ticker: beats with its period from its start to its stop', async (t) => {
  const { clock, ticker, beats } = create()
  await clock.advance(20_000)
  t.is(beats.length, 0)
  ticker.start()
  await clock.advance(15_000)
  ticker.stop()
  ticker.stop()
  await clock.advance(60_000)
  t.alike(beats, [
    [25_000, false],
    [30_000, false],
    [35_000, false],
  ])
  t.is(clock.pending, 0)
})

test('ticker: a gap of more than three beats is a sleep, told once', async (t) => {
  const { clock, ticker, beats } = create()
  ticker.start()
  await clock.advance(5000)
  clock.jumpWall(10_000)
  await clock.advance(5000)
  clock.jumpWall(10_001)
  await clock.advance(10_000)
  t.alike(
    beats.map(([, slept]) => slept),
    [false, false, true, false],
  )
})

test('ticker: a time of day that was turned back is no sleep', async (t) => {
  const { clock, ticker, beats } = create()
  ticker.start()
  clock.jumpWall(-3_600_000)
  await clock.advance(10_000)
  t.alike(
    beats.map(([, slept]) => slept),
    [false, false],
  )
})

test('W-C5: the time since a stop is no sleep', async (t) => {
  const { clock, ticker, beats } = create()
  ticker.start()
  await clock.advance(5000)
  ticker.stop()
  clock.jumpWall(3_600_000)
  await clock.advance(60_000)
  ticker.start()
  await clock.advance(5000)
  t.alike(beats, [
    [5000, false],
    [70_000, false],
  ])
})

test('ticker: starting twice beats once', async (t) => {
  const { clock, ticker, beats } = create(1000)
  ticker.start()
  ticker.start()
  await clock.advance(3000)
  t.is(beats.length, 3)
  ticker.stop()
})

test('ticker: may be stopped by its own beat', async (t) => {
  const clock = new VirtualClock()
  let beats = 0
  const ticker = new Ticker(
    clock,
    () => 1000,
    () => {
      beats++
      ticker.stop()
    },
  )
  ticker.start()
  await clock.advance(10_000)
  t.is(beats, 1)
  t.is(clock.pending, 0)
})
