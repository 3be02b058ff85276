/** The scenarios of bench/reliability in small, on fixed seeds. docs/RELIABILITY.md has the figures of the large ones. */
import test from 'brittle'
import { type ChurnDayJob, measureChurnDay, slopeAnHour } from '../../bench/reliability/churn-day.js'
import { measureRestartStorm, type RestartStormJob } from '../../bench/reliability/restart-storm.js'

const TIMEOUT = { timeout: 120_000 }

for (const how of ['one by one', 'at once'] as const) {
  test(`churn: a fifth of the nodes replaced every hour, ${how}: lookups are exact`, TIMEOUT, async (t) => {
    const job: ChurnDayJob = { seed: 1, nodes: 60, hours: 2, replacedAnHour: 0.2, how, lookupsAnHour: 60, loss: 0 }
    const result = await measureChurnDay(job)
    t.is(result.replaced, 24)
    t.ok(result.lookups >= 118, `${result.lookups} lookups`)
    t.is(result.failed, 0)
    t.is(result.exact, result.lookups)
    t.is(result.books.unaccounted, 0, 'received = handled + dropped by reason')
    t.is(result.books.received, result.books.handled + result.books.dropped)
    t.ok(result.books.received > 10_000)
  })
}

test('churn: the slope of the heap is that of the line nearest to the figures', (t) => {
  t.is(slopeAnHour([5, 5, 5, 5]), 0)
  t.is(slopeAnHour([1, 3, 5, 7]), 2)
  t.is(slopeAnHour([0, 10, 0, 10, 0]), 0)
})

const STORM: RestartStormJob = {
  seed: 1,
  nodes: 80,
  share: 0.2,
  tables: 'empty',
  bootstrapperDown: false,
  downMs: 1000,
  watchMs: 30_000,
  lookups: 100,
  loss: 0,
}

for (const [name, change] of [
  ['with empty tables', {}],
  ['with saved contacts', { tables: 'saved' }],
  ['with saved contacts and no bootstrap node', { tables: 'saved', bootstrapperDown: true }],
] as const) {
  test(`restart storm: a fifth of the network restarts at once ${name}`, TIMEOUT, async (t) => {
    const result = await measureRestartStorm({ ...STORM, ...change })
    t.is(result.restarted, 16)
    t.is(result.failed, 0)
    t.ok(result.exact >= 0.99 * result.lookups, `${result.exact} of ${result.lookups}`)
    const slowest = Math.max(...result.bootstrappedMs)
    t.ok(slowest < 5000, `the slowest was bootstrapped after ${Math.round(slowest)} ms`)
    t.is(result.books.unaccounted, 0, 'received = handled + dropped by reason')
  })
}
