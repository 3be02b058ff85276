/**
 * How many requests may be on the way to one peer at a time, by what it answers: additive increase, multiplicative
 * decrease (Chiu and Jain, 1989), as TCP has it. A peer limits what it takes from one host, and so does the way to it.
 *
 * Pure: takes the time.
 */

const FIRST = 8
const MOST = 64

/** Times in a row that everything on the way was lost, after which the peer is taken for dead. */
const MAX_SILENCES = 4

export class PeerWindow {
  #size = FIRST
  #inFlight = 0
  #isGrowing = true
  /** Requests sent before then belong to a loss that has been answered for. */
  #cutAt = -Infinity
  #silences = 0

  /** Requests that may be sent now. */
  get room(): number {
    return Math.floor(this.#size) - this.#inFlight
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Whether it has not answered for so long that there is no use in asking. */
  get isGone(): boolean {
    return this.#silences >= MAX_SILENCES
  }

  onSent(): void {
    this.#inFlight++
  }

  /** What was to be sent was not. */
  onUnused(): void {
    this.#inFlight--
  }

  onAnswered(): void {
    this.#inFlight--
    this.#silences = 0
    this.#size = Math.min(MOST, this.#size + (this.#isGrowing ? 1 : 1 / this.#size))
  }

  /** @param sentAtMs monotonic time of the request that got no answer */
  onLost(sentAtMs: number, nowMs: number): void {
    this.#inFlight--
    if (sentAtMs < this.#cutAt) return
    this.#cutAt = nowMs
    this.#silences++
    this.#isGrowing = false
    this.#size = Math.max(1, this.#size / 2)
  }

  /** It is to be given another chance. */
  revive(): void {
    this.#silences = 0
  }
}
