/**
 * Calls of every kind on nodes that are suspended and destroyed meanwhile: `node dist/bench/settlement.js` makes ten
 * thousand of them. The seeds are fixed, so these figures are the same in every run.
 */
import test from 'brittle'
import { measureSettlement } from '../../bench/simulated/settlement.js'

for (const [dead, loss] of [
  [0, 0],
  [0.3, 0.3],
  [0.9, 0.1],
] as const) {
  const title = `settlement: ${100 * dead} % dead, ${100 * loss} % lost: each call settles once and in time, nothing is left`
  test(title, { timeout: 300_000 }, async (t) => {
    const { byCall, problems } = await measureSettlement({ seed: 1, dead, loss, calls: 400 })
    t.alike(problems, [])
    for (const [call, { calls, outcomes }] of Object.entries(byCall)) {
      const settled = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
      t.ok(calls > 0 && settled === calls, `${call}: ${calls}`)
    }
  })
}
