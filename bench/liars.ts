/**
 * Lookups in simulated networks of which a part lies, plain and over disjoint paths, as Markdown tables on stdout;
 * progress goes to stderr.
 *
 *     node dist/bench/liars.js [--nodes 500] [--seeds 2] [--lookups 150] [--paths 1,4,8] [--shares 0.2,0.3,0.4] [--lies …]
 */
import { parseArgs } from 'node:util'
import { type Lie, LIES, type LiarsJob, type LiarsResult, measureLiars } from './simulated/liars.js'
import { mean } from './simulated/statistics.js'
import { formatTable } from './table.js'

/** What came of one situation, over all seeds. */
interface Row {
  label: string
  /** One for each number of paths. */
  ways: LiarsResult[]
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '500' },
      seeds: { type: 'string', default: '2' },
      lookups: { type: 'string', default: '150' },
      paths: { type: 'string', default: '1,4,8' },
      shares: { type: 'string', default: '0.2,0.3,0.4' },
      lies: { type: 'string', default: LIES.join(',') },
    },
  })
  const paths = numbers(values.paths)
  const size = { nodes: Number(values.nodes), lookups: Number(values.lookups), paths }
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1)
  const measure = (label: string, share: number, lie: Lie): Promise<Row> =>
    measureRow(
      label,
      seeds.map((seed) => ({ ...size, seed, share, lie })),
    )
  const rows = [await measure('nobody', 0, 'silent')]
  for (const lie of values.lies.split(',') as Lie[]) {
    for (const share of numbers(values.shares)) rows.push(await measure(`${lie}, ${percent(share, 0)}`, share, lie))
  }
  const names = paths.map((count) => (count === 1 ? 'plain' : `${count} paths`))
  const print = (title: string, cell: (way: LiarsResult) => string): void => {
    const body = rows.map(({ label, ways }) => [label, ...ways.map(cell)])
    console.log(`${title}\n\n${formatTable([['who lies', ...names], ...body])}\n`)
  }
  print('Honest nodes of the true 20 that were found, and lookups that found all of them:', ({ recall, exact }) => {
    return `${percent(recall, 2)}, ${percent(exact, 1)}`
  })
  print('Virtual time, median and 95th percentile, and requests of a lookup:', ({ medianMs, p95Ms, requests }) => {
    return `${seconds(medianMs)}, ${seconds(p95Ms)}, ${requests.toFixed(0)}`
  })
  const unaccounted = Math.max(...rows.flatMap(({ ways }) => ways.map((way) => way.unaccounted)))
  console.log(`Datagrams of honest nodes that are not in their books: ${unaccounted}`)
  if (unaccounted > 0) process.exitCode = 1
}

/** Measures the same in networks of several seeds. */
async function measureRow(label: string, jobs: LiarsJob[]): Promise<Row> {
  const results: LiarsResult[][] = []
  const startedAt = performance.now()
  for (const job of jobs) results.push(await measureLiars(job))
  process.stderr.write(`${label}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
  const ways = results[0]!.map((first, i) => {
    const of = (name: Exclude<keyof LiarsResult, 'paths'>): number => mean(results.map((ofSeed) => ofSeed[i]![name]))
    const { paths } = first
    return {
      paths,
      lookups: of('lookups'),
      exact: of('exact'),
      recall: of('recall'),
      first: of('first'),
      medianMs: of('medianMs'),
      p95Ms: of('p95Ms'),
      requests: of('requests'),
      unaccounted: of('unaccounted'),
    }
  })
  return { label, ways }
}

function numbers(list: string): number[] {
  return list.split(',').map(Number)
}

function percent(share: number, digits: number): string {
  return `${(100 * share).toFixed(digits)} %`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

await main()
