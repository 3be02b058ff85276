/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The runtime's own timers, time and randomness on a {@link Clock}, for software that knows no other door to them.
 *
 * The module replaces the globals of the whole process, so it is for simulations and tests, and for one at a time.
 * What it cannot reach: functions taken from the globals before, `node:timers` and `node:timers/promises`,
 * `AbortSignal.timeout`, `process.hrtime`, and anything that waits for the system (files, sockets, workers).
 *
 * In Bare, timers that were running before stand still meanwhile, and come when all is put back.
 *
 * There is one clock for all that uses the globals, not one for each host: what runs on them does not stand still when
 * its simulated host is killed or asleep. End it when its host dies.
 *
 * Invariants: after `restore()` every global is the very property it was, and no timer made meanwhile is left on the
 * clock. Nothing of xorpc's simulator uses the globals, so it runs the same with and without.
 */
import type { Cancel, Clock } from '../primitives/clock.js'
import type { Random } from '../primitives/random.js'

/** Longest delay of Node.js; a longer one counts as the shortest, as there. */
const MAX_DELAY_MS = 2 ** 31 - 1
const MIN_DELAY_MS = 1

/** One more than the largest value of {@link Random.below}. */
const HALF_WORD = 65536

/** Numbers of timers start beyond those that a real one ever has, so that each is cleared where it was made. */
const FIRST_NUMBER = 2 ** 40

/** How `util.promisify` finds the promise form of a function. */
const PROMISIFIED = Symbol.for('nodejs.util.promisify.custom')

/** Marks a replaced `setTimeout`, also for a second copy of this module. */
const REDIRECTED = Symbol.for('xorpc.redirected-timers')

type Callback = (...args: unknown[]) => void
type SetTimer = (fn: Callback, delayMs?: number, ...args: unknown[]) => unknown
type ClearTimer = (timer?: unknown) => void

/** The globals that are replaced, as far as the runtime has them. */
interface TimerGlobals {
  setTimeout: SetTimer
  clearTimeout: ClearTimer
  setInterval: SetTimer
  clearInterval: ClearTimer
  setImmediate?: (fn: Callback, ...args: unknown[]) => unknown
  clearImmediate?: ClearTimer
  Date: DateConstructor
  performance?: { now(): number }
  Math: { random(): number }
  process?: { nextTick?(fn: Callback, ...args: unknown[]): void }
}

const platform = globalThis as unknown as TimerGlobals & { queueMicrotask(fn: () => void): void }

export interface RedirectOptions {
  /** Source of `Math.random` meanwhile, a seeded one to make runs repeatable. Default: `Math.random` stays. */
  random?: Random
  /**
   * An object whose `randombytes_buf` draws from `random` meanwhile: the default export of `sodium-universal` that the
   * software in question uses. It is the process's one: nothing secret may be made until `restore()`, and xorpc's own
   * nodes should have a `random` of their own. Default: none.
   */
  sodium?: { randombytes_buf(out: Uint8Array): void }
}

/** Redirected timers, until restored. */
export interface TimerRedirection {
  /** Timers that have neither fired for good nor been cleared. */
  readonly pending: number
  /** Real time, in milliseconds from an arbitrary start, to measure what a simulation costs. */
  realNow(): number
  /** Waits in real time for as long as the runtime needs to do what it put off: I/O, signals, output. */
  realTurn(): Promise<void>
  /**
   * Puts everything back and cancels the timers that are left. Idempotent.
   *
   * @returns how many were left
   */
  restore(): number
  /** As {@link TimerRedirection.restore}, for `using`. */
  [Symbol.dispose](): void
}

/**
 * Redirects to `clock`: setTimeout, setInterval, setImmediate and what clears them, Date, performance.now and
 * process.nextTick; with `random` also Math.random.
 *
 * Timers have the methods of those of Node.js and, as there, wait at least 1 ms; an immediate waits 0 ms.
 * `process.nextTick` becomes a microtask, so that it keeps its place in the order of the run. Timers that were running
 * before stay real, and can be cleared as before.
 *
 * @throws Error when timers are redirected already; TypeError for what is no clock, or no source of randomness
 * @example
 * const clock = new VirtualClock()
 * using redirection = redirectTimers(clock)
 * setTimeout(() => console.log('an hour has passed'), 3_600_000)
 * await clock.advance(3_600_000)
 */
