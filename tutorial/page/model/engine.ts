/**
 * Lets the simulated network run in slices short enough that whoever shares the thread gets a turn, at the pace the
 * visitor wants. Has no timer of its own: somebody calls `slice` again and again.
 */
import type { VirtualClock } from 'xorpc/simulation'
import type { ClockView } from './frame.js'
import { Pace } from './pace.js'

/** Most virtual time of one step: enough for the slowest answer. */
const STEP_LIMIT_MS = 2000

/** Weight of the newest slice in what the machine manages. */
const SMOOTHING = 0.1

export interface EngineOptions {
  /** Monotonic real milliseconds. */
  now: () => number
}

export class Engine {
  readonly pace = new Pace()
  readonly #now: () => number
  #keptUp = 1
  /** Steps that are to be done. */
  #steps = 0

  constructor({ now }: EngineOptions) {
    this.#now = now
  }

  /** While paused: goes on until something changes that can be seen. */
  step(): void {
    this.#steps++
  }

  /**
   * Lets as much virtual time pass as is due.
   *
   * @param budgetMs real time it may take
   * @param version changes when something visible happens
   * @returns whether time has passed
   */
  async slice(clock: VirtualClock, budgetMs: number, version: () => number): Promise<boolean> {
    const startedAt = this.#now()
    const wantedMs = this.pace.take(startedAt)
    const deadline = startedAt + budgetMs
    if (this.pace.paused && this.#steps > 0) {
      this.#steps--
      const before = version()
      await clock.runUntil(() => version() !== before || this.#now() > deadline + budgetMs, STEP_LIMIT_MS)
      return true
    }
    if (wantedMs === 0) return false
    const from = clock.now()
    const { hurrying } = this.pace
    // What was hurried for may be done long before the budget is: then time goes on at the usual pace at once.
    await clock.runUntil(() => this.#now() >= deadline || this.pace.hurrying !== hurrying, wantedMs)
    const share = hurrying ? 1 : (clock.now() - from) / wantedMs
    this.#keptUp += SMOOTHING * (share - this.#keptUp)
    return true
  }

  view(clock: VirtualClock): ClockView {
    const { paused, speed, hurrying } = this.pace
    return { nowMs: clock.now(), paused, speed, hurrying, keptUp: this.#keptUp }
  }
}
