/**
 * Which gateway a client tries next, and after how long. Pure: time comes in as an argument, and randomness as a
 * {@link Random}.
 *
 * A session can be resumed only where it is, so a lost connection is first sought again at the same gateway; after two
 * attempts, or when its grace is over, the next URL has its turn. Waits double with each round through the URLs, up to
 * half a minute, and half of each is drawn at random, so that the clients of a gateway that went down do not all come
 * back in the same moment.
 */
import type { Random } from '../../primitives/random.js'

/** First wait after a failure. */
export const MIN_DELAY_MS = 500

/** Longest wait: whoever sits before a page that is offline does not wait longer than that once it is online. */
export const MAX_DELAY_MS = 30_000

/** Attempts at the gateway that holds our session, where there are others. */
const RESUME_ATTEMPTS = 2

/** A connection that was lost sooner counts as a failed attempt, or one that is always lost would never be waited for. */
const STABLE_MS = 10_000

/** The grain of randomness. */
const GRAIN = 1024

export interface Attempt {
  /** Position of the URL. */
  index: number
  delayMs: number
}

export interface RouteOptions {
  /** Number of URLs, at least 1. */
  count: number
  random: Random
  minDelayMs?: number
  maxDelayMs?: number
}

export class Route {
  readonly #count: number
  readonly #random: Random
  readonly #minDelayMs: number
  readonly #maxDelayMs: number
  #index = 0
  /** Failures since a connection was last open, for a while. */
  #failures = 0
  #openedAt = -Infinity
  /** Until when the session at `index` can be resumed; -Infinity: there is none. */
  #resumableUntil = -Infinity
  /** URLs that refused us for good since a connection was last open. BOUNDED: by the URLs. */
  readonly #refused = new Set<number>()

  constructor({ count, random, minDelayMs = MIN_DELAY_MS, maxDelayMs = MAX_DELAY_MS }: RouteOptions) {
    this.#count = count
    this.#random = random
    this.#minDelayMs = minDelayMs
    this.#maxDelayMs = maxDelayMs
  }

  /** Position of the URL tried last, or next. */
  get index(): number {
    return this.#index
  }

  /** Whether every gateway has refused us in a way that will not change by asking again. */
  get isRefusedByAll(): boolean {
    return this.#refused.size === this.#count
  }

  /** The gateway has welcomed us. */
  onOpen(now: number): void {
    this.#openedAt = now
    this.#refused.clear()
  }

  /** An open connection was lost; its session can be resumed for `graceMs`. */
  onLost(now: number, graceMs: number): Attempt {
    this.#resumableUntil = now + graceMs
    if (now - this.#openedAt < STABLE_MS) return this.onFailure(now, false)
    this.#failures = 0
    return { index: this.#index, delayMs: this.#jitter(this.#minDelayMs) }
  }

  /** The gateway asks its clients to go, and to be gone within this time. */
  onGoAway(withinMs: number): Attempt {
    this.#resumableUntil = -Infinity
    this.#advance()
    // Alone it has to wait until the gateway is back; with others, not all of its clients shall arrive there at once.
    return { index: this.#index, delayMs: this.#count === 1 ? this.#backOff(1) : this.#jitter(withinMs / 2) }
  }

  /** An attempt came to nothing. `permanent`: we were refused, and would be again. */
  onFailure(now: number, permanent: boolean): Attempt {
    this.#failures++
    if (permanent) this.#refused.add(this.#index)
    const resumable = now < this.#resumableUntil && !permanent && this.#failures < RESUME_ATTEMPTS
    if (!resumable) this.#advance()
    return { index: this.#index, delayMs: this.#backOff(Math.ceil(this.#failures / this.#count)) }
  }

  #advance(): void {
    this.#index = (this.#index + 1) % this.#count
  }

  #backOff(round: number): number {
    const fullMs = Math.min(this.#maxDelayMs, this.#minDelayMs * 2 ** (round - 1))
    return fullMs / 2 + this.#jitter(fullMs / 2)
  }

  #jitter(limitMs: number): number {
    return (limitMs * this.#random.below(GRAIN)) / GRAIN
  }
}
