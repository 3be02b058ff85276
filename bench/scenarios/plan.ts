/** How large the simulated networks are, how many, and for how long. */
import { availableParallelism } from 'node:os'
import type { SubjectName } from '../subject.js'

export interface SimulationPlan {
  /** Networks simulated at the same time, each in a process of its own. */
  jobs: number
  /** Networks of each kind, which differ by their seed, from 1. */
  seeds: number
  /** Nodes of the network that is joined and searched. */
  nodes: number
  /** Joins of persistent nodes, and as many of ephemeral ones. */
  joins: number
  lookups: number
  commits: number
  /** Shares of the nodes that die: in networks of either kind, and in those of dht-rpc nodes with guests of ours. */
  dead: number[]
  deadWithGuests: number[]
  /** Sizes of networks that lookups are compared over. */
  sizes: Record<SubjectName, number[]>
  /** Nodes of the network under churn. */
  churnNodes: number
  halfLivesMs: number[]
  churnMs: number
  /** Networks of HyperDHT nodes. */
  hyperdht: {
    nodes: number
    topics: number
    /** Shares of the datagrams that are lost on each way. */
    losses: number[]
    /** Share of the nodes that dies. */
    dead: number
  }
}

const MINUTE_MS = 60_000

/** About even steps on a logarithmic axis. The largest takes about 2.5 GB of memory. */
const SIZES = [100, 300, 1000, 3000, 10_000]

/** About half an hour on two cores. */
export const DEFAULT_SIMULATION: SimulationPlan = {
  jobs: availableParallelism(),
  seeds: 5,
  nodes: 1000,
  joins: 20,
  lookups: 200,
  commits: 40,
  dead: [0, 0.2, 0.4],
  deadWithGuests: [0, 0.2],
  sizes: { xorpc: SIZES, 'dht-rpc': SIZES.slice(0, -1) },
  churnNodes: 500,
  halfLivesMs: [10 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS],
  churnMs: 240 * MINUTE_MS,
  hyperdht: { nodes: 500, topics: 100, losses: [0.01, 0.05, 0.1], dead: 0.1 },
}

/** Only proves that everything runs: the figures mean nothing. */
export const QUICK_SIMULATION: SimulationPlan = {
  jobs: availableParallelism(),
  seeds: 1,
  nodes: 60,
  joins: 2,
  lookups: 10,
  commits: 4,
  dead: [0, 0.2],
  deadWithGuests: [0.2],
  sizes: { xorpc: [30, 60, 90], 'dht-rpc': [30] },
  churnNodes: 40,
  halfLivesMs: [10 * MINUTE_MS],
  churnMs: MINUTE_MS,
  hyperdht: { nodes: 40, topics: 5, losses: [0.05], dead: 0.1 },
}
