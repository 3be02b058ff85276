/**
 * Lookups in simulated networks of which a fifth lies, small ones: whom they find, at what price. How many are exact takes
 * more lookups: liars-exact.test.ts; `node dist/bench/liars.js` has large networks. The seeds are fixed, so these figures are
 * the same in every run.
 */
import test from 'brittle'
import { type Lie, LIES, measureLiars } from '../../bench/simulated/liars.js'

const NETWORK = { nodes: 150, seed: 1, lookups: 40 }

/** How much of what an honest network finds may be missed. */
const MARGIN = 0.02

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

const TIMEOUT = { timeout: 300_000 }

test('liars: among a fifth of them lookups find the honest nodes, at a bounded price', TIMEOUT, async (t) => {
  const [honest] = await measureLiars({ ...NETWORK, share: 0, lie: 'silent', paths: [1] })
  t.comment(`nobody: ${(100 * honest!.recall).toFixed(2)} % found`)
  t.ok(honest!.recall > 0.99)
  for (const lie of LIES) {
    // Of what is invented, paths find a part, and many silent ones.
    const ways = await measureLiars({ ...NETWORK, share: 0.2, lie, paths: lie === 'invented' ? [1] : [1, 4] })
    for (const { paths, recall, first, requests, unaccounted } of ways) {
      const label = `${lie}, ${paths === 1 ? 'plain' : `${paths} paths`}`
      t.ok(recall >= honest!.recall - MARGIN, `${label}: ${(100 * recall).toFixed(2)} % found`)
      t.ok(first >= 0.97, `${label}: the nearest in ${(100 * first).toFixed(0)} %`)
      t.ok(requests < MOST_REQUESTS[lie], `${label}: ${requests.toFixed(0)} requests`)
      t.is(unaccounted, 0, 'received = handled + dropped by reason')
    }
  }
})
