/** The globals on virtual time, and back. Every test restores them before it ends, or all others would hang. */
import test from 'brittle'
import type { Assert } from 'brittle'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { type RedirectOptions, redirectTimers, type TimerRedirection } from '../../lib/simulation/redirected-timers.js'
import { seededRandom } from '../helpers/contacts.js'

const IS_BARE = 'Bare' in globalThis

const REPLACED: [target: object, names: string[]][] = [
  [
    globalThis,
    ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'Date'],
  ],
  [performance, ['now']],
  [Math, ['random']],
  [process, ['nextTick']],
  [Date, ['now']],
]

function descriptors(): unknown[] {
  return REPLACED.flatMap(([target, names]) =>
    names.map((name) => {
      const { value, get } = Object.getOwnPropertyDescriptor(target, name) ?? {}
      return value ?? get ?? null
    }),
  )
}

/** The promise form, as `util.promisify` of Node.js finds it. */
function promisified(fn: object): (...args: unknown[]) => Promise<unknown> {
  return (fn as Record<symbol, (...args: unknown[]) => Promise<unknown>>)[Symbol.for('nodejs.util.promisify.custom')]!
}

function redirect(t: Assert, options?: RedirectOptions): { clock: VirtualClock; redirection: TimerRedirection } {
  const clock = new VirtualClock()
  const redirection = redirectTimers(clock, options)
  t.teardown(() => redirection.restore(), { order: -1 })
  return { clock, redirection }
}

test('redirected timers: all that is replaced is put back as it was', (t) => {
  const before = descriptors()
  const { redirection } = redirect(t, { random: seededRandom(1) })
  const during = descriptors()
  redirection.restore()
  const after = descriptors()
  t.ok(before.every((value, i) => value === after[i]))
  t.ok(before.every((value, i) => value !== during[i]))
  t.is(redirection.restore(), 0, 'twice is once')
})

test('redirected timers: they fire in virtual time, in order, with their arguments', async (t) => {
  const { clock, redirection } = redirect(t)
  const heard: string[] = []
  const note = (...args: unknown[]): void => void heard.push(`${clock.now()} ${args.join(' ')}`)
  setTimeout(note, 3_600_000, 'an', 'hour')
  setTimeout(note, 5, 'five')
  setTimeout(note, 0, 'zero is one')
  setTimeout(note, Infinity, 'too long is one')
  setTimeout(note, undefined, 'none is one')
  setTimeout(note, 2.9, 'whole')
  setImmediate(note, 'immediate')
  const interval = setInterval(note, 1_800_000, 'half')
  const cleared = setTimeout(note, 1, 'never')
  clearTimeout(cleared)
  t.is(redirection.pending, 8)
  await clock.advance(3_600_000)
  clearInterval(interval)
  redirection.restore()
  t.alike(heard, [
    '0 immediate',
    '1 zero is one',
    '1 too long is one',
    '1 none is one',
    '2 whole',
    '5 five',
    '1800000 half',
    '3600000 an hour',
    '3600000 half',
  ])
  t.is(redirection.pending, 0)
})

test('redirected timers: they are like those of Node.js', async (t) => {
  const { clock, redirection } = redirect(t)
  let fired = 0
  const timer = setTimeout(() => fired++, 10)
  const refs = [timer.hasRef(), timer.unref().hasRef(), timer.ref().hasRef()]
  await clock.advance(6)
  const same = timer.refresh() === timer
  await clock.advance(6)
  const early = fired
  await clock.advance(4)
  const onTime = fired
  timer.refresh()
  await clock.advance(10)
  const again = fired
  timer.refresh()
  timer.close()
  clearTimeout(+setTimeout(() => fired++, 1))
  clearTimeout(String(+setTimeout(() => fired++, 1)))
  clearInterval(setTimeout(() => fired++, 1))
  clearImmediate(setImmediate(() => fired++))
  setTimeout(() => fired++, 1)[Symbol.dispose]()
  for (const nothing of [undefined, null, 7, 'x', {}]) clearTimeout(nothing as never)
  await clock.advance(100)
  redirection.restore()
  t.alike(refs, [true, false, true])
  t.ok(same)
  t.alike([early, onTime, again, fired], [0, 1, 2, 2])
})

