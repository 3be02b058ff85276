/**
 * Everything a lookup has heard of, each address once, nearest to the target first.
 *
 * Invariants: `sorted` is strictly ascending in XOR distance; an address that was asked is never forgotten, so it is
 * never asked twice; when full, the farthest candidate that was not asked makes room (it may come back when someone
 * names it again, for by then it may have become one of the nearest).
 */
import { addressKey } from '../primitives/address.js'
import { isNearer } from './candidate.js'
import type { Candidate } from './candidate.js'
import { CandidateTable } from './candidate-table.js'

/**
 * Refused addresses that are remembered, so that they are hashed and judged once. Ordinary lookups meet one (our
 * own); only a strict filter meets many, and beyond the bound it is merely asked again.
 */
const MAX_REFUSED = 256

/** The candidates of one lookup. */
export class Frontier {
  readonly #target: Uint8Array
  readonly #capacity: number
  /** BOUNDED, like the next one: by capacity. */
  readonly #table = new CandidateTable()
  readonly #sorted: Candidate[] = []
  /** Address keys. BOUNDED: by MAX_REFUSED. */
  readonly #refused = new Set<number>()

  /**
   * @param target 32-byte Uint8Array, kept
   * @param capacity most candidates held at a time; more than are ever asked
   */
  constructor(target: Uint8Array, capacity: number) {
    this.#target = target
    this.#capacity = capacity
  }

  /** All candidates, nearest first. A live view: read it, do not keep it over an insert. */
  get sorted(): readonly Candidate[] {
    return this.#sorted
  }

  /** The candidate at an address; null when the address was refused; undefined when it is new. */
  get(ip: number, port: number): Candidate | null | undefined {
    const candidate = this.#table.get(ip, port)
    if (candidate === undefined && this.#refused.has(addressKey(ip, port))) return null
    return candidate
  }

  /** Remembers that the address can never be a candidate. */
  refuse(ip: number, port: number): void {
    if (this.#refused.size < MAX_REFUSED) this.#refused.add(addressKey(ip, port))
  }

  /**
   * Puts a candidate whose address is new in its place.
   *
   * @returns false when the frontier is full and everything that could make room is nearer, or when its id is there
   */
  insert(candidate: Candidate): boolean {
    if (this.#sorted.length >= this.#capacity && !this.#makeRoom(candidate)) return false
    const at = this.#place(candidate)
    // Two addresses with one id: the caller gave a wrong id, for ids are hashes of addresses. The first one stays.
    const there = this.#sorted[at]
    if (there !== undefined && !isNearer(this.#target, candidate, there)) return false
    this.#sorted.splice(at, 0, candidate)
    this.#table.add(candidate)
    return true
  }

  /** Index of the first candidate that is not nearer than this one. */
  #place(candidate: Candidate): number {
    const sorted = this.#sorted
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isNearer(this.#target, sorted[middle]!, candidate)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Drops the farthest candidate not yet asked, if it is farther than the newcomer. */
  #makeRoom(newcomer: Candidate): boolean {
    const sorted = this.#sorted
    for (let i = sorted.length - 1; i >= 0; i--) {
      const candidate = sorted[i]!
      if (!isNearer(this.#target, newcomer, candidate)) return false
      if (candidate.state !== 'known') continue
      sorted.splice(i, 1)
      this.#table.remove(candidate)
      return true
    }
    return false
  }
}
