/**
 * Who holds which 16-bit transaction id.
 *
 * Ids are uniformly random among those whose slot is free (W-S2: nobody may guess the next one), and a slot is found
 * by the low bits of the id. A Map would do too, but not at a hundred thousand insertions and deletions a second: each
 * of its tables points to its successor, so that one table that has grown old keeps all later ones, and the requests
 * in them, alive until the next full collection. That made a fifth of the client's CPU time.
 */
import type { Random } from '../primitives/random.js'

const TIDS = 65_536
const FIRST_SLOTS = 16

export class TidTable<T> {
  readonly #random: Random
  /** BOUNDED: by TIDS, twice the ids held or 16. */
  #holders: (T | null)[] = new Array<T | null>(FIRST_SLOTS).fill(null)
  #tids = new Uint16Array(FIRST_SLOTS)
  #mask = FIRST_SLOTS - 1
  #size = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** Ids held. At most half of all should be, or finding a free one takes long. */
  get size(): number {
    return this.#size
  }

  /** A fresh id, held by `holder` until it is given back. @throws Error when all are held */
  take(holder: T): number {
    if (this.#size === TIDS) throw new Error('All transaction ids are held')
    if (this.#size * 2 >= this.#holders.length && this.#holders.length < TIDS) this.#grow()
    for (;;) {
      const tid = this.#random.below(TIDS)
      const slot = tid & this.#mask
      if (this.#holders[slot] !== null) continue
      this.#holders[slot] = holder
      this.#tids[slot] = tid
      this.#size++
      return tid
    }
  }

  /** Who holds the id; null for nobody. */
  get(tid: number): T | null {
    const slot = tid & this.#mask
    return this.#tids[slot] === tid ? this.#holders[slot]! : null
  }

  /** Gives an id back. No effect when nobody holds it. */
  release(tid: number): void {
    if (this.get(tid) === null) return
    this.#holders[tid & this.#mask] = null
    this.#size--
  }

  /** Ids that differ in their low bits do so in more of them: everybody finds a slot. */
  #grow(): void {
    const holders = this.#holders
    const tids = this.#tids
    const slots = holders.length * 2
    this.#holders = new Array<T | null>(slots).fill(null)
    this.#tids = new Uint16Array(slots)
    this.#mask = slots - 1
    for (let i = 0; i < holders.length; i++) {
      if (holders[i] === null) continue
      const slot = tids[i]! & this.#mask
      this.#holders[slot] = holders[i]!
      this.#tids[slot] = tids[i]!
    }
  }
}
