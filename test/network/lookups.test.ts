/** In a quiet network every lookup ends with the true closest nodes, whoever asks for whatever. */
import test from 'brittle'
import { seededRandom } from '../helpers/contacts.js'
import { lookUp, startNetwork } from './network.js'

const LOOKUPS = 1000

for (const size of [100, 300]) {
  test(`network: ${LOOKUPS} of ${LOOKUPS} lookups among ${size} nodes are exact`, { timeout: 120_000 }, async (t) => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const startedAt = performance.now()
    const { nodes } = await startNetwork(t, size)
    const joinedMs = performance.now() - startedAt
    const { exact, ms, misses } = await lookUp(nodes, LOOKUPS, seededRandom(seed))
    t.comment(`seed ${seed}, joined in ${joinedMs.toFixed()} ms, ${ms.toFixed(2)} ms per lookup`)
    for (const miss of misses) t.comment(miss)
    t.is(exact, LOOKUPS)
    const failures = nodes.reduce((sum, node) => sum + node.stats.requests.timeouts, 0)
    t.is(failures, 0, 'nobody waited in vain')
  })
}

test('network: every node is known to others, and knows its own neighbours', { timeout: 60_000 }, async (t) => {
  const { nodes } = await startNetwork(t, 100)
  for (const node of nodes) {
    const query = node.findNode(node.id!)
    await query.finished()
    // A full k-bucket keeps those it has.
    const { table } = node
    const known = query.closestNodes.filter(({ id }) => table.has(id!) || table.bucketOf(id!).length >= table.k)
    if (known.length < query.closestNodes.length) t.fail(`a node misses ${20 - known.length} of its neighbours`)
    if (!nodes.some((other) => other.table.has(node.id!))) t.fail('a node is known to nobody')
  }
  t.pass()
})
