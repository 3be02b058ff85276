/**
 * Which entries end next: a binary heap by `heldUntilMs`. An entry that was replaced or deleted stays in it until its
 * turn comes, and is passed over then; when those are more than the living, the heap is built anew.
 */
import type { Entry } from '../entry.js'

/** Fewer dead ones are not worth rebuilding for. */
const MAX_DEAD = 1024

export class ExpiryQueue {
  /** BOUNDED: by twice the living entries, and MAX_DEAD. */
  #heap: Entry[] = []
  readonly #isLiving: (entry: Entry) => boolean
  #dead = 0

  /** @param isLiving whether this very entry is still in the store */
  constructor(isLiving: (entry: Entry) => boolean) {
    this.#isLiving = isLiving
  }

  push(entry: Entry): void {
    this.#heap.push(entry)
    this.#rise(this.#heap.length - 1)
  }

  /** An entry has left the store before its end. */
  noteDead(): void {
    this.#dead++
    if (this.#dead <= MAX_DEAD || this.#dead * 2 <= this.#heap.length) return
    this.#heap = this.#heap.filter(this.#isLiving).sort((a, b) => a.heldUntilMs - b.heldUntilMs)
    this.#dead = 0
  }

  /** Takes out the next living entry that ends at or before `nowMs`; null: there is none. */
  pop(nowMs: number): Entry | null {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.heldUntilMs > nowMs) return null
      const last = this.#heap.pop()!
      if (this.#heap.length > 0) {
        this.#heap[0] = last
        this.#sink()
      }
      if (this.#isLiving(first)) return first
      this.#dead--
    }
  }

  #rise(at: number): void {
    const heap = this.#heap
    const entry = heap[at]!
    while (at > 0) {
      const above = (at - 1) >> 1
      if (heap[above]!.heldUntilMs <= entry.heldUntilMs) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = entry
  }

  #sink(): void {
    const heap = this.#heap
    const entry = heap[0]!
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1]!.heldUntilMs < heap[below]!.heldUntilMs) below++
      if (heap[below]!.heldUntilMs >= entry.heldUntilMs) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = entry
  }
}
