/**
 * Time that passes only when told to, for tests and simulations.
 *
 * - Timers fire in order of their time, those of the same time in order of their making; never inside `after`.
 * - While a timer runs, `now()` is exactly its time.
 * - Promise jobs settle between timers, so code that awaits sees the same order in every run.
 */
import type { Cancel, Clock } from './clock.js'

/** A node's longest chain of awaits between two timers is about five; the rest is margin, at 0.1 µs a turn. */
const SETTLE_TURNS = 16

/** 1 January 2025: any fixed day will do, a plausible one is easier to read in traces. */
const WALL_START_MS = Date.UTC(2025, 0, 1)

interface Timer {
  readonly at: number
  /** Order of making, to break ties. */
  readonly order: number
  readonly fn: () => void
  /** Position in the heap, -1 once fired or cancelled. */
  index: number
}

export interface VirtualClockOptions {
  /** What `now()` starts at, in milliseconds. Default 0. */
  startMs?: number
  /** What `wallTime()` starts at, in milliseconds since 1970. Default 1 January 2025. */
  wallStartMs?: number
  /** Microtask turns given to promise jobs after each timer. Default 16. */
  settleTurns?: number
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
  /** Binary heap, earliest first. BOUNDED: by the timers its users have running; cancelled ones leave at once. */
  readonly #heap: Timer[] = []
  readonly #settleTurns: number
  /** What to add to `now()` for the time of day. */
  #wallOffsetMs: number
  #now: number
  #order = 0

  constructor(options: VirtualClockOptions = {}) {
    const { startMs = 0, wallStartMs = WALL_START_MS, settleTurns = SETTLE_TURNS } = options
    this.#now = startMs
    this.#wallOffsetMs = wallStartMs - startMs
    this.#settleTurns = settleTurns
  }

  /** Number of timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#heap.length
  }

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return this.#now + this.#wallOffsetMs
  }

  /** As {@link Clock.after}; a delay below zero, or none at all, counts as zero. `background` has no meaning here. */
  after(delayMs: number, fn: () => void): Cancel {
    const timer: Timer = { at: this.#now + (delayMs > 0 ? delayMs : 0), order: this.#order++, fn, index: -1 }
    this.#push(timer)
    return () => {
      if (timer.index !== -1) this.#removeAt(timer.index)
    }
  }

  /** Moves the time of day alone, as when the machine slept or the user set it. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  /**
   * Lets `ms` milliseconds pass: runs every timer that falls due, also those made meanwhile. An error thrown by a
   * timer rejects, with the time at that timer.
   */
  async advance(ms: number): Promise<void> {
    await this.runUntil(() => false, ms)
  }

  /**
   * Runs timers until `predicate` holds, but not longer than `limitMs` of virtual time. It is asked at once and after
   * each timer, promise jobs having settled.
   *
   * @returns whether it held; the time is then that of the last timer, else `limitMs` later than before
   */
  async runUntil(predicate: () => boolean, limitMs: number): Promise<boolean> {
    const end = this.#now + limitMs
    await this.#settle()
    while (!predicate()) {
      const timer = this.#heap[0]
      if (timer === undefined || timer.at > end) {
        this.#now = Math.max(this.#now, end)
        return false
      }
      this.#removeAt(0)
      // Two runs that overlap share the timers; neither turns the time back.
      this.#now = Math.max(this.#now, timer.at)
      timer.fn()
      await this.#settle()
    }
    return true
  }

  async #settle(): Promise<void> {
    for (let i = 0; i < this.#settleTurns; i++) await Promise.resolve()
  }

  #push(timer: Timer): void {
    this.#heap.push(timer)
    this.#siftUp(timer, this.#heap.length - 1)
  }

  #removeAt(index: number): void {
    const heap = this.#heap
    heap[index]!.index = -1
    const last = heap.pop()!
    if (index === heap.length) return
    if (index > 0 && isBefore(last, heap[(index - 1) >> 1]!)) this.#siftUp(last, index)
    else this.#siftDown(last, index)
  }

  #siftUp(timer: Timer, index: number): void {
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = this.#heap[parentIndex]!
      if (!isBefore(timer, parent)) break
      this.#place(parent, index)
      index = parentIndex
    }
    this.#place(timer, index)
  }

  #siftDown(timer: Timer, index: number): void {
    const heap = this.#heap
    for (;;) {
      let childIndex = 2 * index + 1
      if (childIndex >= heap.length) break
      if (childIndex + 1 < heap.length && isBefore(heap[childIndex + 1]!, heap[childIndex]!)) childIndex++
      const child = heap[childIndex]!
      if (!isBefore(child, timer)) break
      this.#place(child, index)
      index = childIndex
    }
    this.#place(timer, index)
  }

  #place(timer: Timer, index: number): void {
    this.#heap[index] = timer
    timer.index = index
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
