/** Lookups in networks of growing size, and the law they follow, up to sizes that nobody can simulate. */
import { runJobs } from '../pool.js'
import { fitLaw, type Law, type Point, valueOf } from '../simulated/law.js'
import type { ScalingJob } from '../simulated/scaling.js'
import { mean, quantile, shareOf } from '../simulated/statistics.js'
import type { LookupSample } from '../simulated/timed-lookup.js'
import type { SubjectName } from '../subject.js'
import { formatNumber, formatTable } from '../table.js'
import type { SimulationPlan } from './plan.js'
import { simulate, SUBJECTS, type Versions, versions } from './scenario.js'

/** What the law is extrapolated to. */
export const FAR_NODES = 10_000_000

/** Nodes to simulate for each size: small networks vary more, and cost less. */
const NODES_PER_SIZE = 10_000

/** Lookups in networks of one size. */
export interface SizeResult {
  client: SubjectName
  nodes: number
  /** Networks of this size. */
  seeds: number
  medianMs: number
  p99Ms: number
  /** Means over the lookups, as all that follow. */
  requests: number
  hops: number
  recall: number
  rightFirst: number
}

export interface ScalingResult {
  versions: Versions
  /** In each network. */
  lookups: number
  sizes: SizeResult[]
}

/** What grows with the network. */
export const GROWING = ['medianMs', 'p99Ms', 'requests', 'hops'] as const
export type Growing = (typeof GROWING)[number]

const LABELS: Record<Growing, string> = {
  medianMs: 'time, median (ms)',
  p99Ms: 'time, p99 (ms)',
  requests: 'requests',
  hops: 'hops',
}

/** Simulates all networks. */
export async function measureScaling(plan: SimulationPlan): Promise<ScalingResult> {
  const jobs = SUBJECTS.flatMap((network) => plan.sizes[network].flatMap((nodes) => jobsOf(network, nodes, plan)))
  // The longest first, so that none of them is left over at the end.
  jobs.sort((a, b) => b.nodes - a.nodes)
  const options = { parallel: plan.jobs, name: 'scaling', titleOf }
  const results = await runJobs(jobs, options, (job) => simulate('scaling', job))
  const sizes = SUBJECTS.flatMap((client) => {
    return plan.sizes[client].map((nodes) => {
      const ofSize = results.filter((_, i) => jobs[i]!.network === client && jobs[i]!.nodes === nodes)
      return summarize(client, nodes, ofSize)
    })
  })
  return { versions: versions(), lookups: plan.lookups, sizes }
}

/** The law that one figure of one implementation follows; null where there are too few sizes to tell. */
export function lawOf({ sizes }: ScalingResult, client: SubjectName, figure: Growing): Law | null {
  const points = pointsOf(sizes, client, figure)
  return points.length < 3 ? null : fitLaw(points)
}

/** Sections of the documentation, by name. */
export function scalingSections(result: ScalingResult): Record<string, string> {
  return { scaling: formatSizes(result), laws: formatLaws(result) }
}

function jobsOf(network: SubjectName, nodes: number, { seeds, lookups }: SimulationPlan): ScalingJob[] {
  const count = Math.max(1, Math.min(seeds, Math.round(NODES_PER_SIZE / nodes)))
  return Array.from({ length: count }, (_, i) => ({ network, nodes, seed: i + 1, lookups }))
}

function titleOf({ network, nodes, seed }: ScalingJob): string {
  return `${network}, ${nodes} nodes, seed ${seed}`
}

function summarize(client: SubjectName, nodes: number, networks: LookupSample[][]): SizeResult {
  const samples = networks.flat()
  const ms = samples.map((sample) => sample.ms)
  return {
    client,
    nodes,
    seeds: networks.length,
    medianMs: quantile(ms, 0.5),
    p99Ms: quantile(ms, 0.99),
    requests: mean(samples.map(({ requests }) => requests)),
    hops: mean(samples.map(({ hops }) => hops)),
    recall: mean(samples.map(({ recall }) => recall)),
    rightFirst: shareOf(samples.map(({ rightFirst }) => rightFirst)),
  }
}

function pointsOf(sizes: SizeResult[], client: SubjectName, figure: Growing): Point[] {
  return sizes.filter((size) => size.client === client).map((size) => ({ nodes: size.nodes, value: size[figure] }))
}

function formatSizes({ versions: version, sizes }: ScalingResult): string {
  const head = ['', 'nodes', ...GROWING.map((figure) => LABELS[figure]), 'of the true 20 closest', 'right first node']
  const rows = sizes.map((size) => [
    `${size.client} ${version[size.client]}`,
    size.nodes.toLocaleString('en-US'),
    ...GROWING.map((figure) => formatNumber(size[figure])),
    size.recall.toFixed(4),
    size.rightFirst.toFixed(4),
  ])
  return formatTable([head, ...rows])
}

function formatLaws(result: ScalingResult): string {
  const far = `at ${FAR_NODES.toLocaleString('en-US')} nodes`
  const head = ['', 'a + b · log2(nodes)', 'R²', 'largest deviation', 'foretold for the largest', far]
  const rows = SUBJECTS.flatMap((client) => {
    return GROWING.flatMap((figure) => {
      const law = lawOf(result, client, figure)
      if (law === null) return []
      return [
        [
          `${client}, ${LABELS[figure]}`,
          `${formatNumber(law.a)} ${law.b < 0 ? '-' : '+'} ${formatNumber(Math.abs(law.b))} · log2(nodes)`,
          law.rSquared.toFixed(3),
          `${(100 * law.largestDeviation).toFixed(1)} %`,
          foretell(pointsOf(result.sizes, client, figure)),
          formatNumber(valueOf(law, FAR_NODES)),
        ],
      ]
    })
  })
  return formatTable([head, ...rows])
}

/** What the law of all networks but the largest says about that one, beside what was measured there. */
function foretell(points: Point[]): string {
  const sorted = points.toSorted((a, b) => a.nodes - b.nodes)
  const largest = sorted.pop()!
  const foretold = valueOf(fitLaw(sorted), largest.nodes)
  return `${formatNumber(foretold)}, measured ${formatNumber(largest.value)}`
}
