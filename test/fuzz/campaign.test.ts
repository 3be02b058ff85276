/** Datagrams of every kind at live nodes: the million is `npm run fuzz`, which also holds the clock and the heap. */
import test from 'brittle'
import { runCampaign } from './campaign.js'
import { loadCorpus } from './corpus.js'

for (const seed of [1, 2]) {
  test(`fuzz: 9000 datagrams, seed ${seed}: nothing is thrown, all are in the books, all calls settle`, async (t) => {
    const result = await runCampaign({ count: 9000, seed, corpus: loadCorpus() })
    t.alike(result.fired, { random: 3000, mutated: 3000, grammar: 3000 })
    t.is(result.unaccounted, 0)
    t.is(result.pending, 0)
    t.is(result.wellAfterMinutes, 0, 'and the nodes are well')
    t.ok(result.requests > 500 && result.responses > 500, 'many get beyond the first look')
    t.ok(Object.entries(result.dropped).every(([reason, count]) => count > 0 || reason === 'suspended'))
  })
}
