/**
 * The node's heartbeat, and its sense of sleep: a gap between two beats much longer than a beat means that the machine
 * (or the browser tab) stood still (behaviour 5 and 9.5). The only timer that keeps the process alive.
 */
import type { Cancel, Clock } from '../primitives/clock.js'

/** Longest period between beats; existing nodes tick at the same pace. */
export const TICK_MS = 5000

/** A gap of three ticks is no busy event loop any more. */
const SLEEP_MS = 15_000

export class Ticker {
  readonly #clock: Clock
  readonly #periodMs: number
  readonly #onTick: (slept: boolean) => void
  #cancel: Cancel | null = null
  #lastAt = 0

  constructor(clock: Clock, periodMs: number, onTick: (slept: boolean) => void) {
    this.#clock = clock
    this.#periodMs = periodMs
    this.#onTick = onTick
  }

  /** Starts beating; the time since an earlier stop is no sleep. */
  start(): void {
    this.stop()
    this.#lastAt = this.#clock.wallTime()
    this.#schedule()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(this.#periodMs, () => this.#beat())
  }

  #beat(): void {
    const now = this.#clock.wallTime()
    const slept = now - this.#lastAt > SLEEP_MS
    this.#lastAt = now
    this.#schedule()
    this.#onTick(slept)
  }
}
