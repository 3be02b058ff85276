/** Whether a node's counters account for every datagram: received = handled + dropped by reason. Pure. */
import type { DatagramStats } from '../../lib/rpc/stats.js'

/** Datagrams of one node, or of many together. */
export interface Books {
  received: number
  handled: number
  dropped: number
  /** `received` - `handled` - `dropped`, in absolute value, summed over the nodes: 0, or the books are wrong. */
  unaccounted: number
}

export function emptyBooks(): Books {
  return { received: 0, handled: 0, dropped: 0, unaccounted: 0 }
}

/** Adds the counters of a node. */
export function addBooks(books: Books, { received, requests, responses, dropped }: DatagramStats): void {
  const handled = requests + responses
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0)
  books.received += received
  books.handled += handled
  books.dropped += lost
  books.unaccounted += Math.abs(received - handled - lost)
}

/** The books of these nodes. */
export function booksOf(nodes: Iterable<{ stats: { datagrams: DatagramStats } }>): Books {
  const books = emptyBooks()
  for (const { stats } of nodes) addBooks(books, stats.datagrams)
  return books
}

/** The sum of two books. */
export function addAll(books: Books, others: Books | undefined): Books {
  if (others === undefined) return books
  return {
    received: books.received + others.received,
    handled: books.handled + others.handled,
    dropped: books.dropped + others.dropped,
    unaccounted: books.unaccounted + others.unaccounted,
  }
}
