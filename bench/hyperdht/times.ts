/**
 * HyperDHT's own times over UDP on the loopback address, on either implementation. Both networks stand ready at the same
 * time and do one thing each in turn: whatever the machine does besides meets both.
 */
import type { HyperDHTNetwork, Operation } from '../children/hyperdht.js'
import { type Both, inTurn, medianOf, type Row, type Sample } from '../measurement.js'
import { type Child, startChild, withChildren } from '../process.js'
import { type SubjectName, versionOf } from '../subject.js'
import { compare, formatComparison, type Line } from '../table.js'
import { readVersions } from './installation.js'

export interface HyperdhtPlan {
  /** Pairs of fresh networks. */
  rounds: number
  /** Persistent nodes of each. */
  nodes: number
  /** Times that each thing is done before it is measured, and then. */
  warmUp: number
  repeats: number
}

/** About five minutes on two idle cores. So many, because a stream opens in 2 ms: less than other programs take a core for. */
export const DEFAULT_HYPERDHT: HyperdhtPlan = { rounds: 5, nodes: 50, warmUp: 20, repeats: 200 }

/** Only proves that everything runs: the figures mean nothing. */
export const QUICK_HYPERDHT: HyperdhtPlan = { rounds: 1, nodes: 12, warmUp: 0, repeats: 2 }

export interface HyperdhtResult {
  /** Of what runs on them. */
  hyperdht: string
  names: Both<string>
  nodes: number
  lines: Line[]
}

const LABELS: Record<Operation, string> = {
  lookup: 'lookup',
  announce: 'announce',
  unannounce: 'unannounce',
  findPeer: 'findPeer',
  immutablePut: 'immutablePut',
  immutableGet: 'immutableGet',
  mutablePut: 'mutablePut',
  mutableGet: 'mutableGet',
  firstConnect: 'connect to a reachable node, both new',
  connect: 'connect to it again',
  firstPunch: 'connect through a hole punched, both new',
  punch: 'connect through it again',
}

const OPERATIONS = Object.keys(LABELS) as Operation[]

const ROWS: Row[] = OPERATIONS.map((id) => ({ id, label: LABELS[id], unit: 'ms', better: 'lower', target: 1 }))

type Network = Child<HyperDHTNetwork>

/** Measures all rounds. */
export async function measureHyperdht(plan: HyperdhtPlan, sides: Both<SubjectName>): Promise<HyperdhtResult> {
  const samples: Both<Sample[]> = [[], []]
  for (let round = 1; round <= plan.rounds; round++) {
    const startedAt = performance.now()
    process.stderr.write(`round ${round}/${plan.rounds} hyperdht … `)
    for (const [side, sample] of (await measureRound(plan, sides)).entries()) samples[side as 0 | 1].push(sample)
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
  }
  return {
    hyperdht: (await readVersions()).hyperdht,
    names: sides.map((name) => `${name} ${versionOf(name)}`) as Both<string>,
    nodes: plan.nodes,
    lines: compare(ROWS, ...samples),
  }
}

/** Sections of the documentation, by name. */
export function hyperdhtSections({ names, lines }: HyperdhtResult): Record<string, string> {
  return { hyperdht: formatComparison(lines, names) }
}

function measureRound(plan: HyperdhtPlan, sides: Both<SubjectName>): Promise<Both<Sample>> {
  const networks: Both<Network> = [startChild<HyperDHTNetwork>('hyperdht'), startChild<HyperDHTNetwork>('hyperdht')]
  return withChildren(networks, async () => {
    for (const side of [0, 1] as const) await networks[side].call('open', sides[side], plan.nodes)
    const result: Both<Sample> = [{}, {}]
    for (const operation of OPERATIONS) {
      const times = await measureOperation(networks, operation, plan)
      for (const side of [0, 1] as const) result[side][operation] = medianOf(times[side])
    }
    for (const network of networks) await network.call('close')
    return result
  })
}

/** Milliseconds of each, the warm-up left out. */
async function measureOperation(
  networks: Both<Network>,
  operation: Operation,
  { warmUp, repeats }: HyperdhtPlan,
): Promise<Both<number[]>> {
  const times: Both<number[]> = [[], []]
  for (let turn = 0; turn < warmUp + repeats; turn++) {
    await inTurn(turn, async (side) => {
      const [ms] = await networks[side].call('measure', operation, 1)
      if (turn >= warmUp) times[side].push(ms!)
    })
  }
  return times
}
