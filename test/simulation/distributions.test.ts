import test from 'brittle'
import {
  type Distribution,
  exponential,
  fixed,
  lognormal,
  pareto,
  SeededRandom,
  uniform,
  weibull,
} from '../../lib/simulation/index.js'

const DRAWS = 40_000

/** The values at these shares of many draws, rounded. */
function quantiles(distribution: Distribution, shares: number[]): number[] {
  const random = new SeededRandom(1)
  const values = Array.from({ length: DRAWS }, () => distribution(random)).sort((a, b) => a - b)
  return shares.map((share) => values[Math.floor(share * DRAWS)]!)
}

/** Expected quantiles follow from the closed forms of the distribution functions. */
const CASES: [name: string, Distribution, [share: number, value: number][]][] = [
  [
    'fixed',
    fixed(5),
    [
      [0, 5],
      [0.99, 5],
    ],
  ],
  [
    'uniform',
    uniform(10, 20),
    [
      [0.25, 12.5],
      [0.5, 15],
      [0.9, 19],
    ],
  ],
  [
    'exponential',
    exponential({ halfLifeMs: 60 }),
    [
      [0.5, 60],
      [0.75, 120],
      [0.875, 180],
    ],
  ],
  [
    'pareto',
    pareto({ medianMs: 60, shape: 1 }),
    [
      [0.5, 60],
      [0.75, 180],
      [0.9, 540],
    ],
  ],
  [
    'weibull of shape 1, which is exponential',
    weibull({ medianMs: 60, shape: 1 }),
    [
      [0.5, 60],
      [0.75, 120],
    ],
  ],
  [
    'weibull of shape 0.5',
    weibull({ medianMs: 60 }),
    [
      [0.5, 60],
      [0.75, 240],
      [0.9375, 960],
    ],
  ],
  [
    'lognormal',
    lognormal({ medianMs: 60, sigma: 0.8 }),
    [
      [0.5, 60],
      [0.8413, 60 * Math.exp(0.8)],
    ],
  ],
]

for (const [name, distribution, expected] of CASES) {
  test(`distributions: ${name} has the quantiles of its definition`, (t) => {
    const found = quantiles(
      distribution,
      expected.map(([share]) => share),
    )
    expected.forEach(([share, value], i) => {
      t.ok(Math.abs(found[i]! / value - 1) < 0.06, `${share}: ${found[i]!.toFixed(1)}, expected ${value.toFixed(1)}`)
    })
  })
}

test('distributions: none of them gives a negative time, or none', (t) => {
  const random = new SeededRandom(2)
  for (const [name, distribution] of CASES) {
    const values = Array.from({ length: 10_000 }, () => distribution(random))
    t.ok(
      values.every((value) => value >= 0 && value < Infinity),
      name,
    )
  }
})

test('distributions: bad parameters throw', (t) => {
  const bad: (() => unknown)[] = [
    () => fixed(-1),
    () => uniform(5, 4),
    () => uniform(-1, 4),
    () => exponential({ halfLifeMs: 0 }),
    () => pareto({ medianMs: NaN }),
    () => pareto({ medianMs: 1, shape: 0 }),
    () => weibull({ medianMs: Infinity }),
    () => lognormal({ medianMs: 1, sigma: -1 }),
  ]
  for (const create of bad) void t.exception.all(create, RangeError, String(create))
})
