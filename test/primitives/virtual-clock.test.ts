import test from 'brittle'
import * as fc from 'fast-check'
import type { Cancel } from '../../lib/primitives/clock.js'
import { VirtualClock, VirtualEvent } from '../../lib/primitives/virtual-clock.js'
import { holdsAsync } from '../helpers/properties.js'

test('virtual clock: timers fire in order of time, ties in order of making', async (t) => {
  const clock = new VirtualClock()
  const log: [string, number][] = []
  const note = (name: string) => () => void log.push([name, clock.now()])
  clock.after(20, note('c'))
  clock.after(10, note('a'))
  clock.after(10, note('b'))
  clock.after(30.5, note('d'))
  clock.after(31, note('e'))
  await clock.advance(30.5)
  t.alike(log, [
    ['a', 10],
    ['b', 10],
    ['c', 20],
    ['d', 30.5],
  ])
  t.is(clock.now(), 30.5)
  t.is(clock.pending, 1)
})

test('virtual clock: nothing happens unless told to', async (t) => {
  const clock = new VirtualClock({ startMs: 500 })
  let fired = false
  clock.after(0, () => (fired = true))
  t.absent(fired)
  await Promise.resolve()
  t.absent(fired)
  await clock.advance(0)
  t.ok(fired)
  t.is(clock.now(), 500)
})

test('virtual clock: timers made by timers run in the same advance when due', async (t) => {
  const clock = new VirtualClock()
  const log: number[] = []
  const again = () => {
    log.push(clock.now())
    clock.after(10, again)
  }
  clock.after(10, again)
  await clock.advance(35)
  t.alike(log, [10, 20, 30])
  t.is(clock.now(), 35)
})

test('virtual clock: a cancelled timer leaves at once, twice is harmless, after firing too', async (t) => {
  const clock = new VirtualClock()
  let count = 0
  const cancel = clock.after(10, () => count++)
  const other = clock.after(10, () => count++)
  t.is(clock.pending, 2)
  cancel()
  cancel()
  t.is(clock.pending, 1)
  await clock.advance(10)
  other()
  t.is(count, 1)
  t.is(clock.pending, 0)
})

test('virtual clock: promise jobs settle between timers of the same time', async (t) => {
  const clock = new VirtualClock()
  const log: string[] = []
  const first = async () => {
    for (let i = 0; i < 1000; i++) await Promise.resolve()
    await new Promise<void>((resolve) => process.nextTick(resolve))
    for (let i = 0; i < 100; i++) await Promise.resolve()
    log.push('first, a thousand awaits later')
  }
  clock.after(10, () => void first())
  clock.after(10, () => void log.push('second'))
  await clock.advance(10)
  t.alike(log, ['first, a thousand awaits later', 'second'])
})

test('virtual clock: code that sleeps in a loop goes at its own pace', async (t) => {
  const clock = new VirtualClock()
  const sleep = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  const times: number[] = []
  const done = (async () => {
    for (let i = 0; i < 3; i++) {
      await sleep(100)
      times.push(clock.now())
    }
  })()
  await clock.advance(1000)
  await done
  t.alike(times, [100, 200, 300])
})

test('virtual clock: runUntil stops at the timer that fulfils the predicate', async (t) => {
  const clock = new VirtualClock()
  let count = 0
  for (let i = 1; i <= 5; i++) clock.after(i * 10, () => count++)
  t.ok(await clock.runUntil(() => count === 3, 1000))
  t.is(clock.now(), 30)
  t.ok(await clock.runUntil(() => count === 3, 1000), 'at once')
  t.is(clock.now(), 30)
  t.absent(await clock.runUntil(() => count === 9, 100), 'limit')
  t.is(clock.now(), 130)
  t.is(count, 5)
})

test('virtual clock: the time of day follows, and jumps alone', async (t) => {
  const clock = new VirtualClock({ startMs: 100, wallStartMs: 1_000_000 })
  t.is(clock.wallTime(), 1_000_000)
  await clock.advance(50)
  t.is(clock.wallTime(), 1_000_050)
  clock.jumpWall(60_000)
  t.is(clock.wallTime(), 1_060_050)
  t.is(clock.now(), 150)
})

test('virtual clock: an error of a timer rejects advance, the others still run later', async (t) => {
  const clock = new VirtualClock()
  let fired = false
  clock.after(10, () => {
    throw new Error('boom')
  })
  clock.after(20, () => (fired = true))
  await t.exception(clock.advance(30), /boom/)
  t.is(clock.now(), 10)
  await clock.advance(10)
  t.ok(fired)
})

