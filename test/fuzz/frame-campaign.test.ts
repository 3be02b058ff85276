/** Messages of every kind at live gateways and a client of one: the million is `npm run fuzz`. */
import test from 'brittle'
import { loadCorpus, loadFrames } from './corpus.js'
import { runFrameCampaign } from './frame-campaign.js'

for (const seed of [1, 2]) {
  test(`fuzz: 9000 messages of the tunnel, seed ${seed}: what is malformed ends its connection, all are in the books`, async (t) => {
    const result = await runFrameCampaign({ count: 9000, seed, datagrams: loadCorpus(), frames: loadFrames() })
    t.alike(result.fired, { random: 3000, mutated: 3000, grammar: 3000 })
    t.alike(result.problems, [])
    t.is(result.unaccounted, 0)
    t.is(result.left, 0)
    t.ok(result.isWell, 'who behaves is served')
    t.ok(result.malformed > 3000 && result.messages - result.malformed > 3000, `${result.malformed} malformed`)
    t.ok(result.closed.malformed! > 2000 && result.closed.overload! > 0 && result.closed.version! > 0)
    t.ok(result.passed > 500, `${result.passed} datagrams passed`)
    for (const reason of ['size', 'protocol', 'destination', 'socket', 'rate', 'lookup', 'parked', 'ping-nat']) {
      t.ok(result.refused[reason]! > 0, `${reason}: ${result.refused[reason]}`)
    }
  })
}
