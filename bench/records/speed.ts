/**
 * Figure 7: stores and finds a second over UDP on the loopback address, beside those of the package hyperdht on dht-rpc.
 * Both networks stand ready at the same time and are loaded in turn: whatever the machine does besides meets both.
 */
import { cpus } from 'node:os'
import type { Kind, Side, Slice, SpeedNetwork } from '../children/record-speed.js'
import { readVersions } from '../hyperdht/installation.js'
import { type Both, inTurn, type Row, type Sample } from '../measurement.js'
import { type Child, startChild, withChildren } from '../process.js'
import { quantile } from '../simulated/statistics.js'
import { versionOf } from '../subject.js'
import { compare, formatComparison, type Line } from '../table.js'

export interface SpeedPlan {
  /** Pairs of fresh networks. */
  rounds: number
  /** Persistent nodes of each, in one process. */
  nodes: number
  /** Load of each kind before the measured one; 0: none. */
  warmUpMs: number
  /** A measured load is made in so many slices, in turn with the other side's. */
  slices: number
  sliceMs: number
  outstanding: number
  valueBytes: number
}

/** About six minutes on two idle cores. */
export const DEFAULT_SPEED: SpeedPlan = {
  rounds: 5,
  nodes: 100,
  warmUpMs: 1000,
  slices: 2,
  sliceMs: 1500,
  outstanding: 16,
  valueBytes: 20,
}

/** Only proves that everything runs: the figures mean nothing. */
export const QUICK_SPEED: SpeedPlan = {
  ...DEFAULT_SPEED,
  rounds: 1,
  nodes: 24,
  warmUpMs: 0,
  slices: 1,
  sliceMs: 200,
}

export interface SpeedResult {
  /** Where it was measured. */
  machine: string
  names: Both<string>
  plan: SpeedPlan
  lines: Line[]
}

interface Comparison {
  id: string
  label: string
  /** What each side does. */
  kinds: Both<Kind>
  stores: boolean
  /** Each node verifies signatures by itself, though all are in one process. */
  isApart?: boolean
  /** At least so many times the other's calls a second; none: for information. */
  target?: number
}

/** p99 is to be at most this share of the other's. */
const P99_TARGET = 0.2

/** Stores before the finds of the same kind, which pick from what was stored. */
const COMPARISONS: Comparison[] = [
  { id: 'put', label: '`put`, and mutable put', kinds: ['record', 'mutable'], stores: true, target: 3 },
  { id: 'put-apart', label: '`put`, each node by itself', kinds: ['record', 'mutable'], stores: true, isApart: true },
  { id: 'immutable-put', label: 'immutable put', kinds: ['immutable', 'immutable'], stores: true, target: 3 },
  { id: 'mutable-put', label: 'mutable put', kinds: ['mutable', 'mutable'], stores: true },
  { id: 'get', label: '`get`, and mutable get', kinds: ['record', 'mutable'], stores: false, target: 4 },
  { id: 'immutable-get', label: 'immutable get', kinds: ['immutable', 'immutable'], stores: false, target: 2 },
  { id: 'mutable-get', label: 'mutable get', kinds: ['mutable', 'mutable'], stores: false },
]

const ROWS: Row[] = COMPARISONS.flatMap(({ id, label, target }): Row[] => {
  const isAim = target !== undefined
  return [
    { id: `${id}-rate`, label, unit: 'per s', better: 'higher', ...(isAim && { target }) },
    { id: `${id}-p50`, label: `${label}: p50`, unit: 'ms', better: 'lower' },
    { id: `${id}-p99`, label: `${label}: p99`, unit: 'ms', better: 'lower', ...(isAim && { target: P99_TARGET }) },
    { id: `${id}-cpu`, label: `${label}: CPU`, unit: 'ms', better: 'lower' },
  ]
})

const SIDES: Both<Side> = ['records', 'hyperdht']

type Network = Child<SpeedNetwork>

/** Measures all rounds. */
export async function measureSpeed(plan: SpeedPlan): Promise<SpeedResult> {
  const samples: Both<Sample[]> = [[], []]
  for (let round = 1; round <= plan.rounds; round++) {
    const startedAt = performance.now()
    process.stderr.write(`round ${round}/${plan.rounds} speed … `)
    for (const [side, sample] of (await measureRound(plan)).entries()) samples[side as 0 | 1].push(sample)
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
  }
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node.js ${process.versions.node}`,
    names: [`xorpc ${versionOf('xorpc')}`, `hyperdht ${(await readVersions()).hyperdht}`],
    plan,
    lines: compare(ROWS, ...samples),
  }
}

/** Sections of docs/RECORDS.md, by name. */
export function speedSections({ names, lines, machine, plan }: SpeedResult): Record<string, string> {
  const { nodes, outstanding, valueBytes, rounds } = plan
  const how = `${nodes} nodes in one process, ${valueBytes}-byte values, ${outstanding} calls at a time, ${rounds} rounds; ${machine}.`
  return { 'records-speed': `${formatComparison(lines, names)}\n\n${how}` }
}

function measureRound(plan: SpeedPlan): Promise<Both<Sample>> {
  const networks: Both<Network> = [startChild<SpeedNetwork>('record-speed'), startChild<SpeedNetwork>('record-speed')]
  return withChildren(networks, async () => {
    for (const side of [0, 1] as const) await networks[side].call('open', SIDES[side], plan.nodes)
    const result: Both<Sample> = [{}, {}]
    for (const comparison of COMPARISONS) {
      const slices = await measure(networks, comparison, plan)
      for (const side of [0, 1] as const) Object.assign(result[side], figuresOf(comparison.id, slices[side]))
    }
    return result
  })
}

async function measure(networks: Both<Network>, comparison: Comparison, plan: SpeedPlan): Promise<Both<Slice[]>> {
  const { kinds, stores, isApart = false } = comparison
  const { outstanding, valueBytes, warmUpMs, sliceMs, slices } = plan
  const result: Both<Slice[]> = [[], []]
  for (let turn = warmUpMs === 0 ? 1 : 0; turn <= slices; turn++) {
    const isWarmUp = turn === 0
    const options = { outstanding, valueBytes, isApart, durationMs: isWarmUp ? warmUpMs : sliceMs }
    await inTurn(turn, async (side) => {
      const slice = await networks[side].call(stores ? 'store' : 'find', kinds[side], options)
      if (!isWarmUp) result[side].push(slice)
    })
  }
  return result
}

function figuresOf(id: string, slices: readonly Slice[]): Sample {
  const times = slices.flatMap((slice) => slice.times)
  const total = (of: (slice: Slice) => number): number => slices.reduce((sum, slice) => sum + of(slice), 0)
  return {
    [`${id}-rate`]: (1000 * times.length) / total(({ elapsedMs }) => elapsedMs),
    [`${id}-p50`]: quantile(times, 0.5),
    [`${id}-p99`]: quantile(times, 0.99),
    [`${id}-cpu`]: total(({ cpuMicros }) => cpuMicros) / 1000 / times.length,
  }
}
