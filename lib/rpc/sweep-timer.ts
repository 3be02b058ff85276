/**
 * One timer for many deadlines: it is set for the earliest and looks at all of them when it fires. A deadline that
 * goes away leaves the timer alone, so what is answered in time costs no timer work at all.
 */
import type { Cancel, Clock } from '../primitives/clock.js'

export class SweepTimer {
  readonly #clock: Clock
  readonly #onSweep: (now: number, lateMs: number) => void
  #cancel: Cancel | null = null
  #at = Infinity

  /** @param onSweep called when the earliest deadline has passed; `lateMs`: how long ago that was */
  constructor(clock: Clock, onSweep: (now: number, lateMs: number) => void) {
    this.#clock = clock
    this.#onSweep = onSweep
  }

  /** Makes sure that a sweep happens at `dueAt` or before. */
  arm(dueAt: number, now: number): void {
    if (dueAt >= this.#at) return
    this.#cancel?.()
    this.#at = dueAt
    this.#cancel = this.#clock.after(Math.max(dueAt - now, 1), () => this.#fire())
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#at = Infinity
  }

  #fire(): void {
    const now = this.#clock.now()
    const lateMs = now - this.#at
    this.#cancel = null
    this.#at = Infinity
    this.#onSweep(now, lateMs)
  }
}
