/**
 * Exchanges of a group in the order in which they were added, as in `exchange-list.ts`, but over links of their own: an
 * exchange is in a list of the client at the same time. Two classes, not one over both pairs of links, since reading
 * links by name would cost the client, which needs its lists for every request.
 */
import type { Exchange } from './exchange.js'

/** BOUNDED: by whoever adds. */
export class GroupList {
  #first: Exchange | null = null
  #last: Exchange | null = null

  /** Appends an exchange that is in no group. */
  add(exchange: Exchange): void {
    exchange.groupPrevious = this.#last
    if (this.#last === null) this.#first = exchange
    else this.#last.groupNext = exchange
    this.#last = exchange
  }

  /** Takes an exchange out. It must be in this list. */
  remove(exchange: Exchange): void {
    const { groupPrevious, groupNext } = exchange
    if (groupPrevious === null) this.#first = groupNext
    else groupPrevious.groupNext = groupNext
    if (groupNext === null) this.#last = groupPrevious
    else groupNext.groupPrevious = groupPrevious
    // Whoever still holds this exchange must not hold those beside it.
    exchange.groupPrevious = null
    exchange.groupNext = null
  }

  /** First to last. The list must not be changed meanwhile. */
  *[Symbol.iterator](): IterableIterator<Exchange> {
    for (let exchange = this.#first; exchange !== null; exchange = exchange.groupNext) yield exchange
  }
}
