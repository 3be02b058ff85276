/**
 * The round trips of late, and how long most of them take: a quantile of the last 64. Pure.
 *
 * Round trips of a network are skewed: most peers are near, a few are far. A mean with deviations (RFC 6298) fits one
 * path; what share of all peers answers within a time is told by a quantile only.
 */

/** BOUNDED: enough to tell what 97 % of them took, and few enough to follow a change within a few lookups. */
const CAPACITY = 64

/** Fewer say nothing about the tail. */
const ENOUGH = 6

/** Samples between two sortings: the quantile moves little with one of them. */
const REFRESH_YOUNG = 4
const REFRESH_FULL = 16

export class RecentRoundTrips {
  /** Milliseconds, a ring. */
  readonly #samples = new Float64Array(CAPACITY)
  #sorted: Float64Array = this.#samples.subarray(0, 0)
  #size = 0
  #next = 0
  #unsorted = 0

  /** Whether there are enough samples for a quantile. */
  get known(): boolean {
    return this.#size >= ENOUGH
  }

  /** Takes a measured round trip. What is no time (negative, NaN, infinite) is ignored. */
  add(rttMs: number): void {
    if (!(rttMs >= 0 && rttMs < Infinity)) return
    this.#samples[this.#next] = rttMs
    this.#next = (this.#next + 1) % CAPACITY
    if (this.#size < CAPACITY) this.#size++
    this.#unsorted++
  }

  /** Milliseconds that this share (0 to 1) of the recent round trips did not exceed; NaN while not {@link known}. */
  quantile(share: number): number {
    if (!this.known) return NaN
    if (this.#unsorted >= (this.#size < CAPACITY ? REFRESH_YOUNG : REFRESH_FULL) || this.#sorted.length < ENOUGH) {
      this.#sorted = this.#samples.slice(0, this.#size).sort()
      this.#unsorted = 0
    }
    const sorted = this.#sorted
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  }
}
