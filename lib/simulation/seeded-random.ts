/**
 * Randomness that comes again: the same seed and stream give the same numbers in every run and runtime.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, so that the streams of ten thousand nodes
 * do not meet, and a handful of 32-bit operations. It is fast and even, and no cryptography.
 */
import b4a from 'b4a'
import type { Random } from '../primitives/random.js'
import { checkInteger } from '../node/arguments.js'
import { checkFinite } from './arguments.js'

/** The author's number of rounds after which a seed is well mixed. */
const WARM_UP = 12

/** Streams are told apart by 32 bits. */
const MAX_STREAM = 2 ** 32 - 1

/** A seeded {@link Random} that can also draw fractions. */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /**
   * @param stream one of many independent sequences of the same seed
   * @throws TypeError or RangeError for a seed or stream that is no number
   */
  constructor(seed: number, stream = 0) {
    checkFinite(seed, 'seed')
    checkInteger(stream, 'stream', 0, MAX_STREAM)
    this.#a = seed | 0
    // Seeds beyond 32 bits and fractions make a difference too.
    this.#b = (Math.floor((seed - Math.floor(seed)) * 0x100000000) ^ Math.floor(seed / 0x100000000)) | 0
    this.#c = stream | 0
    for (let i = 0; i < WARM_UP; i++) this.u32()
  }

  /** A uniformly random integer from 0 to 2^32 - 1. */
  u32(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0
    return result >>> 0
  }

  /** A uniformly random number from 0 to below 1. */
  fraction(): number {
    return this.u32() / 0x100000000
  }

  /** A uniformly random integer from 0 to below `limit`, which is at most 2^32. */
  below(limit: number): number {
    return Math.floor((this.u32() / 0x100000000) * limit)
  }

  /** `sizeBytes` random bytes in a buffer of their own. */
  bytes(sizeBytes: number): Uint8Array {
    const out = b4a.alloc(sizeBytes)
    for (let i = 0; i < sizeBytes; i++) out[i] = this.u32()
    return out
  }

  /** One of these. @throws RangeError when there is none */
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('there is nothing to pick from')
    return from[this.below(from.length)]!
  }

  /** `count` of these, or all, each at most once, in random order. @throws TypeError or RangeError for no count */
  sample<T>(from: readonly T[], count: number): T[] {
    checkInteger(count, 'count', 0, Number.MAX_SAFE_INTEGER)
    const all = from.slice()
    const size = Math.min(count, all.length)
    for (let i = 0; i < size; i++) {
      const j = i + this.below(all.length - i)
      const other = all[j]!
      all[j] = all[i]!
      all[i] = other
    }
    all.length = size
    return all
  }
}

/**
 * A seeded source of randomness.
 *
 * @param seed any number
 * @param stream one of many independent sequences of the same seed; default 0
 * @example
 * const random = seededRandom(7)
 * const target = random.bytes(32)
 */
export function seededRandom(seed: number, stream = 0): SeededRandom {
  return new SeededRandom(seed, stream)
}
