/**
 * HyperDHT in simulated networks that lose datagrams, some of whose nodes are dead. Ratios are taken between networks of
 * the same seed, in which the hosts are in the same places and the topics are the same.
 */
import { readVersions } from '../hyperdht/installation.js'
import type { Both, Row, Sample } from '../measurement.js'
import { runJobs } from '../pool.js'
import type { HyperdhtJob, HyperdhtResult as NetworkResult } from '../simulated/hyperdht.js'
import { quantile } from '../simulated/statistics.js'
import { compare, formatComparison, type Line } from '../table.js'
import type { SimulationPlan } from './plan.js'
import { simulate, SUBJECTS, type Versions, versions } from './scenario.js'

export interface LossyHyperdhtResult {
  versions: Versions
  hyperdht: string
  nodes: number
  seeds: number
  /** Topics of each network. */
  topics: number
  lines: Line[]
}

interface Figure {
  label: string
  unit: string
  of: (result: NetworkResult) => number
  better?: 'higher'
}

const FIGURES: Figure[] = [
  { label: 'lookup, median', unit: 'ms', of: ({ lookupMs }) => quantile(lookupMs, 0.5) },
  { label: 'lookup, p99', unit: 'ms', of: ({ lookupMs }) => quantile(lookupMs, 0.99) },
  { label: 'lookup, first peer, median', unit: 'ms', of: ({ firstPeerMs }) => quantile(firstPeerMs, 0.5) },
  { label: 'lookup, peer found', unit: '%', of: ({ found }) => 100 * found, better: 'higher' },
  { label: 'lookup of nothing, median', unit: 'ms', of: ({ emptyLookupMs }) => quantile(emptyLookupMs, 0.5) },
  { label: 'announce, median', unit: 'ms', of: ({ announceMs }) => quantile(announceMs, 0.5) },
  { label: 'announce, p99', unit: 'ms', of: ({ announceMs }) => quantile(announceMs, 0.99) },
  { label: 'unannounce, median', unit: 'ms', of: ({ unannounceMs }) => quantile(unannounceMs, 0.5) },
  { label: 'findPeer, median', unit: 'ms', of: ({ findPeerMs }) => quantile(findPeerMs, 0.5) },
]

/** Simulates all networks. */
export async function measureLossyHyperdht(plan: SimulationPlan): Promise<LossyHyperdhtResult> {
  const { seeds, hyperdht } = plan
  const jobs = jobsOf(plan)
  const options = { parallel: plan.jobs, name: 'hyperdht-lossy', titleOf }
  const results = await runJobs(jobs, options, (job) => simulate('hyperdht', job))
  const lines = hyperdht.losses.flatMap((loss) => {
    const [ours, theirs] = SUBJECTS.map((kind) => {
      return results.filter((_, i) => jobs[i]!.kind === kind && jobs[i]!.loss === loss)
    }) as Both<NetworkResult[]>
    return linesOf(loss, ours, theirs)
  })
  const { nodes, topics } = hyperdht
  return { versions: versions(), hyperdht: (await readVersions()).hyperdht, nodes, seeds, topics, lines }
}

/** Sections of the documentation, by name. */
export function lossyHyperdhtSections({ versions: version, lines }: LossyHyperdhtResult): Record<string, string> {
  const names = SUBJECTS.map((name) => `${name} ${version[name]}`) as Both<string>
  return { 'hyperdht-lossy': formatComparison(lines, names) }
}

function jobsOf({ seeds, hyperdht: { nodes, topics, losses, dead } }: SimulationPlan): HyperdhtJob[] {
  const jobs: HyperdhtJob[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    for (const loss of losses) for (const kind of SUBJECTS) jobs.push({ kind, seed, nodes, loss, dead, topics })
  }
  return jobs
}

function titleOf({ kind, seed, loss, dead }: HyperdhtJob): string {
  return `${kind}, ${percent(loss)} lost, ${percent(dead)} dead, seed ${seed}`
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}

/** @param ours, @param theirs by seed */
function linesOf(loss: number, ours: NetworkResult[], theirs: NetworkResult[]): Line[] {
  const rows = FIGURES.map(({ label, unit, better }, i): Row => {
    const id = `hyperdht-${percent(loss)}-${i}`
    const row = { id, label: `${percent(loss)} lost: ${label}`, unit }
    return better === undefined ? { ...row, better: 'lower', target: 1 } : { ...row, better }
  })
  const sampleOf = (result: NetworkResult): Sample =>
    Object.fromEntries(rows.map(({ id }, i) => [id, FIGURES[i]!.of(result)]))
  return compare(rows, ours.map(sampleOf), theirs.map(sampleOf))
}
