/** How something grows with the size of a network: `a + b · log2(nodes)`, which is what a Kademlia lookup costs. */

/** `a + b · log2(nodes)`, and how well it describes what it was fitted to. */
export interface Law {
  a: number
  b: number
  /** Share of the variance that it explains, at most 1. */
  rSquared: number
  /** Largest deviation of a point, as a share of what the law says there. */
  largestDeviation: number
}

export interface Point {
  nodes: number
  value: number
}

/** The law with the least squares of deviations. @param points at least two sizes */
export function fitLaw(points: readonly Point[]): Law {
  const count = points.length
  const xs = points.map(({ nodes }) => Math.log2(nodes))
  const meanX = xs.reduce((sum, x) => sum + x, 0) / count
  const meanY = points.reduce((sum, { value }) => sum + value, 0) / count
  let sxx = 0
  let sxy = 0
  let syy = 0
  points.forEach(({ value }, i) => {
    const dx = xs[i]! - meanX
    sxx += dx * dx
    sxy += dx * (value - meanY)
    syy += (value - meanY) ** 2
  })
  if (!(sxx > 0)) throw new RangeError('a law needs networks of two sizes')
  const b = sxy / sxx
  const law = { a: meanY - b * meanX, b, rSquared: 1, largestDeviation: 0 }
  const residuals = points.map(({ nodes, value }) => value - valueOf(law, nodes))
  const unexplained = residuals.reduce((sum, residual) => sum + residual * residual, 0)
  if (syy > 0) law.rSquared = 1 - unexplained / syy
  law.largestDeviation = Math.max(...residuals.map((r, i) => Math.abs(r / valueOf(law, points[i]!.nodes))))
  return law
}

/** What the law says for a size. */
export function valueOf({ a, b }: Pick<Law, 'a' | 'b'>, nodes: number): number {
  return a + b * Math.log2(nodes)
}
