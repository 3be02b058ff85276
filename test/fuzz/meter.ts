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

/** What every campaign is told. */
export interface CampaignOptions {
  /** Shots. */
  count: number
  seed: number
  /** null: nothing is measured. */
  gauge?: Gauge | null
  onProgress?: (fired: number) => void
}

/** What the clock and the heap say of a campaign. */
export interface Measured {
  /** Shots that took longer than 5 ms the first time. */
  pauses: number
  /** Those of them that did so every time, in hex. */
  hangs: readonly string[]
  heapGrowthBytes: number
  largestDecodeBytes: number
}

/** The stream of random numbers that shots are drawn from: beyond those of simulations and their nodes. */
export const SHOT_STREAM = 2 ** 21

/** Share of the shots after which the heap is looked at for the first time: by then all has been done once. */
const WARM_UP_SHARE = 0.1

/** Shots between two reports of progress. */
const PROGRESS_STEP = 10_000

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
  readonly #gauge: Gauge | null
  readonly #count: number
  readonly #onProgress: ((fired: number) => void) | undefined
  #fired = 0
  #pauses = 0
  /** BOUNDED: each is a failure of its own. */
  readonly #hangs: string[] = []
  #largestDecodeBytes = 0
  #heapBefore = 0

  constructor({ count, gauge = null, onProgress }: CampaignOptions) {
    this.#gauge = gauge
    this.#count = count
    this.#onProgress = onProgress
  }

  /** What is thrown comes out, with the shot's bytes. */
  fire(shot: Firing): void {
    if (this.#fired === Math.floor(this.#count * WARM_UP_SHARE)) this.#heapBefore = this.#gauge?.heapBytes() ?? 0
    this.#fired++
    if (this.#fired % PROGRESS_STEP === 0) this.#onProgress?.(this.#fired)
    try {
      if (this.#gauge === null) {
        shot.decode()
        shot.fire()
      } else this.#measured(this.#gauge, shot)
    } catch (error) {
      throw new Error(`thrown for ${b4a.toString(shot.bytes, 'hex')} from ${shot.from}`, { cause: error })
    }
  }

  /** What came of all shots; the heap is as it is now. */
  result(): Measured {
    return {
      pauses: this.#pauses,
      hangs: this.#hangs,
      heapGrowthBytes: this.#gauge === null ? 0 : this.#gauge.heapBytes() - this.#heapBefore,
      largestDecodeBytes: this.#largestDecodeBytes,
    }
  }

  #measured(gauge: Gauge, { bytes, decode, fire }: Firing): void {
    // At its smallest: compilers and collections of the engine allocate beside it.
    let decodeBytes = allocatedBy(gauge, decode)
    for (let i = 0; i < REPETITIONS && decodeBytes > MOST_DECODE_BYTES / 8; i++) {
      decodeBytes = Math.min(decodeBytes, allocatedBy(gauge, decode))
    }
    this.#largestDecodeBytes = Math.max(this.#largestDecodeBytes, decodeBytes)
    let leastMs = timeOf(gauge, fire)
    if (leastMs > MOST_MS) {
      this.#pauses++
      for (let i = 0; i < REPETITIONS; i++) leastMs = Math.min(leastMs, timeOf(gauge, fire))
      if (leastMs > MOST_MS) this.#hangs.push(b4a.toString(bytes, 'hex'))
    }
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