test('redirected timers: an interval can be cleared by its own callback, and a callback that throws is heard', async (t) => {
  const { clock, redirection } = redirect(t)
  let beats = 0
  const interval = setInterval(function (this: NodeJS.Timeout) {
    if (++beats === 3) clearInterval(this)
  }, 10)
  await clock.advance(100)
  const last = beats
  setTimeout(() => {
    throw new Error('heard')
  }, 1)
  const error: unknown = await clock.advance(10).catch((err: unknown) => err)
  redirection.restore()
  t.is(last, 3)
  t.ok(interval)
  t.is((error as Error).message, 'heard')
})

test('redirected timers: no function, no timer', (t) => {
  const { redirection } = redirect(t)
  const codes = [setTimeout, setInterval, setImmediate].map((set) => {
    try {
      ;(set as (fn: unknown) => void)('code')
      return 'none'
    } catch (err) {
      return `${(err as Error).name} ${(err as { code: string }).code}`
    }
  })
  redirection.restore()
  t.alike(codes, Array(3).fill('TypeError ERR_INVALID_ARG_TYPE'))
})

test('redirected timers: promisified, they are promises', async (t) => {
  const { clock, redirection } = redirect(t)
  const done: unknown[] = []
  void promisified(setTimeout)(1000, 'late').then((value) => done.push(value, clock.now()))
  void promisified(setImmediate)('soon').then((value) => done.push(value, clock.now()))
  await clock.advance(2000)
  redirection.restore()
  t.alike(done, ['soon', 0, 'late', 1000])
})

test('redirected timers: time is virtual, and a Date is a Date', async (t) => {
  const RealDate = Date
  const old = new Date(0)
  const { clock, redirection } = redirect(t)
  await clock.advance(1500.5)
  class Day extends Date {}
  const seen = {
    now: Date.now(),
    captured: RealDate.now(),
    fresh: new Date().getTime(),
    given: new Date(5).getTime(),
    parts: new Date(2020, 1, 2).getMonth(),
    utc: Date.UTC(1970, 0, 1),
    text: Date().startsWith('Wed Jan 01 2025') || Date().includes('2025') || Date().includes('2024'),
    day: new Day().getTime(),
    isDay: new Day() instanceof Day,
    isDate: new Date() instanceof Date && old instanceof Date && new Date() instanceof RealDate,
    performance: performance.now(),
  }
  redirection.restore()
  const wall = RealDate.UTC(2025, 0, 1) + 1500
  t.alike(seen, {
    now: wall,
    captured: wall,
    fresh: wall,
    given: 5,
    parts: 1,
    utc: 0,
    text: true,
    day: wall,
    isDay: true,
    isDate: true,
    performance: 1500.5,
  })
  t.ok(Date.now() > RealDate.UTC(2025, 1, 1), 'and real again')
})

test('redirected timers: randomness comes again, where it is asked for', async (t) => {
  const sodium = { randombytes_buf: (out: Uint8Array) => void out.fill(0) }
  const real = sodium.randombytes_buf
  const draw = (): unknown[] => {
    const redirection = redirectTimers(new VirtualClock(), { random: seededRandom(7), sodium })
    const bytes = new Uint8Array(8)
    sodium.randombytes_buf(bytes)
    const drawn = [...bytes, ...Array.from({ length: 100 }, () => Math.random())]
    redirection.restore()
    return drawn
  }
  const first = draw()
  t.alike(draw(), first)
  t.is(new Set(first.slice(8)).size, 100)
  t.ok(first.slice(8).every((value) => (value as number) >= 0 && (value as number) < 1))
  t.is(sodium.randombytes_buf, real)
  const own = Math.random
  const { redirection } = redirect(t)
  const kept = Math.random
  redirection.restore()
  t.is(kept, own, 'only where it is asked for')
  await t.exception.all(() => redirectTimers(new VirtualClock(), { sodium }), /sodium needs random/)
})

