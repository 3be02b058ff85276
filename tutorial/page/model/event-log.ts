/** What has happened, in words, newest last. */
import type { LogEntry } from './frame.js'

/** Entries kept for who asks late; older ones are gone. */
const MAX_ENTRIES = 300

export class EventLog {
  /** BOUNDED: by MAX_ENTRIES. */
  readonly #entries: LogEntry[] = []
  readonly #now: () => number
  #count = 0
  #taken = 0

  /** @param now virtual milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  add(text: string, level: LogEntry['level'] = 'detail'): void {
    this.#entries.push({ number: ++this.#count, atMs: this.#now(), level, text })
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift()
  }

  /** Those since the last call. */
  take(): LogEntry[] {
    const fresh = this.#entries.filter(({ number }) => number > this.#taken)
    this.#taken = this.#count
    return fresh
  }
}
