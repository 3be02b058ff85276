/**
 * The candidates of a lookup by their addresses: a hash table with open addressing and linear probing.
 *
 * A reply names 20 addresses, and a lookup looks 400 of them up. A Map would have the number for each, which is longer
 * than 31 bits, made into an object first: that was a tenth of what a lookup leaves to the garbage collector.
 *
 * Invariants: at most half of the places are taken; between a candidate's first choice and its place all are taken.
 * Strangers may choose addresses that share a place: with all of a full frontier there, one look takes some hundred steps.
 */
import type { Candidate } from './candidate.js'

/** Enough for most lookups: a result and what leads to it. A power of two. */
const FIRST_BITS = 7

export class CandidateTable {
  /** BOUNDED: four times what is held at most, which is the frontier's capacity. */
  #places: (Candidate | undefined)[] = emptyPlaces(FIRST_BITS)
  #bits = FIRST_BITS
  #size = 0

  /** Candidates in it. */
  get size(): number {
    return this.#size
  }

  get(ip: number, port: number): Candidate | undefined {
    const places = this.#places
    const mask = places.length - 1
    for (let place = hashOf(ip, port, this.#bits); ; place = (place + 1) & mask) {
      const candidate = places[place]
      if (candidate === undefined || (candidate.port === port && candidate.ip === ip)) return candidate
    }
  }

  /** Adds a candidate whose address is not in it. */
  add(candidate: Candidate): void {
    if (2 * (this.#size + 1) > this.#places.length) this.#grow()
    this.#size++
    this.#put(candidate)
  }

  /** Removes a candidate that is in it. */
  remove(candidate: Candidate): void {
    const places = this.#places
    const mask = places.length - 1
    let hole = hashOf(candidate.ip, candidate.port, this.#bits)
    while (places[hole] !== candidate) hole = (hole + 1) & mask
    this.#size--
    // Those behind it whose way led over the hole close it (Knuth, "The Art of Computer Programming" 3, 6.4, R).
    for (let next = (hole + 1) & mask; places[next] !== undefined; next = (next + 1) & mask) {
      const { ip, port } = places[next]!
      const wayBack = (next - hashOf(ip, port, this.#bits)) & mask
      if (wayBack < ((next - hole) & mask)) continue
      places[hole] = places[next]
      hole = next
    }
    places[hole] = undefined
  }

  #put(candidate: Candidate): void {
    const places = this.#places
    const mask = places.length - 1
    let place = hashOf(candidate.ip, candidate.port, this.#bits)
    while (places[place] !== undefined) place = (place + 1) & mask
    places[place] = candidate
  }

  #grow(): void {
    const before = this.#places
    this.#bits++
    this.#places = emptyPlaces(this.#bits)
    for (const candidate of before) if (candidate !== undefined) this.#put(candidate)
  }
}

function emptyPlaces(bits: number): (Candidate | undefined)[] {
  return new Array<Candidate | undefined>(2 ** bits).fill(undefined)
}

/** So many bits of a mix of both, of which every bit of either moves about half. */
function hashOf(ip: number, port: number, bits: number): number {
  const mixed = Math.imul(ip ^ Math.imul(port, 0x9e3779b1), 0x85ebca6b)
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) >>> (32 - bits)
}
