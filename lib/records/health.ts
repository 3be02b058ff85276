/** Whether what is kept here is safe: of the storage engine's failures, and of the dumps. */
import type { Clock } from '../primitives/clock.js'
import type { DumpHealth } from './dump/channel-dump.js'

export interface RecordsHealth {
  /** The storage engine did not fail within the last minute, and no dump is stale or fails again and again. */
  readonly isHealthy: boolean
  /** Times that the storage engine failed, and the last time's error; null: never. */
  readonly storeErrors: number
  readonly lastStoreError: unknown
  /** Each dump, with its age and failures. */
  readonly dumps: readonly DumpHealth[]
}

/** After an error the storage engine counts as failing for so long. */
const STORE_ERROR_MS = 60_000

/** Of dumps in a row; a single one may be an accident. */
const MANY_FAILURES = 3

export class StoreFailures {
  readonly #clock: Clock
  count = 0
  last: unknown = null
  #lastAt = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(error: unknown): void {
    this.count++
    this.last = error
    this.#lastAt = this.#clock.now()
  }

  get isRecent(): boolean {
    return this.#clock.now() - this.#lastAt < STORE_ERROR_MS
  }
}

export function healthOf(failures: StoreFailures, dumps: readonly DumpHealth[]): RecordsHealth {
  const areDumpsWell = dumps.every(({ isStale, failures: failed }) => !isStale && failed < MANY_FAILURES)
  return {
    isHealthy: areDumpsWell && !failures.isRecent,
    storeErrors: failures.count,
    lastStoreError: failures.last,
    dumps,
  }
}
