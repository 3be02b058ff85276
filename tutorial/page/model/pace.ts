/**
 * How fast virtual time passes: the clock that the visitor controls. Pure: real time goes in, virtual time comes out.
 *
 * - `paused` stops everything.
 * - While something is `hurried` (building a network, say), time passes as fast as the machine can do it.
 * - Time that the machine was too slow for is not made up for later, or the picture would jump.
 */

/** Speeds to choose from; 1 is as in reality, where a round trip takes about 0.13 s. */
export const SPEEDS = [0.02, 0.1, 0.25, 1, 5, 30] as const

/** Real time between two slices that counts: a tab that was hidden does not rush when it is back. */
const MAX_GAP_MS = 100

/** Virtual time asked for at once while hurrying; the budget of real time ends it sooner. */
const HURRY_MS = 60_000

export class Pace {
  paused = false
  /** Virtual milliseconds for each real one. */
  #speed: number = 1
  #hurried = 0
  #lastMs: number | null = null

  get speed(): number {
    return this.#speed
  }

  /** @throws RangeError unless it is from 0.001 to 100 */
  set speed(value: number) {
    if (!(value >= 0.001 && value <= 100)) throw new RangeError(`speed must be from 0.001 to 100, got ${value}`)
    this.#speed = value
  }

  get hurrying(): boolean {
    return this.#hurried > 0
  }

  /** Hurries until the work is done. */
  async hurry<T>(work: Promise<T>): Promise<T> {
    this.#hurried++
    try {
      return await work
    } finally {
      this.#hurried--
    }
  }

  /** Virtual milliseconds to let pass now. @param nowMs real time */
  take(nowMs: number): number {
    const gapMs = this.#lastMs === null ? 0 : Math.min(nowMs - this.#lastMs, MAX_GAP_MS)
    this.#lastMs = nowMs
    if (this.paused) return 0
    return this.hurrying ? HURRY_MS : gapMs * this.#speed
  }
}
