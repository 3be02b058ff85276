/**
 * Lookups in simulated networks of which a fifth lies, small ones: `node dist/bench/liars.js` has the large ones. The
 * seeds are fixed, so these figures are the same in every run.
 */
import test from 'brittle'
import { type Lie, LIES, type LiarsJob, measureLiars } from '../../bench/simulated/liars.js'

const JOB: Omit<LiarsJob, 'share' | 'lie' | 'paths'> = { nodes: 150, seed: 1, lookups: 40 }

/** How much of what an honest network finds may be missed. */
const MARGIN = 0.02

const TIMEOUT = { timeout: 300_000 }

test(
  'liars: lookups among a fifth of them are at most 2 points below those of an honest network',
  TIMEOUT,
  async (t) => {
    const [honest] = await measureLiars({ ...JOB, share: 0, lie: 'silent', paths: [1] })
    t.comment(`nobody: ${(100 * honest!.recall).toFixed(2)} % found, ${(100 * honest!.exact).toFixed(0)} % exact`)
    t.ok(honest!.recall > 0.99)
    let exactOfAll = 0
    for (const lie of LIES) {
      const [plain, paths] = await measureLiars({ ...JOB, share: 0.2, lie, paths: lie === 'invented' ? [1] : [1, 4] })
      exactOfAll += plain!.exact / LIES.length
      for (const { recall, exact, first, requests } of paths === undefined ? [plain!] : [plain!, paths]) {
        const label = `${lie}: ${(100 * recall).toFixed(2)} % found, ${(100 * exact).toFixed(0)} % exact`
        t.ok(recall >= honest!.recall - MARGIN, label)
        t.ok(first >= 0.97, `${lie}: the nearest in ${(100 * first).toFixed(0)} %`)
        t.ok(requests < MOST_REQUESTS[lie], `${lie}: ${requests.toFixed(0)} requests`)
      }
    }
    // One lookup of 40 is 2.5 points: of one kind alone that says nothing.
    t.ok(exactOfAll >= honest!.exact - MARGIN, `exact, over all kinds: ${(100 * exactOfAll).toFixed(1)} %`)
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
