/** Lookups under churn: nodes leave without notice, and are replaced, for hours of network time. */
import { runJobs } from '../pool.js'
import type { ChurnJob, ChurnResult as NetworkResult } from '../simulated/churn.js'
import { mean, quantile, shareOf } from '../simulated/statistics.js'
import type { SubjectName } from '../subject.js'
import { formatNumber, formatTable } from '../table.js'
import type { SimulationPlan } from './plan.js'
import { simulate, SUBJECTS, type Versions, versions } from './scenario.js'

/** A lookup has succeeded when it has found so many of the true 20 closest: all but one. */
const SUCCESS_RECALL = 0.95

const MINUTE_MS = 60_000

/** The network of one implementation under churn. */
export interface ChurnFigures {
  client: SubjectName
  halfLifeMs: number
  lookups: number
  /** Nodes that left, and were replaced. */
  leaves: number
  p50Ms: number
  p95Ms: number
  p99Ms: number
  /** Mean over the lookups. */
  requests: number
  recall: number
  rightFirst: number
  /** Share of the lookups that ended well and found all but one of the true 20 closest, or all. */
  success: number
}

export interface ChurnResult {
  versions: Versions
  nodes: number
  /** Network time in which lookups were made. */
  durationMs: number
  networks: ChurnFigures[]
}

/** Simulates all networks. */
export async function measureChurn(plan: SimulationPlan): Promise<ChurnResult> {
  const { churnNodes: nodes, churnMs: durationMs } = plan
  const jobs = plan.halfLivesMs.flatMap((halfLifeMs) => {
    // dht-rpc first: it takes longer, and what starts last should be short.
    return SUBJECTS.toReversed().map((network): ChurnJob => ({ network, seed: 1, nodes, halfLifeMs, durationMs }))
  })
  const options = { parallel: plan.jobs, name: 'churn', titleOf }
  const results = await runJobs(jobs, options, (job) => simulate('churn', job))
  const networks = jobs.map((job, i) => summarize(job, results[i]!)).toReversed()
  networks.sort((a, b) => a.halfLifeMs - b.halfLifeMs)
  return { versions: versions(), nodes, durationMs, networks }
}

/** Sections of the documentation, by name. */
export function churnSections({ versions: version, networks }: ChurnResult): Record<string, string> {
  const head = [
    'half-life',
    '',
    'lookups',
    'left',
    'p50 (ms)',
    'p95 (ms)',
    'p99 (ms)',
    'requests',
    'success',
    'of the true 20 closest',
    'right first node',
  ]
  const rows = networks.map((network) => [
    `${network.halfLifeMs / MINUTE_MS} min`,
    `${network.client} ${version[network.client]}`,
    String(network.lookups),
    String(network.leaves),
    ...[network.p50Ms, network.p95Ms, network.p99Ms, network.requests].map(formatNumber),
    `${(100 * network.success).toFixed(1)} %`,
    network.recall.toFixed(4),
    network.rightFirst.toFixed(4),
  ])
  return { churn: formatTable([head, ...rows]) }
}

function titleOf({ network, halfLifeMs }: ChurnJob): string {
  return `${network}, half-life ${halfLifeMs / MINUTE_MS} min`
}

function summarize({ network, halfLifeMs }: ChurnJob, { samples, failed, leaves }: NetworkResult): ChurnFigures {
  const ms = samples.map((sample) => sample.ms)
  const successes = samples.filter(({ recall }) => recall >= SUCCESS_RECALL).length
  return {
    client: network,
    halfLifeMs,
    lookups: samples.length + failed,
    leaves,
    p50Ms: quantile(ms, 0.5),
    p95Ms: quantile(ms, 0.95),
    p99Ms: quantile(ms, 0.99),
    requests: mean(samples.map(({ requests }) => requests)),
    recall: mean(samples.map(({ recall }) => recall)),
    rightFirst: shareOf(samples.map(({ rightFirst }) => rightFirst)),
    success: successes / (samples.length + failed),
  }
}
