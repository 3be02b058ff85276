/** Token buckets: so many a second on average, and a burst of two seconds' worth at once. Pure; time is an argument. */

/** A node that starts, or a lookup, comes in a burst. */
const BURST_SECONDS = 2

export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #at: number

  /** @param perSecond tokens a second, also fractions of one; Infinity: no limit */
  constructor(perSecond: number, now: number, burst: number = perSecond * BURST_SECONDS) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  /** Takes `count` tokens, or none where there are fewer. */
  take(now: number, count = 1): boolean {
    if (this.available(now) < count) return false
    this.#tokens -= count
    return true
  }

  /** Tokens that may be taken; Infinity: any number. */
  available(now: number): number {
    if (this.#perMs === Infinity) return Infinity
    // Time that goes backwards gives nothing.
    if (now > this.#at) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs)
      this.#at = now
    }
    return this.#tokens
  }

  /** Whether nothing is missing, so that a new one would be the same. */
  isFull(now: number): boolean {
    return this.#tokens + (now - this.#at) * this.#perMs >= this.#burst
  }
}
