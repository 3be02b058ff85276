/**
 * Whether the network may have been cut in two, and how to find the other part again.
 *
 * Each part of a network that was cut gives the other one up, and goes on as a network of its own: its tables are full of
 * its own nodes, so when the cut is healed nobody has a reason to ask anybody of the other part. Two things make
 * them one again:
 *
 * - A node that loses a large share of its contacts within a short time suspects a cut. It remembers whom it lost, and
 *   asks one of them now and then, until one answers whose neighbourhood holds no news any more. Of two parts the
 *   smaller one loses at least half of its contacts, so one side suspects in any case.
 * - Every node starts a lookup of its own id at a bootstrap node rather than at its contacts now and then: in place of a
 *   refresh, so that it costs next to nothing. Without a suspicion that is once an hour; with one as often as the
 *   bootstrap nodes can bear, by the size of the network.
 *
 * Pure: times and chance are arguments.
 */
import type { Random } from '../primitives/random.js'

/** BOUNDED: contacts remembered. After hours of churn some of 64 are alive still; more would only be asked more seldom. */
export const MAX_LOST = 64

/** Every contact is checked within 15 minutes; a check takes some seconds. */
const WINDOW_MS = 20 * 60_000

/**
 * Lost within the window, against those that are left: of two parts the smaller one loses as many or more, but what
 * it loses last may be replaced by then. Where a fifth of the network leaves each hour a fifteenth is lost.
 */
const LOST_SHARE = 1 / 3
const LEAST_LOST = 2
/** In the largest tables those that are left, and their replacements, are more than twice as many as can be remembered. */
const CERTAIN_LOST = 40

/** Time between two questions to lost contacts, at first and at last: the cut is found healed within minutes. */
const FIRST_WAIT_MS = 30_000
const LAST_WAIT_MS = 4 * 60_000

/** Whoever was gone for longer is left to the looks at bootstrap nodes. */
const SUSPICION_MS = 24 * 60 * 60_000

/**
 * Share of new contacts among those that a lookup from a lost contact finds, from which on that one was in another part,
 * or alone: in our own part chance brings a few, and it knows the others.
 */
const MUCH_NEWS = 0.25

/** Whatever they say, so many answers end a suspicion. */
const MAX_ANSWERS = 8

/** Time between two looks. A million nodes then ask all their bootstrap nodes 280 times a second. */
const LOOK_MS = 60 * 60_000

/** While a cut is suspected: 100 looks a second, of all nodes together. */
const LOOK_MS_PER_NODE = 10

/** How long a look waits for a refresh to take the place of. A busy node needs none, and looks all the same. */
const LATE_MS = 15 * 60_000

/** Waits vary from three to five quarters of themselves, for what was cut at once must not ask at once. */
const JITTER_STEPS = 1024
const LEAST_WAIT = 0.75
const JITTER = 0.5

interface Lost {
  /** `addressKey` */
  key: number
  atMs: number
}

export class CutSuspicion {
  readonly #random: Pick<Random, 'below'>
  /** Oldest first. BOUNDED: by MAX_LOST. */
  #lost: Lost[] = []
  /** When the suspicion arose; NaN: there is none. */
  #sinceMs = NaN
  #askAtMs = Infinity
  #waitMs = FIRST_WAIT_MS
  #answers = 0
  #lookedAtMs: number
  /** Share of the time between two looks by which the next one varies; NaN: not drawn yet. */
  #lookJitter = NaN

  /** @param now monotonic milliseconds, as everywhere */
  constructor(now: number, random: Pick<Random, 'below'>) {
    this.#lookedAtMs = now
    this.#random = random
  }

  get isSuspected(): boolean {
    return !Number.isNaN(this.#sinceMs)
  }

  /** Lost contacts that are remembered, as `addressKey`, those lost first before the others. */
  get lost(): number[] {
    return this.#lost.map(({ key }) => key)
  }

  /** A contact was given up, as it did not answer; `left` contacts are left. */
  onLost(key: number, now: number, left: number): void {
    this.#forget(key)
    // Those of the cut are kept: who goes later is likelier to be dead.
    if (this.isSuspected && this.#lost.length >= MAX_LOST) return
    this.#lost = [...this.#lost, { key, atMs: now }].slice(-MAX_LOST)
    if (this.isSuspected) return
    this.#lost = this.#lost.filter(({ atMs }) => now - atMs <= WINDOW_MS)
    const enough = Math.min(CERTAIN_LOST, Math.max(LEAST_LOST, left * LOST_SHARE))
    if (this.#lost.length < enough) return
    this.#sinceMs = now
    this.#answers = 0
    this.#startWaiting(now)
  }

  /** A node has become a contact, whatever it was before. */
  onFound(key: number): void {
    if (this.#forget(key) && this.#lost.length === 0) this.#settle()
  }

  /** The lost contact to start a lookup of our own id at now, and there alone; null: none. */
  nextLost(now: number): number | null {
    if (!this.isSuspected || now < this.#askAtMs) return null
    if (now - this.#sinceMs > SUSPICION_MS) {
      this.#settle()
      return null
    }
    this.#waitMs = Math.min(this.#waitMs * 2, LAST_WAIT_MS)
    this.#askAtMs = now + this.#waitMs * this.#jitter()
    return this.#lost[this.#random.below(this.#lost.length)]!.key
  }

  /** A lost contact answered. `news`: share of new contacts among the closest that the lookup from there found, 0 to 1. */
  onAnswered(key: number, now: number, news: number): void {
    if (!this.isSuspected) return
    this.#forget(key)
    this.#answers++
    // Who was lost for itself proves nothing.
    if (news < MUCH_NEWS || this.#answers >= MAX_ANSWERS || this.#lost.length === 0) this.#settle()
    else this.#startWaiting(now)
  }

  /**
   * Whether the refresh that is due shall start at a bootstrap node.
   *
   * @param nodes size of the network; null while unknown
   */
  isLookDue(now: number, nodes: number | null): boolean {
    const isHurried = this.isSuspected && nodes !== null
    return this.#hasWaited(now, isHurried ? Math.min(LOOK_MS, nodes * LOOK_MS_PER_NODE) : LOOK_MS)
  }

  /** Whether no refresh has come that a look could take the place of. */
  isLookLate(now: number): boolean {
    return this.#hasWaited(now - LATE_MS, LOOK_MS)
  }

  onLook(now: number): void {
    this.#lookedAtMs = now
    this.#lookJitter = NaN
  }

  #hasWaited(now: number, periodMs: number): boolean {
    const waitedMs = now - this.#lookedAtMs
    if (waitedMs < periodMs * LEAST_WAIT) return false
    // Drawn no sooner than it matters: nodes that live for minutes draw what they drew before.
    if (Number.isNaN(this.#lookJitter)) this.#lookJitter = this.#jitter()
    return waitedMs >= periodMs * this.#lookJitter
  }

  #startWaiting(now: number): void {
    this.#waitMs = FIRST_WAIT_MS
    this.#askAtMs = now + this.#waitMs * this.#jitter()
  }

  #jitter(): number {
    return LEAST_WAIT + (JITTER * this.#random.below(JITTER_STEPS)) / JITTER_STEPS
  }

  #forget(key: number): boolean {
    const index = this.#lost.findIndex((lost) => lost.key === key)
    if (index === -1) return false
    this.#lost.splice(index, 1)
    return true
  }

  #settle(): void {
    this.#lost = []
    this.#sinceMs = NaN
    this.#askAtMs = Infinity
  }
}
