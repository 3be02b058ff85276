/**
 * Exchanges in the order in which they were added, linked through themselves: adding and removing cost some pointer
 * writes and no memory (why not a Set: see `tid-table.ts`). An exchange is in at most one list.
 */
import type { Exchange } from './exchange.js'

/** BOUNDED: by whoever adds. */
export class ExchangeList {
  #first: Exchange | null = null
  #last: Exchange | null = null
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The one that was added first; null when empty. */
  get first(): Exchange | null {
    return this.#first
  }

  /** Whether the exchange is in this list. The answer holds for exchanges of this list and of none. */
  has(exchange: Exchange): boolean {
    // Every member but a lone one has a neighbour.
    return exchange.previous !== null || exchange.next !== null || this.#first === exchange
  }

  /** Appends an exchange that is in no list. */
  add(exchange: Exchange): void {
    exchange.previous = this.#last
    if (this.#last === null) this.#first = exchange
    else this.#last.next = exchange
    this.#last = exchange
    this.#size++
  }

  /** Takes an exchange out. It must be in this list. */
  remove(exchange: Exchange): void {
    const { previous, next } = exchange
    if (previous === null) this.#first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
    exchange.previous = null
    exchange.next = null
    this.#size--
  }

  /** First to last. The list must not be changed meanwhile. */
  *[Symbol.iterator](): IterableIterator<Exchange> {
    for (let exchange = this.#first; exchange !== null; exchange = exchange.next) yield exchange
  }
}
