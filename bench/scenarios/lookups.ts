/**
 * Joins, lookups and commits in networks of 1,000 nodes, with and without dead ones. Ratios are taken between networks
 * of the same seed, in which the hosts are in the same places and the targets are the same.
 */
import type { Both } from '../measurement.js'
import { runJobs } from '../pool.js'
import type { ClientResult, LookupsJob } from '../simulated/lookups.js'
import { mean, quantiles, shareOf } from '../simulated/statistics.js'
import type { SubjectName } from '../subject.js'
import { formatComparison, formatTable, type Line } from '../table.js'
import {
  allMs,
  linesOf,
  type Measured,
  type Pair,
  samplesOf,
  type Situation,
  type TableName,
  TABLES,
  type Targets,
} from './lookup-figures.js'
import type { SimulationPlan } from './plan.js'
import { simulate, SUBJECTS, type Versions, versions } from './scenario.js'

/** Parts of the distribution that is stored, to be drawn. */
const PARTS = 200

/** Share of the true closest that lookups must find, and of lookups that must find the first. */
const LEAST_QUALITY = 0.99

/** Of networks with guests and without, by the share of the nodes that has died. */
const TARGETS: Record<'own' | 'guests', Record<string, Targets>> = {
  own: {
    '0': { median: 0.33, p99: 0.4, requests: 0.45, first: 0.25 },
    '0.2': { median: 0.28, p99: 0.35, requests: 0.5, first: 0.25 },
    '0.4': { median: 0.3, p99: 0.35, requests: 0.55, first: 0.25 },
  },
  guests: {
    '0': { median: 0.42, p99: 0.45, requests: 0.6 },
    '0.2': { median: 0.42, p99: 0.45, requests: 0.6 },
  },
}

const JOIN_TARGETS: Targets = { median: 0.45, p99: 0.45, requests: 0.5 }

/** How much of the truth lookups have found, means over all of them. */
export interface Quality {
  situation: string
  client: SubjectName
  /** Share of the true 20 closest living nodes, 0 to 1. */
  recall: number
  /** Share of lookups with the right first node. */
  rightFirst: number
}

/** Times of all lookups of one implementation in its own network. */
export interface Distribution {
  client: SubjectName
  dead: number
  /** Quantiles at equal distances, the smallest first. */
  ms: number[]
}

export interface LookupsResult {
  versions: Versions
  nodes: number
  seeds: number
  /** In each network. */
  lookups: number
  tables: Record<TableName, Line[]>
  quality: Quality[]
  distributions: Distribution[]
}

/** Simulates all networks. */
export async function measureLookups(plan: SimulationPlan): Promise<LookupsResult> {
  const jobs = jobsOf(plan)
  const options = { parallel: plan.jobs, name: 'lookups', titleOf }
  const results = await runJobs(jobs, options, (job) => simulate('lookups', job))
  const pairsOf = ({ guests, dead }: Situation): Pair[] => {
    const ours = select(jobs, results, { client: 'xorpc', guests, dead })
    const theirs = select(jobs, results, { client: 'dht-rpc', guests, dead })
    return ours.map((result, i) => [result, theirs[i]!])
  }
  const situations = situationsOf(plan).map((situation) => ({ situation, pairs: pairsOf(situation) }))
  const { nodes, seeds, lookups } = plan
  return {
    versions: versions(),
    nodes,
    seeds,
    lookups,
    tables: tablesOf(situations),
    quality: situations.flatMap(({ situation, pairs }) => qualityOf(situation, pairs)),
    distributions: situations.flatMap(({ situation, pairs }) => distributionsOf(situation, pairs)),
  }
}

/** Sections of the documentation, by name. */
export function lookupSections({ versions: { xorpc, 'dht-rpc': dhtRpc }, tables, quality }: LookupsResult) {
  const names: Both<string> = [`xorpc ${xorpc}`, `dht-rpc ${dhtRpc}`]
  const sections: Record<string, string> = { exactness: formatQuality(quality, names) }
  for (const name of TABLES) sections[name] = formatComparison(tables[name], names)
  return sections
}

