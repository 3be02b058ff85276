/** What samples have in common: quantiles and means. Pure. */

/**
 * The value below which a share `p` of all values lies, interpolated between the two nearest. Infinite values stand for
 * what never happened, and are the largest.
 *
 * @param p from 0 to 1
 * @throws RangeError for no values
 */
export function quantile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new RangeError('there is no quantile of nothing')
  return quantileOfSorted(
    values.toSorted((a, b) => a - b),
    p,
  )
}

/** `parts + 1` quantiles from the smallest to the largest value: what a distribution is drawn from. */
export function quantiles(values: readonly number[], parts: number): number[] {
  const sorted = values.toSorted((a, b) => a - b)
  return Array.from({ length: parts + 1 }, (_, i) => quantileOfSorted(sorted, i / parts))
}

/** @throws RangeError for no values */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('there is no mean of nothing')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** How many of the values are true, 0 to 1. */
export function shareOf(values: readonly boolean[]): number {
  return mean(values.map(Number))
}

function quantileOfSorted(sorted: readonly number[], p: number): number {
  const position = p * (sorted.length - 1)
  const low = sorted[Math.floor(position)]!
  const high = sorted[Math.ceil(position)]!
  return low === high ? low : low + (high - low) * (position - Math.floor(position))
}
