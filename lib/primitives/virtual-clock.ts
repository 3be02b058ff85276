/**
 * Time that passes only when told to, for tests and simulations.
 *
 * - Events happen in order of their time, those of the same time in order of their making; never inside the call that
 *   made them.
 * - While an event happens, `now()` is exactly its time.
 * - All promise jobs are done before the next event, however long their chains, so code that awaits sees the same order
 *   in every run, and no time passes between two awaits that wait for nothing else.
 *
 * The process stays responsive meanwhile: real timers, sockets, IPC and user interface get their turn every few
 * milliseconds (see `settled.ts`).
 */
import type { Cancel, Clock } from './clock.js'
import { whenSettled } from './settled.js'

/** 1 January 2025: any fixed day will do, a plausible one is easier to read in traces. */
const WALL_START_MS = Date.UTC(2025, 0, 1)

/**
 * Something that happens at a time: the base of timers and of whatever else waits in numbers, such as datagrams on
 * their way, which so need no closure and no timer of their own.
 */
export abstract class VirtualEvent {
  /** Set by the clock: when it happens. */
  at = 0
  /** Set by the clock: order of making, to break ties. */
  order = 0
  /** Set by the clock: position in its heap, -1 while not scheduled. */
  index = -1
  /**
   * Whether it matters to nobody any more once all nodes of its network have ended: a datagram on its way, a timer of a dead
   * machine.
   */
  get isMoot(): boolean {
    return false
  }
  /** It is time. Returns false where no code of anybody's ran that may have left promise jobs: that saves the wait. */
  abstract fire(): boolean
}

class Timer extends VirtualEvent {
  readonly #fn: () => void

  constructor(fn: () => void) {
    super()
    this.#fn = fn
  }

  fire(): boolean {
    this.#fn()
    return true
  }
}

export interface VirtualClockOptions {
  /** What `now()` starts at, in milliseconds. Default 0. */
  startMs?: number
  /** What `wallTime()` starts at, in milliseconds since 1970. Default 1 January 2025. */
  wallStartMs?: number
}

/**
 * A clock on virtual time.
 *
 * @example
 * const clock = new VirtualClock()
 * clock.after(1000, () => console.log('a second has passed'))
 * await clock.advance(1000)
 */
export class VirtualClock implements Clock {
  /** Binary heap, earliest first. BOUNDED: by the events its users have scheduled; cancelled ones leave at once. */
  readonly #heap: VirtualEvent[] = []
  /** What to add to `now()` for the time of day. */
  #wallOffsetMs: number
  #now: number
  #order = 0
  #fired = 0

  constructor(options: VirtualClockOptions = {}) {
    const { startMs = 0, wallStartMs = WALL_START_MS } = options
    checkTime(startMs, 'startMs', -Infinity)
    checkTime(wallStartMs, 'wallStartMs', -Infinity)
    this.#now = startMs
    this.#wallOffsetMs = wallStartMs - startMs
  }

  /** Number of events that have neither happened nor been cancelled. */
  get pending(): number {
    return this.#heap.length
  }

