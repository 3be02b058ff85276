/** More figures of docs/RECORDS.md on fixed seeds: which nodes hold what, when nodes die and join. */
import test from 'brittle'
import { measureNewcomers } from '../../bench/records/newcomers.js'
import { measureSurvival } from '../../bench/records/survival.js'
import { measureUpkeep } from '../../bench/records/upkeep.js'

test('records: all small records are readable when three in ten nodes have died', async (t) => {
  const figures = await measureSurvival({ seed: 1, nodes: 50, records: 40, killed: 0.3 })
  t.alike(figures, { records: 40, readable: 40, dead: 15 })
})

test('records: newcomers get what they should hold within a minute', async (t) => {
  const figures = await measureNewcomers({ seed: 2, nodes: 30, joining: 10, records: 40, afterMs: 60_000 })
  t.is(figures.wellPlaced, 40)
  t.ok(figures.load <= 2.5, `load ${figures.load}`)
})

test('records: holders look after what they keep, and hand it over, without a lookup for each', async (t) => {
  const { datagramsPerRecord, caughtUp, leaving, fewest } = await measureUpkeep({ seed: 3, nodes: 26, records: 60 })
  t.is(caughtUp, 100)
  t.ok(fewest >= 18, `${fewest} of the closest 20`)
  // A lookup for each record took 120, and 45 for each that was handed over.
  t.ok(datagramsPerRecord < 60, `${datagramsPerRecord} datagrams for a record`)
  t.ok(leaving.datagrams < 10 * leaving.records, `${leaving.datagrams} datagrams for ${leaving.records} records`)
})
