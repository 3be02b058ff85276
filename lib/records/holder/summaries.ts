/**
 * Summaries of sets, for the holder's answers: the latest of each set is kept until something is stored there, and a set
 * that changes all the time is gone through no more often than its size allows, however many ask.
 */
import type { Clock } from '../../primitives/clock.js'
import { toHex } from '../hex.js'
import type { Prefix } from '../rules/member-tree.js'
import type { RecordStore } from '../store/contract.js'
import { BoundedMap } from './bounded-map.js'
import { type SetSummary, summarize } from './set-pages.js'

export interface Place {
  readonly channel: string
  /** 32 bytes. */
  readonly target: Uint8Array
}

export interface SummariesOptions {
  readonly store: RecordStore
  readonly clock: Clock
}

/** Summaries kept, about 3 kB each. */
const MAX_KEPT = 256

/** Sets of which it is remembered when they were gone through. */
const MAX_PACED = 1024

/** Askers that may wait for their turn; more are told that we are busy. */
const MAX_WAITING = 256

/** After going through a set its next turn is a ms later for so many records: a tenth of the time at most goes there. */
const RECORDS_PER_MS = 100

export class Summaries {
  readonly #options: SummariesOptions
  /** Of whole sets. BOUNDED: by MAX_KEPT. */
  readonly #kept = new BoundedMap<SetSummary>(MAX_KEPT)
  /** Monotonic ms of the next turn. BOUNDED: by MAX_PACED. */
  readonly #nextTurns = new BoundedMap<number>(MAX_PACED)
  /** Of sets that are being gone through. BOUNDED: by the requests under way. */
  readonly #running = new Map<string, Set<{ stale: boolean }>>()
  /** Waiting for their turn, which is shared by all who ask for the same. BOUNDED: by MAX_WAITING. */
  readonly #waiting = new Map<string, Promise<SetSummary>>()
  /** Ends of the waiting. BOUNDED: likewise. */
  readonly #wake = new Set<() => void>()

  constructor(options: SummariesOptions) {
    this.#options = options
  }

  /** What lies there, as of the call or later; null: too many are waiting. Rejects when the store fails. */
  async of(place: Place, prefix: Prefix): Promise<SetSummary | null> {
    const name = nameOf(place)
    const kept = prefix.bits === 0 ? this.#kept.get(name) : undefined
    if (kept !== undefined && this.#options.clock.wallTime() < kept.validUntilMs) return kept
    const delayMs = (this.#nextTurns.get(name) ?? 0) - this.#options.clock.now()
    if (delayMs <= 0) return this.#summarize(name, place, prefix)
    const waitingName = `${name}/${prefix.bits}/${prefix.value}`
    const waiting = this.#waiting.get(waitingName)
    if (waiting !== undefined) return waiting
    if (this.#waiting.size >= MAX_WAITING) return null
    const summary = this.#pause(delayMs).then(() => {
      this.#waiting.delete(waitingName)
      return this.#summarize(name, place, prefix)
    })
    this.#waiting.set(waitingName, summary)
    return summary
  }

  /** Something was stored there. */
  noteStored(place: Place): void {
    const name = nameOf(place)
    this.#kept.delete(name)
    for (const run of this.#running.get(name) ?? []) run.stale = true
  }

  /** Ends the waiting: the store is closed, and who waits hears that. */
  close(): void {
    for (const wake of this.#wake) wake()
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        this.#wake.delete(wake)
        resolve()
      }
      const cancel = this.#options.clock.after(delayMs, wake, true)
      this.#wake.add(wake)
    })
  }

  async #summarize(name: string, place: Place, prefix: Prefix): Promise<SetSummary> {
    const { store, clock } = this.#options
    const run = { stale: false }
    const runs = this.#running.get(name) ?? new Set()
    this.#running.set(name, runs.add(run))
    try {
      const summary = await summarize(store, place, prefix, clock.wallTime())
      if (prefix.bits === 0 && !run.stale) this.#kept.set(name, summary)
      const restMs = Math.floor(summary.count / RECORDS_PER_MS)
      if (restMs > 0) this.#nextTurns.set(name, clock.now() + restMs)
      return summary
    } finally {
      runs.delete(run)
      if (runs.size === 0) this.#running.delete(name)
    }
  }
}

function nameOf({ channel, target }: Place): string {
  return `${toHex(target)}/${channel}`
}