export function redirectTimers(clock: Clock, options: RedirectOptions = {}): TimerRedirection {
  if (REDIRECTED in platform.setTimeout) {
    throw new Error('Timers are redirected already: restore() that redirection first')
  }
  const { random, sodium } = options
  if (typeof clock?.after !== 'function') throw new TypeError('clock must be a Clock, such as new VirtualClock()')
  if (random !== undefined && typeof random?.below !== 'function') {
    throw new TypeError('random must be a Random, such as seededRandom(1)')
  }
  if (sodium !== undefined && random === undefined) throw new TypeError('sodium needs random')
  if (sodium !== undefined && typeof sodium?.randombytes_buf !== 'function') {
    throw new TypeError('sodium must have randombytes_buf: pass the default export of the package')
  }
  const timers = new TimerSet(clock)
  const replaced = new ReplacedProperties()
  const realNow = takeRealNow()
  const realTurn = takeRealTurn()
  replaceTimers(timers, replaced)
  replaceTime(clock, replaced)
  if (platform.process?.nextTick !== undefined) replaced.set(platform.process, 'nextTick', runSoon)
  if (random !== undefined) replaced.set(platform.Math, 'random', () => randomFraction(random))
  if (random !== undefined && sodium !== undefined) {
    replaced.set(sodium, 'randombytes_buf', (out: Uint8Array) => out.set(random.bytes(out.byteLength)))
  }
  const restore = (): number => {
    replaced.restore()
    wakeRealTimers()
    return timers.clearAll()
  }
  return {
    get pending() {
      return timers.size
    },
    realNow,
    realTurn,
    restore,
    [Symbol.dispose]: () => void restore(),
  }
}

/**
 * Real timers of Bare are JavaScript that reads the time from `Date`. Those that were due meanwhile have been put off
 * until virtual time is there, which is about for ever; clearing any timer makes Bare look at all of them.
 */
function wakeRealTimers(): void {
  platform.clearTimeout(platform.setTimeout(() => {}, 0))
}

/** Own properties of objects that were replaced, and how they were. */
class ReplacedProperties {
  /** BOUNDED: by the globals above. */
  #undo: (() => void)[] = []

  set(target: object, name: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, name)
    const enumerable = before?.enumerable ?? true
    Object.defineProperty(target, name, { value, enumerable, writable: true, configurable: true })
    this.#undo.push(() => {
      if (before === undefined) delete (target as Record<string, unknown>)[name]
      else Object.defineProperty(target, name, before)
    })
  }

  restore(): void {
    for (const undo of this.#undo.reverse()) undo()
    this.#undo = []
  }
}

/** What runs on the clock for one redirection. */
class TimerSet {
  readonly clock: Clock
  /** By number. BOUNDED: by the timers that were neither cleared nor fired for good. */
  readonly #running = new Map<number, RedirectedTimer>()
  #lastNumber = FIRST_NUMBER

  constructor(clock: Clock) {
    this.clock = clock
  }

  get size(): number {
    return this.#running.size
  }