function jobsOf({ seeds, nodes, joins, lookups, commits, dead, deadWithGuests }: SimulationPlan): LookupsJob[] {
  const sizes = { nodes, joins, lookups, commits }
  const jobs: LookupsJob[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    // The longest first, so that none of them is left over at the end.
    for (const share of deadWithGuests) jobs.push({ network: 'dht-rpc', guests: true, seed, dead: share, ...sizes })
    for (const share of dead) {
      for (const network of SUBJECTS) jobs.push({ network, guests: false, seed, dead: share, ...sizes })
    }
  }
  return jobs
}

function titleOf({ network, guests, seed, dead }: LookupsJob): string {
  return `${network}${guests ? ' with guests' : ''}, ${Math.round(100 * dead)} % dead, seed ${seed}`
}

function situationsOf({ dead, deadWithGuests }: SimulationPlan): Situation[] {
  const own = dead.map((share) => createSituation('own network', false, share, TARGETS.own[share] ?? {}))
  const guests = deadWithGuests.map((share) => {
    return createSituation('in a network of dht-rpc', true, share, TARGETS.guests[share] ?? {})
  })
  return [...own, ...guests]
}

function createSituation(where: string, guests: boolean, dead: number, targets: Targets): Situation {
  const id = `${guests ? 'guests' : 'own'}-${Math.round(100 * dead)}`
  const label = `${where}, ${dead === 0 ? 'all alive' : `${Math.round(100 * dead)} % dead`}`
  return { id, label, guests, dead, targets }
}

/** What one implementation did in these networks, by seed. */
function select(
  jobs: LookupsJob[],
  results: ClientResult[][],
  { client, guests, dead }: { client: SubjectName; guests: boolean; dead: number },
): ClientResult[] {
  const network = guests ? 'dht-rpc' : client
  return results.flatMap((groups, i) => {
    const job = jobs[i]!
    if (job.network !== network || job.guests !== guests || job.dead !== dead) return []
    return groups.filter((group) => group.client === client)
  })
}

function tablesOf(measured: Measured): Record<TableName, Line[]> {
  // Nodes die after the joins, so those are the same in all networks that differ by this only.
  const unharmed = measured
    .filter(({ situation: { dead } }) => dead === 0)
    .map(({ situation: { label, guests, ...rest }, pairs }) => {
      const targets = guests ? {} : JOIN_TARGETS
      return { situation: { ...rest, guests, targets, label: label.replace(', all alive', '') }, pairs }
    })
  return {
    lookups: linesOf('lookups', measured),
    closest: linesOf('closest', measured),
    askers: linesOf('askers', measured),
    joins: linesOf('joins', unharmed),
    commits: linesOf('commits', measured),
  }
}

function qualityOf({ label }: Situation, pairs: Pair[]): Quality[] {
  return SUBJECTS.map((client, side) => {
    const samples = pairs.flatMap((pair) => samplesOf(pair[side as 0 | 1]))
    const recall = mean(samples.map((sample) => sample.recall))
    return { situation: label, client, recall, rightFirst: shareOf(samples.map((sample) => sample.rightFirst)) }
  })
}

function distributionsOf({ guests, dead }: Situation, pairs: Pair[]): Distribution[] {
  if (guests) return []
  return SUBJECTS.map((client, side) => {
    const ms = quantiles(
      pairs.flatMap((pair) => allMs(pair[side as 0 | 1])),
      PARTS,
    )
    return { client, dead, ms: ms.map((value) => Math.round(value)) }
  })
}

function formatQuality(quality: Quality[], names: Both<string>): string {
  const head = ['', ...names, 'target', 'reached']
  const rows = [...new Set(quality.map(({ situation: label }) => label))].flatMap((label) => {
    const [ours, theirs] = SUBJECTS.map((name) => {
      return quality.find((one) => one.client === name && one.situation === label)!
    }) as Both<Quality>
    return (['recall', 'rightFirst'] as const).map((figure) => [
      `${label}: ${figure === 'recall' ? 'of the true 20 closest' : 'right first node'}`,
      ours[figure].toFixed(4),
      theirs[figure].toFixed(4),
      `≥ ${LEAST_QUALITY}`,
      ours[figure] >= LEAST_QUALITY ? 'yes' : 'no',
    ])
  })
  return formatTable([head, ...rows])
}
