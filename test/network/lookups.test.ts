/** In a quiet network every lookup ends with the true closest nodes, whoever asks for whatever. */
import test from 'brittle'
import { FAR_APART, lookUp, ONE_MACHINE, startNetwork } from './simulated.js'

const LOOKUPS = 1000

const PLACES = { 'on one machine': ONE_MACHINE, 'far apart': FAR_APART }

for (const [name, network] of Object.entries(PLACES)) {
  for (const size of [100, 300]) {
    test(`network: ${LOOKUPS} lookups among ${size} nodes ${name} are exact`, async (t) => {
      const { sim, nodes } = await startNetwork(t, size, { seed: size, network })
      const { exact, ms, misses } = await lookUp(sim, nodes, { count: LOOKUPS })
      t.comment(`${ms.toFixed()} ms per lookup`)
      for (const miss of misses) t.comment(miss)
      t.is(exact, LOOKUPS)
      const failures = nodes.reduce((sum, node) => sum + node.stats.requests.timeouts, 0)
      t.is(failures, 0, 'nobody waited in vain')
    })
  }
}

test('network: every node is known to others, and knows its own neighbours', async (t) => {
  const { sim, nodes } = await startNetwork(t, 100)
  const missed: string[] = []
  for (const node of nodes) {
    const query = node.findNode(node.id!)
    await sim.run(query.finished())
    // A full k-bucket keeps those it has.
    const { table } = node
    const known = query.closestNodes.filter(({ id }) => table.has(id!) || table.bucketOf(id!).length >= table.k)
    const lacking = query.closestNodes.length - known.length
    if (lacking > 0) missed.push(`a node misses ${lacking} of its neighbours`)
    if (!nodes.some((other) => other.table.has(node.id!))) missed.push('a node is known to nobody')
  }
  t.alike(missed, [])
})
