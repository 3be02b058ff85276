/** The figures as Markdown tables. Pure. */
import { formatNumber, formatTable } from '../table.js'
import { addAll, type Books, emptyBooks } from './books.js'
import { slopeAnHour } from './churn-day.js'
import type { ReliabilityResults } from './measurements.js'

/** Sections of the document, by name. */
export function reliabilitySections(results: ReliabilityResults): Record<string, string> {
  const { churn, storm, overload, processes } = results
  return {
    ...(churn && { churn: churnTable(churn) }),
    ...(storm && { storm: stormTable(storm) }),
    ...(overload && { overload: overloadTable(overload) }),
    ...(processes && { processes: processesTable(processes) }),
  }
}

type Rows<K extends keyof ReliabilityResults> = NonNullable<ReliabilityResults[K]>

function churnTable(rows: Rows<'churn'>): string {
  const head = ['replaced', 'loss', 'hours', 'replaced nodes', 'lookups', 'exact', 'of the 20 closest', 'heap (MB/h)']
  const body = rows.map(({ job, result }) => [
    job.how,
    percent(job.loss, 0),
    String(job.hours),
    String(result.replaced),
    String(result.lookups),
    percent(result.exact / result.lookups, 2),
    percent(result.recall, 2),
    // The first two hours fill caches and tables.
    (slopeAnHour(result.heapBytes.slice(2)) / 1e6).toFixed(2),
  ])
  const books = rows.map(({ result }) => booksCells(result.books))
  return formatTable([[...head, ...BOOKS_HEAD], ...body.map((cells, i) => [...cells, ...books[i]!])])
}

function stormTable(rows: Rows<'storm'>): string {
  const kinds = new Map<string, Rows<'storm'>>()
  for (const row of rows) {
    const { tables, bootstrapperDown, loss } = row.job
    const name = `${tables === 'empty' ? 'empty tables' : 'saved contacts'}${bootstrapperDown ? ', no bootstrap node' : ''}`
    const key = `${name}|${percent(loss, 0)}`
    kinds.set(key, [...(kinds.get(key) ?? []), row])
  }
  const body = [...kinds].map(([key, ofKind]) => {
    const sum = (pick: (row: Rows<'storm'>[number]) => number): number =>
      ofKind.reduce((all, row) => all + pick(row), 0)
    const lookups = sum(({ result }) => result.lookups)
    const worst = Math.min(...ofKind.map(({ result }) => result.exact / result.lookups))
    // null: Infinity, which JSON has not.
    const times = ofKind.flatMap(({ result }) => result.bootstrappedMs.map((ms: number | null) => ms ?? Infinity))
    return [
      ...key.split('|'),
      String(ofKind.length),
      String(lookups),
      percent(sum(({ result }) => lookups && result.exact) / lookups, 2),
      percent(worst, 2),
      percent(sum(({ result }) => result.recall) / ofKind.length, 2),
      String(sum(({ result }) => result.failed)),
      `${(Math.max(...times) / 1000).toFixed(1)} s`,
      String(sum(({ result }) => result.books.unaccounted)),
    ]
  })
  const head = [
    'restarted with',
    'loss',
    'networks',
    'lookups',
    'exact',
    'worst network',
    'of the 20 closest',
    'failed',
  ]
  return formatTable([[...head, 'slowest bootstrapped after', 'unaccounted'], ...body])
}

function overloadTable(rows: Rows<'overload'>): string {
  const line = (name: string, cell: (row: Rows<'overload'>[number]) => string): string[] => [name, ...rows.map(cell)]
  return formatTable([
    line('flood from', ({ sources }) => (sources === 1 ? 'one address' : `${sources} addresses`)),
    line('sustained (requests/s)', (row) => formatNumber(row.sustainedPerSecond)),
    line('flood (requests/s)', (row) => formatNumber(row.floodPerSecond)),
    line('honest requests (requests/s)', (row) => formatNumber(row.honestPerSecond)),
    line('of these answered before', ({ before }) => percent(before, 1)),
    line('during the flood', ({ during }) => percent(during, 1)),
    line('after it', ({ after }) => percent(after, 1)),
    line('90 % answered again after (s)', ({ recoveredMs }: { recoveredMs: number | null }) => {
      return recoveredMs === null ? 'not within 6' : (recoveredMs / 1000).toFixed(1)
    }),
    line('heap growth (MB)', ({ heapGrowthBytes }) => (heapGrowthBytes / 1e6).toFixed(2)),
    line('longest wait for a turn (ms)', ({ worstDelayMs }) => formatNumber(worstDelayMs)),
    ...BOOKS_HEAD.map((name, i) => line(name, ({ books }) => booksCells(books)[i]!)),
  ])
}

function processesTable({ stopMs, stop, kills, rejoins }: Rows<'processes'>): string {
  const slowest = Math.max(...rejoins.map(({ bootstrappedMs }) => bootstrappedMs))
  const rejoined = rejoins.reduce((sum, { books }) => addAll(sum, books), emptyBooks())
  const stopped = [
    `the request under way: ${stop.underWay}`,
    `${stop.exact} of ${stop.lookups} lookups exact at once`,
    `${stop.falseEvictions} living contacts given up`,
    `persistent and answering ${(stop.backMs / 1000).toFixed(1)} s later`,
    `${stop.books.received} datagrams received, ${stop.books.unaccounted} unaccounted`,
  ]
  return formatTable([
    ['what', 'outcome'],
    [`SIGSTOP for ${stopMs / 1000} s, SIGCONT`, stopped.join('; ')],
    [
      `kill -9 of a process that saves contacts, ${kills.kills} times`,
      `${kills.acknowledged} saves acknowledged, ${kills.lost} lost, ${kills.damaged} files damaged`,
    ],
    [
      `kill -9, every bootstrap node down, started again, ${rejoins.length} times`,
      `bootstrapped after ${(slowest / 1000).toFixed(2)} s at most, with ${Math.min(...rejoins.map(({ contacts }) => contacts))} contacts or more; ${rejoined.received} datagrams received, ${rejoined.unaccounted} unaccounted`,
    ],
  ])
}

const BOOKS_HEAD = ['received', 'handled', 'dropped', 'unaccounted']

function booksCells({ received, handled, dropped, unaccounted }: Books): string[] {
  return [received, handled, dropped, unaccounted].map(String)
}

function percent(share: number, digits: number): string {
  return `${(100 * share).toFixed(digits)} %`
}
