/** The points of the charts: one for each virtual second, or as many as come when time flies. Pure. */
import type { Sample } from './frame.js'

const PERIOD_MS = 1000

export interface Counters {
  sent: number
  lost: number
  nodes: number
  persistent: number
}

export class Sampler {
  #fresh: Sample[] = []
  #lastMs: number
  #last: Counters

  constructor(nowMs: number, counters: Counters) {
    this.#lastMs = nowMs
    this.#last = counters
  }

  /** Whether it is time for the next point. */
  isDue(nowMs: number): boolean {
    return nowMs - this.#lastMs >= PERIOD_MS
  }

  add(nowMs: number, counters: Counters): void {
    const seconds = (nowMs - this.#lastMs) / 1000
    this.#fresh.push({
      at: nowMs / 1000,
      sent: (counters.sent - this.#last.sent) / seconds,
      lost: (counters.lost - this.#last.lost) / seconds,
      nodes: counters.nodes,
      persistent: counters.persistent,
    })
    this.#lastMs = nowMs
    this.#last = counters
  }

  /** Those since the last call. */
  take(): Sample[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }
}
