/**
 * Keeps a dump of a channel on a disk: restores it once, writes it again and again, and tells when that stops to succeed.
 *
 * Invariants: one dump is written at a time; a dump that fails leaves the files as they were; what is restored goes through
 * the same door as what comes from the network, one entry at a time.
 */
import { type Cancel, type Clock, systemClock } from '../../primitives/clock.js'
import { type EmitterClass, Emitter } from '../../primitives/emitter.js'
import { abortError, DHTError } from '../../primitives/errors.js'
import type { AbortSignalLike } from '../../primitives/signal.js'
import type { Entry } from '../entry.js'
import { findDump, readDump, type RefusedFile, writeDump } from './dump-file.js'

const DEFAULT_INTERVAL_MS = 5 * 60_000

/** Intervals without a new dump after which the last one counts as stale: two failed, or one takes that long. */
const STALE_INTERVALS = 3

/** What becomes of an entry that is restored: it is stored, or there already, or the reason why not. */
export type RestoreOutcome = 'stored' | 'known' | (string & {})

/** Where entries come from and go to. */
export interface DumpSource {
  /** As of a RecordStore: it does not hold up the process, and may be changed meanwhile. */
  entries(channel: string): AsyncIterable<Entry>
  /** Verifies an entry, and keeps it if all is well. Must not reject for what is wrong with the entry. */
  restore(entry: Entry): Promise<RestoreOutcome>
}

export interface ChannelDumpOptions {
  /** Where the dump is; the one before it is at `path.previous`. The folder must exist. */
  path: string
  /** Default: `''`, the default channel. */
  channel?: string
  /** Time between two dumps in ms. Default 300000 (5 min). */
  intervalMs?: number
  /** Default: the machine's. */
  clock?: Clock
}

/** A dump that was written. */
export interface DumpReport {
  /** Wall time in ms when it was begun: what was kept then is in it. */
  readonly createdAtMs: number
  readonly entries: number
  readonly sizeBytes: number
  readonly durationMs: number
}

/** What became of a dump that was read. */
export interface RestoreReport {
  /** The file that was used; null: there was none, or none that is whole. */
  readonly path: string | null
  /** Wall time in ms when it was begun; null: none was used. */
  readonly createdAtMs: number | null
  /** Files that were there, and were refused as a whole. */
  readonly refusedFiles: readonly RefusedFile[]
  /** Entries that were stored, or were there already. */
  readonly restored: number
  /** Entries that were passed over, by reason, such as `EXPIRED` and `BAD_SIGNATURE`. */
  readonly skipped: Readonly<Record<string, number>>
}

/** How it stands with the dumps of a channel. */
export interface DumpHealth {
  readonly channel: string
  readonly path: string
  /** Wall time in ms when the newest dump was begun; null: there is none of this run, nor one that was restored. */
  readonly lastDumpAtMs: number | null
  /** Its age in ms; null: there is none. */
  readonly ageMs: number | null
  /** Dumps that were written by this run. */
  readonly dumps: number
  /** Dumps, and restores, that failed since the last dump that was written. */
  readonly failures: number
  /** Why the last one failed; null: it did not. */
  readonly lastError: DHTError | null
  /** No dump was finished for three intervals. */
  readonly isStale: boolean
}

export type ChannelDumpEvents = {
  /** A dump was written. */
  dump: [report: DumpReport]
  /** A dump failed, with DUMP_FAILED; the next one is tried after an interval. */
  'dump-error': [error: DHTError]
  /** No dump has succeeded for three intervals. Once, until one does. */
  'dump-stale': [health: DumpHealth]
}

/**
 * Dumps of a channel in the background. Made by `records.dump(options)`.
 *
 * @example
 * const dump = records.dump({ path: './records.dump' })
 * const { restored, skipped } = await dump.restore()
 * dump.start()
 * dump.on('dump-error', (error) => console.warn(error.message))
 */
export class ChannelDump extends (Emitter as EmitterClass<ChannelDumpEvents>) {
  readonly path: string
  readonly channel: string
  readonly intervalMs: number
  readonly #source: DumpSource
  readonly #clock: Clock
  #lastDumpAtMs: number | null = null
  /** Monotonic time of the last success, or of the start. */
  #aliveAt: number
  #dumps = 0
  #failures = 0
  #lastError: DHTError | null = null
  #isStale = false
  #cancel: Cancel | null = null
  #writing: Promise<DumpReport> | null = null
  #isStarted = false
  #isClosed = false

