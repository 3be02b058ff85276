/** Nodes that start in the same moment, when nobody knows anybody yet. */
import test from 'brittle'
import { FAR_APART, lookUp, ONE_MACHINE, startNetwork } from './simulated.js'

const SIZE = 100

/** Nodes that started together come to know each other in some seconds, without anybody looking anything up. */
const SETTLING_MS = 10_000

const LOOKUPS = 500

/**
 * Far apart, a lookup waits twice for what 97 % of the recent round trips took, and no longer: a node that is slower than that
 * may be missing, though all others named it.
 */
const NETWORKS = {
  'on one machine': { network: ONE_MACHINE, mayMiss: 0 },
  'far apart': { network: FAR_APART, mayMiss: 2 },
}

for (const [name, { network, mayMiss }] of Object.entries(NETWORKS)) {
  for (const seed of [1, 2]) {
    test(`network: ${SIZE} nodes ${name} that start in the same moment find each other (seed ${seed})`, async (t) => {
      const { sim, nodes } = await startNetwork(t, SIZE, { seed, network, atOnce: true })
      const fewest = (): number => Math.min(...nodes.map(({ table }) => table.size))
      t.comment(`joined, the poorest node knows ${fewest()} others`)
      await sim.advance(SETTLING_MS)
      t.comment(`after ${SETTLING_MS / 1000} s it knows ${fewest()}`)
      t.ok(fewest() >= 20, 'every node knows 20 others')
      const { exact, misses } = await lookUp(sim, nodes, { count: LOOKUPS })
      for (const miss of misses) t.comment(miss)
      t.ok(exact >= LOOKUPS - mayMiss, `${exact} of ${LOOKUPS} lookups are exact`)
    })
  }
}
