/** More figures of docs/RECORDS.md on fixed seeds: which nodes hold what, when nodes die and join. */
import test from 'brittle'
import { measureNewcomers } from '../../bench/records/newcomers.js'
import { measureSurvival } from '../../bench/records/survival.js'

test('records: all small records are readable when three in ten nodes have died', async (t) => {
  const figures = await measureSurvival({ seed: 1, nodes: 50, records: 40, killed: 0.3 })
  t.alike(figures, { records: 40, readable: 40, dead: 15 })
})

test('records: newcomers get what they should hold within a minute', async (t) => {
  const figures = await measureNewcomers({ seed: 2, nodes: 30, joining: 10, records: 40, afterMs: 60_000 })
  t.is(figures.wellPlaced, 40)
  t.ok(figures.load <= 2.5, `load ${figures.load}`)
})
