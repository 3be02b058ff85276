/**
 * What is measured over real UDP sockets, on the loopback address. The two implementations take turns within each
 * round, and swap who goes first from round to round, so that both see the same machine.
 */
import { cpus } from 'node:os'
import type { Both, Measurement, Row, Sample } from './measurement.js'
import { floorRows, measureFloor } from './measurements/floor.js'
import { idle } from './measurements/idle.js'
import { join } from './measurements/join.js'
import { lookup } from './measurements/lookup.js'
import { memory } from './measurements/memory.js'
import { requests } from './measurements/requests.js'
import { measureWorkers, workersRows } from './measurements/workers.js'
import { type Command, DEFAULT_PLAN, type Plan } from './plan.js'
import { versionOf } from './subject.js'
import { compare, formatComparison, formatReference, type Line, summarize, type Summary, valuesOf } from './table.js'

const MEASUREMENTS: Measurement[] = [requests, join, memory, idle, lookup]

/** What is measured without comparing. */
const REFERENCES = [
  { name: 'floor', rows: floorRows, measure: measureFloor },
  { name: 'workers', rows: workersRows, measure: measureWorkers },
]

/** Names for `--only`. */
export const LOOPBACK_NAMES = [...REFERENCES, ...MEASUREMENTS].map(({ name }) => name)

/** One figure of a reference. */
export interface Figure extends Row {
  figure: Summary
}

export interface LoopbackResult {
  machine: string
  /** Names and versions of the two sides. */
  names: Both<string>
  lines: Line[]
  /** By name of the reference. */
  references: Record<string, Figure[]>
}

/** Samples by round. */
interface Samples {
  references: Record<string, Sample[]>
  first: Sample[]
  second: Sample[]
}

/** Measures those that are named. */
export async function measureLoopback({ plan, sides }: Command, names: string[]): Promise<LoopbackResult> {
  const measurements = MEASUREMENTS.filter(({ name }) => names.includes(name))
  const references = REFERENCES.filter(({ name }) => names.includes(name))
  const samples: Samples = { references: {}, first: [], second: [] }
  for (const { name } of references) samples.references[name] = []
  for (let round = 1; round <= plan.rounds; round++) {
    const label = `round ${round}/${plan.rounds}`
    for (const { name, measure } of references) {
      samples.references[name]!.push(await timed(`${label} ${name}`, () => measure(plan)))
    }
    const [first, second] = await measureRound(label, { plan, sides, round }, measurements)
    samples.first.push(first)
    samples.second.push(second)
  }
  return {
    machine: machineOf(plan),
    names: sides.map((name) => `${name} ${versionOf(name)}`) as Both<string>,
    lines: compare(
      measurements.flatMap(({ rows }) => rows(plan)),
      samples.first,
      samples.second,
    ),
    references: Object.fromEntries(
      references.map(({ name, rows }) => [name, figuresOf(rows, samples.references[name]!)]),
    ),
  }
}

/** Puts a partial result over an earlier one: what was measured again replaces what was there. */
export function mergeLoopback(earlier: LoopbackResult, later: LoopbackResult): LoopbackResult {
  const isNew = new Set(later.lines.map(({ id }) => id))
  const kept = earlier.lines.filter(({ id }) => !isNew.has(id))
  const lines = [...later.lines, ...kept].toSorted((a, b) => placeOf(a) - placeOf(b))
  return { ...later, lines, references: { ...earlier.references, ...later.references } }
}

/** Parts are measured in any order; the table has one of its own. */
function placeOf({ id }: Row): number {
  return MEASUREMENTS.findIndex(({ rows }) => rows(DEFAULT_PLAN).some((row) => row.id === id))
}

/** Sections of the documentation, by name. */
export function loopbackSections({ machine, names, lines, references }: LoopbackResult): Record<string, string> {
  const sections: Record<string, string> = { machine }
  if (lines.length > 0) sections.nodes = formatComparison(lines, names)
  for (const [name, figures] of Object.entries(references)) sections[name] = formatReference(figures)
  return sections
}

async function measureRound(
  label: string,
  { plan, sides, round }: Pick<Command, 'plan' | 'sides'> & { round: number },
  measurements: Measurement[],
): Promise<Both<Sample>> {
  const samples: Both<Sample> = [{}, {}]
  for (const { name, measure } of measurements) {
    const [a, b] = await timed(`${label} ${name}`, () => measure(sides, plan, round))
    Object.assign(samples[0], a)
    Object.assign(samples[1], b)
  }
  return samples
}

async function timed<T>(title: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  process.stderr.write(`${title} … `)
  const result = await work()
  process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
  return result
}

function figuresOf(rows: Row[], samples: Sample[]): Figure[] {
  return rows.map((row) => ({ ...row, figure: summarize(valuesOf(row, samples)) }))
}

function machineOf(plan: Plan): string {
  const cores = cpus()
  const processor = `${cores.length} × ${cores[0]?.model ?? 'unknown CPU'}`
  return `Node.js ${process.version} on ${process.platform}, ${processor}, rounds: ${plan.rounds}`
}
