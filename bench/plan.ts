/**
 * How much is measured: the sizes of a default run and of `--quick`, and the command line.
 */
import { parseArgs } from 'node:util'
import { positiveInteger } from './command-line.js'
import { DEFAULT_HYPERDHT, type HyperdhtPlan, QUICK_HYPERDHT } from './hyperdht/times.js'
import type { Both } from './measurement.js'
import { DEFAULT_SIMULATION, QUICK_SIMULATION, type SimulationPlan } from './scenarios/plan.js'
import type { SubjectName } from './subject.js'

/** Sizes of one run. Times are in ms. */
export interface Plan {
  /** Measurements of each implementation, whose median counts. */
  rounds: number
  /** Load before each measured load, for the compiler to settle. */
  warmUpMs: number
  /** A measured load is made in this many slices, in turn with the other side's. */
  slices: number
  sliceMs: number
  /** Nodes of the networks that are joined and searched. */
  networkSizes: number[]
  /** Nodes of the network whose memory and idle CPU are measured. */
  memoryNodes: number
  /** Pause between joining and measuring, for checks and probes still under way. */
  settleMs: number
  idleMs: number
  lookups: number
}

/** About a quarter of an hour on two cores. */
export const DEFAULT_PLAN: Plan = {
  rounds: 5,
  warmUpMs: 700,
  slices: 8,
  sliceMs: 250,
  networkSizes: [100, 500],
  memoryNodes: 100,
  settleMs: 2000,
  // Contacts are pinged in rounds of 40 s, once they were not heard for 60 s.
  idleMs: 130_000,
  lookups: 200,
}

/** Only proves that everything runs: the figures mean nothing. */
const QUICK_PLAN: Plan = {
  rounds: 1,
  warmUpMs: 50,
  slices: 2,
  sliceMs: 80,
  networkSizes: [20, 40],
  memoryNodes: 20,
  settleMs: 100,
  idleMs: 1000,
  lookups: 20,
}

const HOUR_MS = 3_600_000

/** Options that take a positive integer. */
const NUMBERS = ['rounds', 'idle-seconds', 'seeds', 'lookups', 'nodes', 'max-nodes', 'hours', 'jobs'] as const

/** Their values. */
type Numbers = Partial<Record<(typeof NUMBERS)[number], number>>

/** What the command line asks for. */
export interface Command {
  help: boolean
  /** Sizes at which figures mean nothing. */
  quick: boolean
  plan: Plan
  simulation: SimulationPlan
  hyperdht: HyperdhtPlan
  /** The implementation in the first column, and the one it is divided by. */
  sides: Both<SubjectName>
  /** Names of the measurements to make; empty: all. */
  only: string[]
  json: boolean
  /** Store the results, and put them into the documentation. */
  writeDocs: boolean
  /** Only put the stored results into the documentation. */
  redraw: boolean
}

export const USAGE = `npm run bench -- [options]

  --only <names>      comma-separated, of
                      over UDP: floor, workers, requests, join, memory, idle, lookup, hyperdht
                      simulated: lookups, scaling, churn, hyperdht-lossy
  --quick             tiny sizes: proves that it runs, in a minute or two; the figures mean nothing
  --json              JSON instead of tables
  --write-docs        store the results in bench/results, and update docs/PERFORMANCE.md, its plots, and docs/HYPERDHT.md
  --redraw            measure nothing, update the same from bench/results
  --help              this text

Over UDP
  --rounds <n>        measure each implementation n times (default ${DEFAULT_PLAN.rounds}, hyperdht ${DEFAULT_HYPERDHT.rounds})
  --idle-seconds <n>  length of the idle measurement (default ${DEFAULT_PLAN.idleMs / 1000})
  --self [name]       dht-rpc (or the one named) against itself: how far from 1 noise takes a ratio

Simulated
  --seeds <n>         networks of each kind (default ${DEFAULT_SIMULATION.seeds})
  --lookups <n>       lookups in each network (default ${DEFAULT_SIMULATION.lookups})
  --nodes <n>         nodes, for lookups (default ${DEFAULT_SIMULATION.nodes}) and churn (${DEFAULT_SIMULATION.churnNodes})
  --max-nodes <n>     leave out larger networks of scaling
  --hours <n>         network time under churn (default ${DEFAULT_SIMULATION.churnMs / HOUR_MS})
  --jobs <n>          networks simulated at a time (default: one per core)`

/** Reads the command line. @throws TypeError for what it does not know */
export function parseCommand(args: string[]): Command {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...(Object.fromEntries(NUMBERS.map((name) => [name, { type: 'string' }])) as Record<
        (typeof NUMBERS)[number],
        { type: 'string' }
      >),
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      self: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
      redraw: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, self, json, help, redraw, 'write-docs': writeDocs } = values
  if (writeDocs && (quick || self)) throw new TypeError('--write-docs is for real figures of both implementations')
  const numbers: Numbers = {}
  for (const name of NUMBERS) {
    const text = values[name]
    if (text !== undefined) numbers[name] = positiveInteger(`--${name}`, text)
  }
  return {
    help,
    quick,
    plan: loopbackPlan(quick, numbers),
    simulation: simulationPlan(quick, numbers),
    hyperdht: hyperdhtPlan(quick, numbers),
    sides: sidesOf(self, positionals),
    only: values.only === undefined ? [] : values.only.split(','),
    json,
    writeDocs,
    redraw,
  }
}

function loopbackPlan(quick: boolean, numbers: Numbers): Plan {
  const plan = { ...(quick ? QUICK_PLAN : DEFAULT_PLAN) }
  const { rounds = plan.rounds, 'idle-seconds': idleSeconds = plan.idleMs / 1000 } = numbers
  return { ...plan, rounds, idleMs: idleSeconds * 1000 }
}

function hyperdhtPlan(quick: boolean, { rounds }: Numbers): HyperdhtPlan {
  const plan = quick ? QUICK_HYPERDHT : DEFAULT_HYPERDHT
  return { ...plan, rounds: rounds ?? plan.rounds }
}

function simulationPlan(quick: boolean, numbers: Numbers): SimulationPlan {
  const plan = quick ? QUICK_SIMULATION : DEFAULT_SIMULATION
  const { seeds = plan.seeds, lookups = plan.lookups, jobs = plan.jobs, nodes, hours, 'max-nodes': most } = numbers
  const upTo = (sizes: number[]): number[] => sizes.filter((size) => size <= (most ?? Infinity))
  return {
    ...plan,
    seeds,
    lookups,
    jobs,
    nodes: nodes ?? plan.nodes,
    churnNodes: nodes ?? plan.churnNodes,
    churnMs: hours === undefined ? plan.churnMs : hours * HOUR_MS,
    sizes: { xorpc: upTo(plan.sizes.xorpc), 'dht-rpc': upTo(plan.sizes['dht-rpc']) },
  }
}

function sidesOf(self: boolean, positionals: string[]): Both<SubjectName> {
  const [name = 'dht-rpc', ...rest] = positionals
  if (rest.length > 0 || (positionals.length > 0 && !self)) throw new TypeError(`Unexpected: ${positionals.join(' ')}`)
  if (!self) return ['xorpc', 'dht-rpc']
  if (name !== 'xorpc' && name !== 'dht-rpc') throw new TypeError(`No implementation is called ${name}`)
  return [name, name]
}