test('virtual clock: equals a sorted list under any timers and cancellations', async (t) => {
  const step = fc.record({ delayMs: fc.integer({ min: -5, max: 50 }), cancels: fc.option(fc.nat(60)) })
  await holdsAsync(
    t,
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = new VirtualClock()
      const fired: number[] = []
      const cancels: Cancel[] = []
      const live = new Set<number>()
      steps.forEach(({ delayMs, cancels: victim }, i) => {
        cancels.push(clock.after(delayMs, () => fired.push(i)))
        live.add(i)
        if (victim === null || victim > i) return
        cancels[victim]!()
        live.delete(victim)
      })
      if (clock.pending !== live.size) return false
      await clock.advance(50)
      const delay = (i: number) => Math.max(0, steps[i]!.delayMs)
      const expected = [...live].toSorted((a, b) => delay(a) - delay(b) || a - b)
      return JSON.stringify(fired) === JSON.stringify(expected)
    }),
  )
})

class Mark extends VirtualEvent {
  readonly name: string
  readonly log: string[]
  readonly leavesJobs: boolean

  constructor(name: string, log: string[], leavesJobs: boolean) {
    super()
    this.name = name
    this.log = log
    this.leavesJobs = leavesJobs
  }

  fire(): boolean {
    this.log.push(this.name)
    if (this.leavesJobs) void Promise.resolve().then(() => this.log.push(`${this.name}'s job`))
    return this.leavesJobs
  }
}

test('virtual clock: events need no closure, can be taken back, and scheduled again', async (t) => {
  const clock = new VirtualClock()
  const log: string[] = []
  const a = new Mark('a', log, true)
  const b = new Mark('b', log, true)
  clock.schedule(a, 10)
  clock.schedule(b, 5)
  clock.unschedule(b)
  clock.unschedule(b)
  t.is(clock.pending, 1)
  await clock.advance(10)
  clock.schedule(a, 10)
  clock.schedule(b, 10)
  await clock.advance(10)
  t.alike(log, ['a', "a's job", 'a', "a's job", 'b', "b's job"])
  t.is(clock.fired, 3)
})

test('virtual clock: events that say they leave no jobs follow one another at once', async (t) => {
  const clock = new VirtualClock()
  const log: string[] = []
  class Hasty extends VirtualEvent {
    fire(): boolean {
      log.push(`${clock.now()}`)
      void Promise.resolve().then(() => log.push('a job after all'))
      return false
    }
  }
  for (let i = 0; i < 3; i++) clock.schedule(new Hasty(), i)
  await clock.advance(10)
  t.alike(log.slice(0, 3), ['0', '1', '2'])
  t.is(log.length, 6)
  t.is(clock.now(), 10)
})

test('virtual clock: the event loop gets its turn while time passes', async (t) => {
  const clock = new VirtualClock()
  const again = (): void => void clock.after(1, again)
  again()
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  t.teardown(() => clearInterval(timer))
  t.ok(await clock.runUntil(() => turns > 2, Infinity), 'a real timer fired')
})

test('virtual clock: two runs at the same time share the events, and each ends at its own', async (t) => {
  const clock = new VirtualClock()
  const fired: number[] = []
  for (let i = 1; i <= 4; i++) clock.after(i * 10, () => fired.push(i))
  const first = clock.runUntil(() => fired.length >= 2, 1000)
  const second = clock.runUntil(() => fired.length >= 3, 1000)
  t.alike(await Promise.all([first, second]), [true, true])
  t.is(fired.length, 3)
  t.is(clock.now(), 30)
})

test('virtual clock: without a limit it ends when nothing is left that could happen', async (t) => {
  const clock = new VirtualClock()
  clock.after(10, () => {})
  t.absent(await clock.runUntil(() => false, Infinity))
  t.is(clock.now(), 10)
})

test('virtual clock: what is no time throws at the call', (t) => {
  const clock = new VirtualClock()
  for (const ms of [NaN, -1, Infinity]) void t.exception.all(() => clock.advance(ms), RangeError, String(ms))
  for (const ms of [NaN, -1]) void t.exception.all(() => clock.runUntil(() => false, ms), RangeError, String(ms))
  void t.exception.all(() => clock.advance('5' as never), TypeError)
  void t.exception.all(() => clock.jumpWall(NaN), RangeError)
  void t.exception.all(() => new VirtualClock({ wallStartMs: NaN }), RangeError)
})

test('virtual clock: what matters to nobody any more can be taken back', async (t) => {
  class Moot extends VirtualEvent {
    override get isMoot(): boolean {
      return true
    }
    fire(): boolean {
      throw new Error('taken back')
    }
  }
  const clock = new VirtualClock()
  const fired: number[] = []
  for (let i = 20; i > 0; i--) {
    clock.schedule(new Moot(), i)
    clock.after(i, () => fired.push(i))
  }
  clock.discardMoot()
  t.is(clock.pending, 20)
  await clock.advance(100)
  t.is(fired.join(), Array.from({ length: 20 }, (_, i) => i + 1).join())
})
