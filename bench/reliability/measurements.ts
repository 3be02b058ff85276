/** What the command measures, part by part. */
import type { ReliabilityNetwork } from '../children/reliability-network.js'
import { runJobs } from '../pool.js'
import { startChild, withChildren } from '../process.js'
import type { ChurnDayJob, ChurnDayResult } from './churn-day.js'
import { measureOverload, type OverloadResult } from './overload.js'
import type { ReliabilityPlan } from './plan.js'
import {
  type KillResult,
  measureKills,
  measureRejoin,
  measureStop,
  type RejoinResult,
  type StopResult,
} from './processes.js'
import type { RestartStormJob, RestartStormResult } from './restart-storm.js'

export interface ReliabilityResults {
  churn?: { job: ChurnDayJob; result: ChurnDayResult }[]
  storm?: { job: RestartStormJob; result: RestartStormResult }[]
  overload?: OverloadResult[]
  processes?: { stopMs: number; stop: StopResult; kills: KillResult; rejoins: RejoinResult[] }
}

const HEAP_MB = 4096

/** A day of churn takes minutes, on a busy machine half an hour. */
const PATIENCE_MS = 2 * 3_600_000

/** 1 % is what the Internet shows on a middling day. */
const LOSSES = [0, 0.01]

const LOOKUPS_AN_HOUR = 120
const STORM_LOOKUPS = 600
const STORM_WATCH_MS = 60_000

const OVERLOAD_TIMES = 10
const OVERLOAD_MS = 10_000
const HONEST_PEERS = 10

/** Of the network of real nodes. */
const REAL_NODES = 21
const STOP_LOOKUPS = 50
const KILLS = 20
const LONGEST_KILL_MS = 500
const REJOINS = 5

export async function measureParts(plan: ReliabilityPlan, onPart: (results: ReliabilityResults) => Promise<void>) {
  for (const part of plan.parts) {
    if (part === 'churn') await onPart({ churn: await measureChurn(plan) })
    if (part === 'storm') await onPart({ storm: await measureStorms(plan) })
    if (part === 'overload') await onPart({ overload: await measureOverloads(plan) })
    if (part === 'processes') await onPart({ processes: await measureProcesses(plan) })
  }
}

async function measureChurn({ nodes, hours, jobs: parallel }: ReliabilityPlan) {
  const jobs = LOSSES.flatMap((loss) =>
    (['one by one', 'at once'] as const).map((how): ChurnDayJob => {
      return { seed: 1, nodes, hours, replacedAnHour: 0.2, how, lookupsAnHour: LOOKUPS_AN_HOUR, loss }
    }),
  )
  const titleOf = ({ how, loss }: ChurnDayJob): string => `${how}, loss ${loss}`
  const results = await runJobs(jobs, { parallel, name: 'churn', titleOf }, (job) => simulate('churnDay', job))
  return jobs.map((job, i) => ({ job, result: results[i]! }))
}

async function measureStorms({ nodes, seeds, jobs: parallel }: ReliabilityPlan) {
  const kinds: [tables: RestartStormJob['tables'], bootstrapperDown: boolean][] = [
    ['empty', false],
    ['saved', false],
    ['saved', true],
  ]
  const jobs = LOSSES.flatMap((loss) =>
    kinds.flatMap(([tables, bootstrapperDown]) =>
      Array.from({ length: seeds }, (_, i): RestartStormJob => {
        const what = { tables, bootstrapperDown, loss, nodes, share: 0.2, downMs: 1000 }
        return { seed: i + 1, ...what, watchMs: STORM_WATCH_MS, lookups: STORM_LOOKUPS }
      }),
    ),
  )
  const titleOf = ({ tables, loss, seed }: RestartStormJob): string => `${tables}, loss ${loss}, seed ${seed}`
  const results = await runJobs(jobs, { parallel, name: 'storm', titleOf }, (job) => simulate('restartStorm', job))
  return jobs.map((job, i) => ({ job, result: results[i]! }))
}

async function measureOverloads({ workUs }: ReliabilityPlan): Promise<OverloadResult[]> {
  const job = { peers: HONEST_PEERS, workUs, times: OVERLOAD_TIMES, floodMs: OVERLOAD_MS }
  const results: OverloadResult[] = []
  for (const sources of [1, 200]) results.push(await measureOverload({ ...job, sources }))
  return results
}

async function measureProcesses({ stopMs }: ReliabilityPlan): Promise<ReliabilityResults['processes']> {
  const rejoins: RejoinResult[] = []
  for (let i = 0; i < REJOINS; i++) rejoins.push(await measureRejoin(REAL_NODES))
  const kills = await measureKills(KILLS, LONGEST_KILL_MS)
  return { stopMs, stop: await measureStop(REAL_NODES, stopMs, STOP_LOOKUPS), kills, rejoins }
}

/** One network in a process of its own. */
function simulate<K extends keyof ReliabilityNetwork>(
  name: K,
  ...job: Parameters<ReliabilityNetwork[K]>
): Promise<Awaited<ReturnType<ReliabilityNetwork[K]>>> {
  const options = { heapMb: HEAP_MB, callTimeoutMs: PATIENCE_MS }
  const child = startChild<ReliabilityNetwork>('reliability-network', options)
  return withChildren([child], () => child.call(name, ...job))
}
