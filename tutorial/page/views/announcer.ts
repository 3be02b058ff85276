/** Tells screen readers what happens, politely: notices of the log, a few at a time, as many come at once. */
import type { LogEntry } from '../model/frame.js'

const PERIOD_MS = 1500

/** More than these are only counted. */
const MOST = 3

export class Announcer {
  readonly element = document.createElement('div')
  #waiting: string[] = []
  #isSoon = false

  constructor() {
    this.element.className = 'sr'
    this.element.setAttribute('role', 'status')
    this.element.setAttribute('aria-live', 'polite')
  }

  onEntries(entries: readonly LogEntry[]): void {
    const fresh = entries.filter(({ level }) => level !== 'detail').map(({ text }) => text)
    if (fresh.length > 0) this.say(...fresh)
  }

  say(...texts: string[]): void {
    this.#waiting.push(...texts)
    if (this.#isSoon) return
    this.#isSoon = true
    setTimeout(() => this.#flush(), PERIOD_MS)
  }

  #flush(): void {
    this.#isSoon = false
    const shown = this.#waiting.slice(-MOST)
    const more = this.#waiting.length - shown.length
    this.element.textContent = shown.join('. ') + (more > 0 ? `. And ${more} more.` : '')
    this.#waiting = []
  }
}