  /** Number of events that have happened. */
  get fired(): number {
    return this.#fired
  }

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return this.#now + this.#wallOffsetMs
  }

  /** As {@link Clock.after}; a delay below zero, or none at all, counts as zero. `background` has no meaning here. */
  after(delayMs: number, fn: () => void): Cancel {
    if (typeof fn !== 'function') throw new TypeError(`fn must be a function, got ${typeof fn}`)
    const timer = new Timer(fn)
    this.schedule(timer, delayMs)
    return () => this.unschedule(timer)
  }

  /** Makes an event happen `delayMs` from now. One that has happened may be scheduled again. */
  schedule(event: VirtualEvent, delayMs: number): void {
    event.at = this.#now + (delayMs > 0 ? delayMs : 0)
    event.order = this.#order++
    this.#heap.push(event)
    this.#siftUp(event, this.#heap.length - 1)
  }

  /** Takes an event back; harmless where it is not scheduled. */
  unschedule(event: VirtualEvent): void {
    if (event.index !== -1) this.#removeAt(event.index)
  }

  /** Takes back all events that matter to nobody any more: see {@link VirtualEvent.isMoot}. */
  discardMoot(): void {
    for (const event of this.#heap.filter(({ isMoot }) => isMoot)) this.unschedule(event)
  }

  /** Moves the time of day alone, as when the machine slept or the user set it. */
  jumpWall(ms: number): void {
    checkTime(ms, 'ms', -Infinity)
    this.#wallOffsetMs += ms
  }

  /**
   * Lets `ms` milliseconds pass: runs every event that falls due, also those made meanwhile. An error thrown by an
   * event rejects, with the time at that event.
   *
   * @throws TypeError or RangeError for a time that is none
   */
  advance(ms: number): Promise<void> {
    checkTime(ms, 'ms', 0)
    return this.runUntil(() => false, ms).then(() => {})
  }

  /**
   * Runs events until `predicate` holds, but not longer than `limitMs` of virtual time. It is asked at once and after
   * each event, promise jobs having settled. `Infinity`: until it holds, or nothing is left that could happen.
   *
   * @returns whether it held; the time is then that of the last event, else `limitMs` later than before
   * @throws TypeError or RangeError for a limit that is no time
   */
  runUntil(predicate: () => boolean, limitMs: number): Promise<boolean> {
    if (limitMs !== Infinity) checkTime(limitMs, 'limitMs', 0)
    const end = this.#now + limitMs
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          const result = this.#runOne(predicate, end)
          if (result === null) goOn()
          else resolve(result)
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }
      const goOn = whenSettled(step)
      goOn()
    })
  }

  /** Runs one event, and those before it that nobody needs to wait for. null: go on when promise jobs are done. */
  #runOne(predicate: () => boolean, end: number): boolean | null {
    if (predicate()) return true
    for (;;) {
      const event = this.#heap[0]
      if (event === undefined || event.at > end) {
        if (end < Infinity) this.#now = Math.max(this.#now, end)
        return false
      }
      this.#removeAt(0)
      // Two runs that overlap share the events; neither turns the time back.
      this.#now = Math.max(this.#now, event.at)
      this.#fired++
      if (event.fire()) return null
    }
  }

  #removeAt(index: number): void {
    const heap = this.#heap
    heap[index]!.index = -1
    const last = heap.pop()!
    if (index === heap.length) return
    if (index > 0 && isBefore(last, heap[(index - 1) >> 1]!)) this.#siftUp(last, index)
    else this.#siftDown(last, index)
  }

  #siftUp(event: VirtualEvent, index: number): void {
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = this.#heap[parentIndex]!
      if (!isBefore(event, parent)) break
      this.#place(parent, index)
      index = parentIndex
    }
    this.#place(event, index)
  }

  #siftDown(event: VirtualEvent, index: number): void {
    const heap = this.#heap
    for (;;) {
      let childIndex = 2 * index + 1
      if (childIndex >= heap.length) break
      if (childIndex + 1 < heap.length && isBefore(heap[childIndex + 1]!, heap[childIndex]!)) childIndex++
      const child = heap[childIndex]!
      if (!isBefore(child, event)) break
      this.#place(child, index)
      index = childIndex
    }
    this.#place(event, index)
  }

  #place(event: VirtualEvent, index: number): void {
    this.#heap[index] = event
    event.index = index
  }
}

function isBefore(a: VirtualEvent, b: VirtualEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** A wrong time would have it run for ever. @throws TypeError, RangeError */
function checkTime(value: unknown, name: string, least: number): void {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, got ${typeof value}`)
  if (value >= least && value > -Infinity && value < Infinity) return
  throw new RangeError(`${name} must be a finite number${least === 0 ? ' of at least 0' : ''}, got ${value}`)
}
