/** A figure of docs/RECORDS.md on a fixed seed: the life of a record whose owner and holders are gone. */
import test from 'brittle'
import { measureLifetime } from '../../bench/records/lifetime.js'

test('records: a record outlives its holders, and ends when it should', async (t) => {
  const figures = await measureLifetime({ seed: 3, nodes: 26, ttlMs: 4 * 3_600_000, reads: 12 })
  t.alike([figures.replaced, figures.found, figures.undead], [figures.holders, figures.reads, false])
  t.ok(figures.firstGoneMs >= 0 && figures.firstGoneMs < 2_000, `gone ${figures.firstGoneMs} ms after its end`)
})
