/** Holds the clock and the heap against each shot. */
import b4a from 'b4a'

export interface Gauge {
  /** Monotonic milliseconds. */
  now(): number
  /** Bytes that were allocated so far, and not collected. */
  allocatedBytes(): number
  /** After a forced collection. */
  heapBytes(): number
}

/** What decoding may allocate at most. */
export const MOST_DECODE_BYTES = 64 * 1024

/** What a shot may take at most, and how often it is fired again when it took longer: others run on this machine too. */
const MOST_MS = 5
const REPETITIONS = 3

/** One shot: what reads it, and what hands it to the target. */
export interface Firing {
  bytes: Uint8Array
  /** Where it comes from, for the report of what it has thrown. */
  from: string
  /** Decodes it, and keeps nothing. */
  decode: () => void
  fire: () => void
}

/** Fires, and looks at the clock and the heap. */
export class Meter {
  /** Shots that took longer than they may the first time. */
  pauses = 0
  /** Those that were slow every time, in hex. BOUNDED: each is a failure of its own. */
  readonly hangs: string[] = []
  /** Of those that were slow every time; of all others the slowest first time does not count. */
  slowestMs = 0
  largestDecodeBytes = 0
  readonly #gauge: Gauge | null

  /** @param gauge null: nothing is measured */
  constructor(gauge: Gauge | null) {
    this.#gauge = gauge
  }

  /** What is thrown comes out, with the shot's bytes. */
  fire(shot: Firing): void {
    try {
      if (this.#gauge === null) {
        shot.decode()
        shot.fire()
      } else this.#measured(this.#gauge, shot)
    } catch (error) {
      throw new Error(`thrown for ${b4a.toString(shot.bytes, 'hex')} from ${shot.from}`, { cause: error })
    }
  }

  #measured(gauge: Gauge, { bytes, decode, fire }: Firing): void {
    // At its smallest: compilers and collections of the engine allocate beside it.
    let decodeBytes = allocatedBy(gauge, decode)
    for (let i = 0; i < REPETITIONS && decodeBytes > MOST_DECODE_BYTES / 8; i++) {
      decodeBytes = Math.min(decodeBytes, allocatedBy(gauge, decode))
    }
    this.largestDecodeBytes = Math.max(this.largestDecodeBytes, decodeBytes)
    let leastMs = timeOf(gauge, fire)
    if (leastMs > MOST_MS) {
      this.pauses++
      for (let i = 0; i < REPETITIONS; i++) leastMs = Math.min(leastMs, timeOf(gauge, fire))
      if (leastMs > MOST_MS) this.hangs.push(b4a.toString(bytes, 'hex'))
    }
    this.slowestMs = Math.max(this.slowestMs, leastMs)
  }
}

/** What it allocates; below zero when it was collected meanwhile. */
function allocatedBy(gauge: Gauge, decode: () => void): number {
  const before = gauge.allocatedBytes()
  decode()
  return gauge.allocatedBytes() - before
}

function timeOf(gauge: Gauge, fire: () => void): number {
  const startedAt = gauge.now()
  fire()
  return gauge.now() - startedAt
}
