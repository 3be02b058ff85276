import test from 'brittle'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { SweepTimer } from '../../lib/rpc/sweep-timer.js'
import { LateClock } from './client-harness.js'

function create() {
  const clock = new VirtualClock()
  const sweeps: [now: number, lateMs: number][] = []
  const timer = new SweepTimer(clock, (now, lateMs) => void sweeps.push([now, lateMs]))
  return { clock, timer, sweeps }
}

test('sweep timer: sweeps once, at the earliest deadline', async (t) => {
  const { clock, timer, sweeps } = create()
  timer.arm(500, 0)
  timer.arm(300, 0)
  timer.arm(400, 0)
  timer.arm(300, 0)
  t.is(clock.pending, 1, 'one timer for all')
  await clock.advance(10_000)
  t.alike(sweeps, [[300, 0]])
  t.is(clock.pending, 0)
})

test('sweep timer: is armed anew after a sweep, also by the sweep', async (t) => {
  const clock = new VirtualClock()
  const sweeps: number[] = []
  const timer: SweepTimer = new SweepTimer(clock, (now) => {
    sweeps.push(now)
    if (sweeps.length < 3) timer.arm(now + 100, now)
  })
  timer.arm(100, 0)
  await clock.advance(1000)
  timer.arm(2000, 1000)
  await clock.advance(5000)
  t.alike(sweeps, [100, 200, 300, 2000])
})

test('sweep timer: a deadline that has passed is swept a millisecond later', async (t) => {
  const { clock, timer, sweeps } = create()
  await clock.advance(1000)
  timer.arm(400, 1000)
  t.alike(sweeps, [], 'not inside the call')
  await clock.advance(1)
  t.alike(sweeps, [[1001, 601]])
})

test('sweep timer: Infinity arms nothing', async (t) => {
  const { clock, timer } = create()
  timer.arm(Infinity, 0)
  t.is(clock.pending, 0)
})

test('sweep timer: stopped, it sweeps no more until it is armed', async (t) => {
  const { clock, timer, sweeps } = create()
  timer.stop()
  timer.arm(100, 0)
  timer.stop()
  timer.stop()
  t.is(clock.pending, 0)
  await clock.advance(200)
  timer.arm(900, 200)
  await clock.advance(1000)
  t.alike(sweeps, [[900, 0]])
})

test('sweep timer: says how late it is', (t) => {
  const clock = new LateClock()
  const sweeps: [now: number, lateMs: number][] = []
  const timer = new SweepTimer(clock, (now, lateMs) => void sweeps.push([now, lateMs]))
  timer.arm(100, 0)
  clock.wakeAt(750)
  t.alike(sweeps, [[750, 650]])
})
