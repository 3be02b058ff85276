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

/** A fifth that is silent is what a lookup in an honest network meets after a fifth has died. */
const MARGIN_OF_THE_DEAD = 0.03

/** To a lookup these are dead, all of them or many: they are held against an honest network of which as many have died. */
const AS_DEAD: ReadonlySet<Lie> = new Set<Lie>(['garbage', 'silent', 'mixed'])

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
    const fallen = await measure(0.2, 'silent', 1, LOOKUPS)
    t.ok(fallen.exact >= honest.exact - MARGIN_OF_THE_DEAD, `a fifth dead: ${(100 * fallen.exact).toFixed(1)} % exact`)
    let exactOfAll = 0
    for (const lie of LIES) {
      const plain = lie === 'silent' ? fallen : await measure(0.2, lie, 1, LOOKUPS)
      exactOfAll += plain.exact / LIES.length
      // Of what is invented, paths find a part, and many silent ones.
      const paths = lie === 'invented' ? null : await measure(0.2, lie, 4, LOOKUPS_OVER_PATHS)
      const { exact: most } = AS_DEAD.has(lie) ? fallen : honest
      t.ok(plain.exact >= most - MARGIN, `${lie}: ${(100 * plain.exact).toFixed(1)} % exact`)
      for (const { recall, first, requests, unaccounted } of paths === null ? [plain] : [plain, paths]) {
        t.ok(recall >= honest.recall - MARGIN, `${lie}: ${(100 * recall).toFixed(2)} % found`)
        t.ok(first >= 0.97, `${lie}: the nearest in ${(100 * first).toFixed(0)} %`)
        t.ok(requests < MOST_REQUESTS[lie], `${lie}: ${requests.toFixed(0)} requests`)
        t.is(unaccounted, 0, 'received = handled + dropped by reason')
      }
    }
    t.ok(exactOfAll >= honest.exact - MARGIN, `exact, over all kinds: ${(100 * exactOfAll).toFixed(1)} %`)
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