  /** @throws TypeError or RangeError for options that make no sense */
  constructor(source: DumpSource, { path, channel = '', intervalMs = DEFAULT_INTERVAL_MS, clock }: ChannelDumpOptions) {
    super()
    if (typeof path !== 'string' || path === '') throw new TypeError('path must be a string')
    if (typeof channel !== 'string') throw new TypeError('channel must be a string')
    if (!(intervalMs > 0 && intervalMs <= 2 ** 31 - 1)) throw new RangeError('intervalMs must be from 1 to 2147483647')
    this.path = path
    this.channel = channel
    this.intervalMs = intervalMs
    this.#source = source
    this.#clock = clock ?? systemClock
    this.#aliveAt = this.#clock.now()
  }

  /** Whether {@link close} was called. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  get health(): DumpHealth {
    const lastDumpAtMs = this.#lastDumpAtMs
    return {
      channel: this.channel,
      path: this.path,
      lastDumpAtMs,
      ageMs: lastDumpAtMs === null ? null : Math.max(0, this.#clock.wallTime() - lastDumpAtMs),
      dumps: this.#dumps,
      failures: this.#failures,
      lastError: this.#lastError,
      isStale: this.#isStarted && this.#clock.now() - this.#aliveAt >= STALE_INTERVALS * this.intervalMs,
    }
  }

  /** Reads the newest dump that is whole, and keeps what of it is still valid. Rejects with DUMP_FAILED for a store that fails. */
  async restore(): Promise<RestoreReport> {
    const { found, refused } = await findDump(this.path, this.channel)
    const skipped: Record<string, number> = {}
    let restored = 0
    if (found !== null) {
      try {
        for await (const entry of readDump(found.path)) {
          const outcome = await this.#source.restore(entry)
          if (outcome === 'stored' || outcome === 'known') restored++
          else skipped[outcome] = (skipped[outcome] ?? 0) + 1
        }
      } catch (cause) {
        this.#failures++
        this.#lastError = failed('Restoring', cause)
        throw this.#lastError
      }
      this.#lastDumpAtMs ??= found.createdAtMs
    }
    const createdAtMs = found?.createdAtMs ?? null
    return { path: found?.path ?? null, createdAtMs, refusedFiles: refused, restored, skipped }
  }

  /** Dumps every `intervalMs` from now on, the first time after one interval. Idempotent. */
  start(): this {
    if (this.#isClosed) throw new DHTError('RECORDS_CLOSED')
    if (!this.#isStarted) {
      this.#isStarted = true
      this.#aliveAt = this.#clock.now()
      this.#schedule()
    }
    return this
  }

  /**
   * Writes a dump now, behind one that is being written. Rejects with DUMP_FAILED, its cause the system's error, or with the
   * reason of the aborted signal; the dumps there are stay then.
   */
  async dump({ signal }: { signal?: AbortSignalLike } = {}): Promise<DumpReport> {
    if (this.#isClosed) throw new DHTError('RECORDS_CLOSED')
    while (this.#writing !== null) await this.#writing.catch(() => {}) // whoever asked for that one is told
    const writing = this.#write(signal)
    this.#writing = writing
    try {
      return await writing
    } finally {
      this.#writing = null
    }
  }

  /** Ends it, with a last dump if it was started. Idempotent. Rejects with DUMP_FAILED when the last dump fails. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#cancel?.()
    const last = this.#isStarted ? this.dump() : this.#writing
    this.#isClosed = true
    this.#isStarted = false
    await last
  }

  async #write(signal?: AbortSignalLike): Promise<DumpReport> {
    const startedAt = this.#clock.now()
    const createdAtMs = Math.floor(this.#clock.wallTime())
    const header = { channel: this.channel, createdAtMs }
    try {
      const written = await writeDump(this.path, header, this.#source.entries(this.channel), signal)
      const report = { createdAtMs, ...written, durationMs: this.#clock.now() - startedAt }
      this.#succeed(createdAtMs)
      this.emit('dump', report)
      return report
    } catch (cause) {
      if (signal?.aborted === true) throw abortError(signal.reason)
      const error = failed('Dumping', cause)
      this.#failures++
      this.#lastError = error
      this.emit('dump-error', error)
      throw error
    }
  }

  #succeed(createdAtMs: number): void {
    this.#dumps++
    this.#failures = 0
    this.#lastError = null
    this.#lastDumpAtMs = createdAtMs
    this.#aliveAt = this.#clock.now()
    this.#isStale = false
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(
      this.intervalMs,
      () => {
        this.#schedule()
        this.#noteAge()
        // One that takes longer than the interval is not asked for twice. Failures are told as events.
        if (this.#writing === null) this.dump().catch(() => {})
      },
      true,
    )
  }

  #noteAge(): void {
    if (this.#isStale || !this.health.isStale) return
    this.#isStale = true
    this.emit('dump-stale', this.health)
  }
}

function failed(what: string, cause: unknown): DHTError {
  return new DHTError('DUMP_FAILED', `${what} failed: ${(cause as Error).message}`, { cause })
}
