/**
 * Repeatable pseudo-random values, so that each round and each implementation gets the same work (mulberry32,
 * Tommy Ettinger, public domain).
 */

/** A function that returns uniform integers in [0, bound). */
export type RandomInteger = (bound: number) => number

export function seededRandom(seed: number): RandomInteger {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * bound)
  }
}

/** `count` uniformly distributed 32-byte values. */
export function randomTargets(count: number, random: RandomInteger): Uint8Array[] {
  return Array.from({ length: count }, () => Buffer.from(Array.from({ length: 32 }, () => random(256))))
}
