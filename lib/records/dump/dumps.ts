/**
 * The dumps of a module: those that it was made with, which are restored first and written from then on, and those that
 * the user asks for. All of them tell through the module, show in its health, and end with it.
 */
import type { Clock } from '../../primitives/clock.js'
import type { DHTError } from '../../primitives/errors.js'
import {
  ChannelDump,
  type ChannelDumpOptions,
  type DumpHealth,
  type DumpReport,
  type DumpSource,
  type RestoreReport,
} from './channel-dump.js'

/** Told of what becomes of any of them. */
export interface DumpListener {
  onRestored(report: RestoreReport, dump: ChannelDump): void
  onDumped(report: DumpReport, dump: ChannelDump): void
  onFailed(error: DHTError, dump: ChannelDump): void
  onStale(health: DumpHealth): void
}

export class Dumps {
  readonly #source: DumpSource
  readonly #clock: Clock
  readonly #listener: DumpListener
  /** BOUNDED: by the dumps that the user asks for and does not close. */
  readonly #dumps = new Set<ChannelDump>()
  readonly #cancels = new Set<() => void>()
  #closed = false

  constructor(source: DumpSource, clock: Clock, listener: DumpListener) {
    this.#source = source
    this.#clock = clock
    this.#listener = listener
  }

  /** How it stands with each. */
  get health(): DumpHealth[] {
    return [...this.#dumps].filter(({ isClosed }) => !isClosed).map(({ health }) => health)
  }

  /** @throws TypeError or RangeError for options that make no sense */
  create(options: ChannelDumpOptions): ChannelDump {
    const dump = new ChannelDump(this.#source, { clock: this.#clock, ...options })
    for (const other of this.#dumps) {
      if (other.isClosed) this.#dumps.delete(other)
      else if (other.path === dump.path) throw new TypeError(`path is that of another dump: ${dump.path}`)
    }
    dump.on('dump', (report) => this.#listener.onDumped(report, dump))
    dump.on('dump-error', (error) => this.#listener.onFailed(error, dump))
    dump.on('dump-stale', (health) => this.#listener.onStale(health))
    this.#dumps.add(dump)
    return dump
  }

  /**
   * Restores a dump, and writes it from then on: not before, or the file would be replaced by what is there of it. A
   * restore that fails is tried again after an interval.
   */
  async keep(dump: ChannelDump): Promise<void> {
    try {
      const report = await dump.restore()
      if (this.#closed) return
      this.#listener.onRestored(report, dump)
      dump.start()
    } catch (error) {
      if (this.#closed) return
      this.#listener.onFailed(error as DHTError, dump)
      const cancel = this.#clock.after(
        dump.intervalMs,
        () => {
          this.#cancels.delete(cancel)
          void this.keep(dump)
        },
        true,
      )
      this.#cancels.add(cancel)
    }
  }

  /** Ends all, each that was started with a last dump. Never rejects: what fails has been told. */
  async close(): Promise<void> {
    this.#closed = true
    for (const cancel of this.#cancels) cancel()
    await Promise.allSettled([...this.#dumps].map((dump) => dump.close()))
    this.#dumps.clear()
  }
}
