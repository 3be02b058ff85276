/** The command that measures reliability: its command line, and its tables. */
import test from 'brittle'
import type { Books } from '../../bench/reliability/books.js'
import { parsePlan } from '../../bench/reliability/plan.js'
import { reliabilitySections } from '../../bench/reliability/tables.js'

const BOOKS: Books = { received: 10, handled: 8, dropped: 2, unaccounted: 0 }

test('command: defaults are those of the page, and numbers replace them', (t) => {
  const { parts, nodes, hours, stopMs } = parsePlan([])
  t.alike([parts.length, nodes, hours, stopMs], [4, 200, 24, 60_000])
  const plan = parsePlan(['--only', 'storm,churn', '--hours', '2', '--stop-seconds', '3'])
  t.alike([plan.parts, plan.hours, plan.stopMs], [['churn', 'storm'], 2, 3000])
})

test('command: what makes no sense is a TypeError', (t) => {
  const commands = [['--only', 'other'], ['--hours', '0'], ['--nodes', 'many'], ['--unknown'], ['churn']]
  for (const args of commands) void t.exception.all(() => parsePlan(args), TypeError, args.join(' '))
})

test('tables: a slope without the first two hours, and the worst network of a kind', (t) => {
  const job = {
    seed: 1,
    nodes: 200,
    hours: 5,
    replacedAnHour: 0.2,
    how: 'one by one',
    lookupsAnHour: 4,
    loss: 0,
  } as const
  const result = { lookups: 20, exact: 19, strictlyExact: 19, failed: 0, interrupted: 0, recall: 0.99, replaced: 200 }
  const heapBytes = [0, 9e6, 10e6, 11e6, 12e6]
  const { churn = '' } = reliabilitySections({ churn: [{ job, result: { ...result, heapBytes, books: BOOKS } }] })
  t.ok(/95\.00 % +\| 99\.00 % +\| 1\.00 /.test(churn), churn)

  const storm = { ...job, share: 0.2, tables: 'saved', bootstrapperDown: true, downMs: 1, watchMs: 1 } as const
  const outcome = { ...result, slowestMs: 9, restarted: 40, books: BOOKS }
  const sections = reliabilitySections({
    storm: [
      { job: { ...storm, lookups: 20 }, result: { ...outcome, exact: 20, bootstrappedMs: [100, 2000] } },
      { job: { ...storm, lookups: 20, seed: 2 }, result: { ...outcome, exact: 10, bootstrappedMs: [100, 4000] } },
    ],
  })
  t.ok(
    /saved contacts, no bootstrap node +\| 0 % +\| 2 +\| 40 +\| 75\.00 % +\| 50\.00 %/.test(sections.storm!),
    sections.storm,
  )
  t.ok(sections.storm!.includes('4.0 s'))
})
