/** The figures of docs/RECORDS.md on fixed seeds, in smaller networks or with fewer records where it would take long. */
import test from 'brittle'
import { measureDeletion, measureForgery } from '../../bench/records/forgery.js'
import { measureFreshness, measureRaces } from '../../bench/records/freshness.js'

test('records: after a newer version counts, no read gives an older one', async (t) => {
  const figures = await measureFreshness({ seed: 1, nodes: 50, reads: 60, stale: 5 })
  t.alike([figures.newest, figures.older, figures.failed], [60, 0, 0])
})

test('records: of two writers that compare and swap exactly one wins', async (t) => {
  t.alike(await measureRaces({ seed: 2, nodes: 30, races: 12 }), { races: 12, one: 12, both: 0, none: 0, settled: 12 })
})

test('records: forged writes are taken by no path', async (t) => {
  const figures = await measureForgery({ seed: 3, nodes: 25, writes: 500 })
  t.alike([figures.accepted, figures.forgedEntries, figures.genuineReads], [0, 0, figures.reads])
  t.ok(figures.announced >= 20 && figures.stillAnnounced === figures.announced, 'and the announcement stands')
})

test('records: a deletion holds when old replicas come back', async (t) => {
  const figures = await measureDeletion({ seed: 4, nodes: 30, away: 5, reads: 40 })
  t.alike([figures.undead, figures.deleted, figures.undeadAfterEnd], [0, 40, 0])
})