  start(delayMs: number, repeats: boolean, fn: Callback, args: unknown[]): RedirectedTimer {
    if (typeof fn !== 'function') {
      throw Object.assign(new TypeError('The "callback" argument must be of type function'), {
        code: 'ERR_INVALID_ARG_TYPE',
      })
    }
    const timer = new RedirectedTimer(this, ++this.#lastNumber, { delayMs, repeats, fn, args })
    return timer.refresh()
  }

  /** @returns whether it was one of these */
  clear(timer: unknown): boolean {
    const isNumber = typeof timer === 'number' || typeof timer === 'string'
    const own = isNumber ? this.#running.get(Number(timer)) : timer instanceof RedirectedTimer ? timer : undefined
    own?.close()
    return own !== undefined
  }

  clearAll(): number {
    const count = this.#running.size
    for (const timer of this.#running.values()) timer.close()
    return count
  }

  add(number: number, timer: RedirectedTimer): void {
    this.#running.set(number, timer)
  }

  remove(number: number): void {
    this.#running.delete(number)
  }
}

interface TimerTask {
  delayMs: number
  repeats: boolean
  fn: Callback
  args: unknown[]
}

/** What the redirected functions return, with the methods that Node.js has. */
class RedirectedTimer {
  readonly #owner: TimerSet
  readonly #number: number
  readonly #task: TimerTask
  #cancel: Cancel | null = null
  #hasRef = true

  constructor(owner: TimerSet, number: number, task: TimerTask) {
    this.#owner = owner
    this.#number = number
    this.#task = task
  }

  ref(): this {
    this.#hasRef = true
    return this
  }

  /** Virtual time keeps no process alive, so this is only remembered. */
  unref(): this {
    this.#hasRef = false
    return this
  }

  hasRef(): boolean {
    return this.#hasRef
  }

  /** Starts the delay anew. */
  refresh(): this {
    this.#cancel?.()
    this.#owner.add(this.#number, this)
    this.#cancel = this.#owner.clock.after(this.#task.delayMs, () => this.#fire(), !this.#hasRef)
    return this
  }

  close(): this {
    this.#cancel?.()
    this.#cancel = null
    this.#owner.remove(this.#number)
    return this
  }

  [Symbol.toPrimitive](): number {
    return this.#number
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #fire(): void {
    const { repeats, fn, args } = this.#task
    this.#cancel = null
    // Set up before the callback, which may clear or refresh it.
    if (repeats) this.refresh()
    else this.#owner.remove(this.#number)
    fn.apply(this, args)
  }
}

function replaceTimers(timers: TimerSet, replaced: ReplacedProperties): void {
  const { clearTimeout, clearInterval, clearImmediate } = platform
  const timeout: SetTimer = (fn, delayMs, ...args) => timers.start(toDelay(delayMs), false, fn, args)
  const interval: SetTimer = (fn, delayMs, ...args) => timers.start(toDelay(delayMs), true, fn, args)
  const immediate = (fn: Callback, ...args: unknown[]): unknown => timers.start(0, false, fn, args)
  const clearBy =
    (clearReal?: ClearTimer): ClearTimer =>
    (timer) => {
      if (!timers.clear(timer)) clearReal?.(timer)
    }
  const inTime = (delayMs?: number, value?: unknown) => new Promise((resolve) => timeout(resolve, delayMs, value))
  const atOnce = (value?: unknown) => new Promise((resolve) => immediate(resolve, value))
  replaced.set(platform, 'setTimeout', Object.assign(timeout, { [PROMISIFIED]: inTime, [REDIRECTED]: true }))
  replaced.set(platform, 'setInterval', interval)
  replaced.set(platform, 'clearTimeout', clearBy(clearTimeout))
  replaced.set(platform, 'clearInterval', clearBy(clearInterval))
  if (platform.setImmediate === undefined) return
  replaced.set(platform, 'setImmediate', Object.assign(immediate, { [PROMISIFIED]: atOnce }))
  replaced.set(platform, 'clearImmediate', clearBy(clearImmediate))
}

function replaceTime(clock: Clock, replaced: ReplacedProperties): void {
  const RealDate = platform.Date
  // Not a subclass: what is a Date stays one, whoever made it.
  const date: DateConstructor = new Proxy(RealDate, {
    apply: () => new RealDate(wholeMs(clock)).toString(),
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [wholeMs(clock)] : args, newTarget) as Date,
  })
  replaced.set(RealDate, 'now', () => wholeMs(clock))
  replaced.set(platform, 'Date', date)
  if (platform.performance !== undefined) replaced.set(platform.performance, 'now', () => clock.now())
}

function wholeMs(clock: Clock): number {
  return Math.floor(clock.wallTime())
}

function takeRealNow(): () => number {
  const { performance: stopwatch, Date: RealDate } = platform
  return stopwatch === undefined ? RealDate.now.bind(RealDate) : stopwatch.now.bind(stopwatch)
}

function takeRealTurn(): () => Promise<void> {
  const { setImmediate, setTimeout } = platform
  return () => new Promise((resolve) => (setImmediate ?? setTimeout)(() => resolve()))
}

/** In place of `process.nextTick`. An error is an uncaught one, as there. */
function runSoon(fn: Callback, ...args: unknown[]): void {
  platform.queueMicrotask(() => fn(...args))
}

function toDelay(delayMs: unknown): number {
  const ms = Math.trunc(Number(delayMs))
  return ms >= MIN_DELAY_MS && ms <= MAX_DELAY_MS ? ms : MIN_DELAY_MS
}

/** Uniform in [0, 1), in steps of 2^-32. */
function randomFraction(random: Random): number {
  return (random.below(HALF_WORD) * HALF_WORD + random.below(HALF_WORD)) / (HALF_WORD * HALF_WORD)
}
