/** What is measured of HyperDHT in simulated networks, in one that is just large enough. */
import test from 'brittle'
import { ENGINES } from '../../bench/hyperdht/installation.js'
import { measureHyperdht } from '../../bench/simulated/hyperdht.js'

for (const kind of ENGINES) {
  test(`bench: HyperDHT on ${kind} announces, finds and takes back in a network that loses datagrams`, async (t) => {
    const job = { kind, seed: 2, nodes: 40, loss: 0.05, dead: 0.1, topics: 6 }
    const { found, firstPeerMs, ...times } = await measureHyperdht(job)
    t.is(found, 1, 'every topic was found')
    t.is(firstPeerMs.length, 6)
    for (const [name, ms] of Object.entries(times)) {
      t.is(ms.length, 6, name)
      t.ok(ms.every((each) => each > 0 && each < 60_000))
    }
    t.ok(firstPeerMs.every((ms, i) => ms > 0 && ms <= times.lookupMs[i]!))
  })
}
