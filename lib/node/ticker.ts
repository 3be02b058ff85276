/**
 * The node's heartbeat, and its sense of sleep: a gap between two beats much longer than a beat means that the machine
 * (or the browser tab) stood still (behaviour 5 and 9.5). The only timer that keeps the process alive.
 */
import type { Cancel, Clock } from '../primitives/clock.js'

/** Longest period between beats; existing nodes tick at the same pace. */
export const TICK_MS = 5000

/**
 * Beats fall on whole seconds of the clock, so that the nodes of a process wake it together: a hundred of them, each at its
 * own time, wake it 20 times a second for nothing else.
 */
const GRID_MS = 1000

/** A gap of three ticks is no busy event loop any more. */
const SLEEP_MS = 15_000

export class Ticker {
  readonly #clock: Clock
  readonly #nextMs: () => number
  readonly #onTick: (slept: boolean) => void
  #cancel: Cancel | null = null
  #lastAt = 0
  #beating = false

  /** @param nextMs time until the next beat, asked after each */
  constructor(clock: Clock, nextMs: () => number, onTick: (slept: boolean) => void) {
    this.#clock = clock
    this.#nextMs = nextMs
    this.#onTick = onTick
  }

  /** Starts beating; the time since an earlier stop is no sleep. */
  start(): void {
    this.stop()
    this.#lastAt = this.#clock.wallTime()
    this.#beating = true
    this.#schedule()
  }

  stop(): void {
    this.#beating = false
    this.#cancel?.()
    this.#cancel = null
  }

  #schedule(): void {
    const nextMs = this.#nextMs()
    const earlyMs = nextMs > GRID_MS ? (this.#clock.now() + nextMs) % GRID_MS : 0
    this.#cancel = this.#clock.after(nextMs - earlyMs, () => this.#beat())
  }

  #beat(): void {
    const now = this.#clock.wallTime()
    const slept = now - this.#lastAt > SLEEP_MS
    this.#lastAt = now
    this.#cancel = null
    this.#onTick(slept)
    // After the work, which may change the pace; unless that stopped it, or started it anew.
    if (this.#beating && this.#cancel === null) this.#schedule()
  }
}
