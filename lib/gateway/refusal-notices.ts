/** Tells a client what was refused, counted up and once a second at most: a refusal costs less than what caused it. */
import type { GatewayMessage } from '../transport/tunnel/messages.js'
import { REFUSALS, type Refusal } from '../transport/tunnel/refusal.js'

/** Between two notices. */
const NOTICE_MS = 1000

export class RefusalNotices {
  /** BOUNDED: by the kinds of refusals. */
  readonly #counts = new Map<Refusal, number>()
  #toldAt = -Infinity

  add(reason: Refusal): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1)
  }

  /** What to tell now, or null: nothing, or not yet. */
  take(now: number): GatewayMessage | null {
    if (this.#counts.size === 0 || now - this.#toldAt < NOTICE_MS) return null
    this.#toldAt = now
    const counts = REFUSALS.filter((reason) => this.#counts.has(reason)).map((reason) => ({
      reason,
      count: this.#counts.get(reason)! % 2 ** 32,
    }))
    this.#counts.clear()
    return { type: 'refused', counts }
  }
}
