/**
 * The time of one machine. All machines of a network share the monotonic time; each has a time of day of its own, and
 * each can stand still: what falls due meanwhile happens at the moment it goes on, in order.
 *
 * Timers of a machine that stands still leave the shared clock when they fall due, once, and so cost nothing any more.
 */
import type { Cancel, Clock } from '../primitives/clock.js'
import { type VirtualClock, VirtualEvent } from '../primitives/virtual-clock.js'
import { checkFinite } from './arguments.js'

/** The {@link Clock} of one host. */
export class HostClock implements Clock {
  readonly #clock: VirtualClock
  #wallOffsetMs = 0
  #frozen = false
  /** What fell due while it stood still, in order. BOUNDED: by the timers that were running then. */
  #parked: HostTimer[] = []

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  /** Monotonic milliseconds. Goes on while the machine stands still, as for a process that is stopped. */
  now(): number {
    return this.#clock.now()
  }

  wallTime(): number {
    return this.#clock.wallTime() + this.#wallOffsetMs
  }

  /** Calls `fn` once, `delayMs` from now, or when the machine goes on after that. */
  after(delayMs: number, fn: () => void): Cancel {
    if (typeof fn !== 'function') throw new TypeError(`fn must be a function, got ${typeof fn}`)
    const timer = new HostTimer(this, fn)
    this.#clock.schedule(timer, delayMs)
    return () => {
      timer.fn = null
      this.#clock.unschedule(timer)
    }
  }

  /** Moves the time of day alone, as when the user sets it, or a machine wakes up whose monotonic time stood still. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += checkFinite(ms, 'ms')
  }

  /** Whether the machine stands still. */
  get frozen(): boolean {
    return this.#frozen
  }

  /** Stops all timers. */
  freeze(): void {
    this.#frozen = true
  }

  /** Goes on. What fell due meanwhile happens now, though not inside this call. */
  thaw(): void {
    if (!this.#frozen) return
    this.#frozen = false
    const late = this.#parked
    this.#parked = []
    for (const timer of late) if (timer.fn !== null) this.#clock.schedule(timer, 0)
  }

  /** A timer is due: it fires now, or when the machine goes on. Returns whether it did now. */
  run(timer: HostTimer): boolean {
    if (this.#frozen) this.#parked.push(timer)
    else timer.fn?.()
    return !this.#frozen
  }
}

class HostTimer extends VirtualEvent {
  readonly #clock: HostClock
  /** null once cancelled. */
  fn: (() => void) | null

  constructor(clock: HostClock, fn: () => void) {
    super()
    this.#clock = clock
    this.fn = fn
  }

  /** Its machine does not go on any more. */
  override get isMoot(): boolean {
    return this.#clock.frozen
  }

  fire(): boolean {
    return this.#clock.run(this)
  }
}