test('redirected timers: a second redirection is refused, and changes nothing', async (t) => {
  const { clock, redirection } = redirect(t)
  const redirected = setTimeout
  let message = ''
  try {
    redirectTimers(new VirtualClock())
  } catch (err) {
    ;({ message } = err as Error)
  }
  const same = setTimeout === redirected
  let fired = false
  setTimeout(() => (fired = true), 10)
  await clock.advance(10)
  redirection.restore()
  t.is(message, 'Timers are redirected already: restore() that redirection first')
  t.ok(same && fired)
  redirectTimers(clock).restore()
  t.pass('after restore it may be redirected again')
})

test('redirected timers: restore cancels and counts what is left', async (t) => {
  const { clock, redirection } = redirect(t)
  const timer = setTimeout(() => t.fail('timeout'), 10)
  setInterval(() => t.fail('interval'), 10)
  t.is(redirection.restore(), 2)
  clearTimeout(timer)
  await clock.advance(100)
  t.is(clock.pending, 0)
  {
    using scoped = redirectTimers(clock)
    setTimeout(() => t.fail('timeout'), 10)
    if (scoped.pending !== 1) t.fail('pending')
  }
  t.is(clock.pending, 0, 'also at the end of a scope')
})

test('redirected timers: timers of before stay real, and can be cleared', async (t) => {
  let cleared = true
  const before = setTimeout(() => (cleared = false), 1)
  const interval = setInterval(() => (cleared = false), 1)
  const immediate = setImmediate(() => (cleared = false))
  let kept = false
  const fired = new Promise<void>((resolve) => {
    setTimeout(() => resolve(void (kept = true)), 1)
  })
  const { redirection } = redirect(t)
  clearTimeout(before)
  clearInterval(interval)
  clearImmediate(immediate)
  const end = redirection.realNow() + 20
  // Some turns at least: on a machine that stood still meanwhile the first may come after the end, and before the timers.
  for (let turns = 0; turns < 5 || redirection.realNow() < end; turns++) await redirection.realTurn()
  t.is(kept, !IS_BARE, 'those of Bare read the time from the Date that was replaced, and stand still')
  redirection.restore()
  await fired
  t.ok(cleared)
})

test('redirected timers: the number of a real timer is no redirected one’s', (t) => {
  const real = setTimeout(() => t.fail('cleared'), 1000)
  // Those of Bare have none.
  const number = IS_BARE ? 7 : +real
  const { redirection } = redirect(t)
  for (let i = 0; i <= number; i++) setTimeout(() => {}, 10)
  clearTimeout(IS_BARE ? real : number)
  const left = redirection.restore()
  t.is(left, number + 1)
})

test('redirected timers: real time can still be had', async (t) => {
  const { redirection } = redirect(t)
  const start = redirection.realNow()
  let turned = false
  const turn = redirection.realTurn().then(() => (turned = true))
  await Promise.resolve()
  const early = turned
  await turn
  const tookMs = redirection.realNow() - start
  redirection.restore()
  t.absent(early)
  t.ok(tookMs > 0 && tookMs < 10_000)
})

test('redirected timers: process.nextTick is not put off until the run is over', async (t) => {
  const { clock, redirection } = redirect(t)
  const heard: number[] = []
  setTimeout(() => process.nextTick((text: string) => heard.push(text.length, clock.now()), 'three'), 10)
  await clock.advance(1000)
  redirection.restore()
  t.alike(heard, [5, 10])
})

test('redirected timers: a virtual clock does not notice', async (t) => {
  const trace = async (redirected: boolean): Promise<unknown[]> => {
    const clock = new VirtualClock()
    const redirection = redirected ? redirectTimers(new VirtualClock()) : null
    const heard: unknown[] = []
    for (const ms of [5, 1, 3]) clock.after(ms, () => void Promise.resolve().then(() => heard.push(clock.now())))
    heard.push(await clock.runUntil(() => heard.length === 2, 10), clock.wallTime())
    heard.push(redirection?.restore() ?? 0)
    return heard
  }
  t.alike(await trace(true), await trace(false))
})
