/**
 * How many requests may wait for an answer at once.
 *
 * A request takes a place when it is sent and gives it back once, however the waiting ends. Places do not come back by
 * the clock: what the window says is what is in flight. Invariant: `inFlight` is the number of `acquire` minus the
 * number of `release`, and never negative.
 */

/** A counter with a limit; who waits for room, and in which order, is the caller's business. */
export class CongestionWindow {
  /** Most requests at once that `full` allows. */
  readonly maxWindow: number
  #inFlight = 0

  /** @throws RangeError where `maxWindow` is neither a positive integer nor Infinity */
  constructor(maxWindow: number) {
    const valid = maxWindow === Infinity || Number.isSafeInteger(maxWindow)
    if (!valid || maxWindow < 1) throw new RangeError('maxWindow must be a positive integer or Infinity')
    this.maxWindow = maxWindow
  }

  /** Requests on their way now. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Whether another request has to wait. */
  get full(): boolean {
    return this.#inFlight >= this.maxWindow
  }

  /** Takes a place, also beyond the limit: for requests that cannot wait. */
  acquire(): void {
    this.#inFlight++
  }

  /**
   * Gives a place back.
   *
   * @throws Error where none is taken: somebody gave theirs back twice, and the window would grow without notice
   */
  release(): void {
    if (this.#inFlight === 0) throw new Error('CongestionWindow: release without acquire')
    this.#inFlight--
  }
}
