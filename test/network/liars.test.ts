/**
 * Lookups in simulated networks of which a fifth lies, small ones: `node dist/bench/liars.js` has the large ones. The
 * seeds are fixed, so these figures are the same in every run.
 */
import test from 'brittle'
import { type Lie, LIES, type LiarsResult, measureLiars } from '../../bench/simulated/liars.js'

const NETWORK = { nodes: 150, seed: 1 }

/** So many that two points are more than chance; over disjoint paths, where only the found are looked at, fewer will do. */
const LOOKUPS = 300
const LOOKUPS_OVER_PATHS = 40

/** How much of what an honest network finds may be missed. */
const MARGIN = 0.02

const TIMEOUT = { timeout: 300_000 }

test(
  'liars: lookups among a fifth of them are at most 2 points below those of an honest network',
  TIMEOUT,
  async (t) => {
    const measure = (share: number, lie: Lie, paths: number, lookups: number): Promise<LiarsResult> =>
      measureLiars({ ...NETWORK, lookups, share, lie, paths: [paths] }).then(([result]) => result!)
    const honest = await measure(0, 'silent', 1, LOOKUPS)
    t.comment(`nobody: ${(100 * honest.recall).toFixed(2)} % found, ${(100 * honest.exact).toFixed(1)} % exact`)
    t.ok(honest.recall > 0.99)
    for (const lie of LIES) {
      const plain = await measure(0.2, lie, 1, LOOKUPS)
      // Of what is invented, paths find a part, and many silent ones.
      const paths = lie === 'invented' ? null : await measure(0.2, lie, 4, LOOKUPS_OVER_PATHS)
      t.ok(plain.exact >= honest.exact - MARGIN, `${lie}: ${(100 * plain.exact).toFixed(1)} % exact`)
      for (const { recall, first, requests, unaccounted } of paths === null ? [plain] : [plain, paths]) {
        t.ok(recall >= honest.recall - MARGIN, `${lie}: ${(100 * recall).toFixed(2)} % found`)
        t.ok(first >= 0.97, `${lie}: the nearest in ${(100 * first).toFixed(0)} %`)
        t.ok(requests < MOST_REQUESTS[lie], `${lie}: ${requests.toFixed(0)} requests`)
        t.is(unaccounted, 0, 'received = handled + dropped by reason')
      }
    }
  },
)

/** What liars can make a lookup send: dead names are asked twice, and of one liar alone only a few. */
const MOST_REQUESTS: Record<Lie, number> = {
  garbage: 150,
  self: 80,
  colluding: 80,
  invented: 250,
  slow: 150,
  silent: 150,
  mixed: 300,
}
