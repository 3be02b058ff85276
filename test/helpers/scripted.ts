/** Randomness and time under a test's control, for nodes that otherwise run on the machine's own. */
import b4a from 'b4a'
import { type Clock, systemClock } from '../../lib/primitives/clock.js'
import { type Random, systemRandom } from '../../lib/primitives/random.js'

/** The system's randomness, but for the secrets of tokens and, where set, the transaction ids. */
export class ScriptedRandom implements Random {
  /** What {@link below} returns next; null: random. */
  next: number | null = null
  /** The first 32 bytes drawn are the node's provisional id; the secrets follow. BOUNDED: by the test. */
  readonly #hashes: Uint8Array[]

  /** @param secrets in the order in which they are used, 32 bytes in hex */
  constructor(...secrets: string[]) {
    this.#hashes = [systemRandom.bytes(32), ...secrets.map((hex) => b4a.from(hex, 'hex'))]
  }

  bytes(sizeBytes: number): Uint8Array {
    return (sizeBytes === 32 ? this.#hashes.shift() : undefined) ?? systemRandom.bytes(sizeBytes)
  }

  below(limit: number): number {
    const { next } = this
    this.next = null
    return next === null ? systemRandom.below(limit) : next % limit
  }
}

/** The machine's clock, set forward at will. Running timers are not moved. */
export class ShiftedClock implements Clock {
  #shiftMs = 0

  forward(ms: number): void {
    this.#shiftMs += ms
  }

  now(): number {
    return systemClock.now() + this.#shiftMs
  }

  wallTime(): number {
    return systemClock.wallTime()
  }

  after(delayMs: number, fn: () => void, background?: boolean): () => void {
    return systemClock.after(delayMs, fn, background)
  }
}
