/** Ids as the page handles them: 64 hexadecimal digits. Pure. */

/** Bits of an id. */
export const ID_BITS = 256

/** XOR distance of two ids, as a number. */
export function distance(a: string, b: string): bigint {
  return BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
}

/** Leading bits that two ids share: 256 for equal ones. */
export function sharedBits(a: string, b: string): number {
  for (let i = 0; i < a.length; i++) {
    const gap = digit(a, i) ^ digit(b, i)
    if (gap !== 0) return 4 * i + Math.clz32(gap) - 28
  }
  return ID_BITS
}

/** Orders ids by their distance to a target, nearest first. */
export function compareDistance(target: string, a: string, b: string): number {
  for (let i = 0; i < target.length; i++) {
    const t = digit(target, i)
    const gap = (t ^ digit(a, i)) - (t ^ digit(b, i))
    if (gap !== 0) return gap
  }
  return 0
}

/** Where an id lies in the keyspace: from 0 to below 1. Thirteen digits are what a number holds. */
export function positionOf(id: string): number {
  return parseInt(id.slice(0, 13), 16) / 2 ** 52
}

/**
 * The part of the keyspace whose ids share exactly `bits` leading bits with this one: what a k-bucket covers. An
 * interval of positions, as all ids with a common prefix lie side by side.
 */
export function bucketRange(id: string, bits: number): { from: number; to: number } {
  const size = 2 ** -(bits + 1)
  const index = Math.floor(positionOf(id) / size)
  const from = (index ^ 1) * size
  return { from, to: from + size }
}

/** The beginning of an id, enough to tell nodes apart. */
export function shortId(id: string): string {
  return id.slice(0, 8)
}

/** A distance for people: how many bits agree, and how the rest begins. */
export function describeDistance(a: string, b: string): string {
  if (a === b) return 'no distance: it is the same id'
  const bits = sharedBits(a, b)
  const gap = distance(a, b).toString(16).padStart(64, '0').slice(0, 8)
  return `${bits} ${bits === 1 ? 'bit' : 'bits'} shared, distance ${gap}…`
}

function digit(id: string, i: number): number {
  const code = id.charCodeAt(i)
  return code < 58 ? code - 48 : code - 87
}
