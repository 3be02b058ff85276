/**
 * Measures xorpc against dht-rpc and prints a table. See README.md for what the rows mean.
 *
 * The two take turns within each round, and swap who goes first from round to round, so that both see the same
 * machine. The table goes to stdout, progress to stderr.
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
import { type Command, parseCommand, type Plan, USAGE } from './plan.js'
import { versionOf } from './subject.js'
import { compare, formatComparison, formatReference } from './table.js'

const FLOOR = 'floor'
const WORKERS = 'workers'
const MEASUREMENTS: Measurement[] = [requests, join, memory, idle, lookup]

/** Samples by round. */
interface Samples {
  floor: Sample[]
  workers: Sample[]
  first: Sample[]
  second: Sample[]
}

async function main(command: Command): Promise<void> {
  if (command.help) return console.log(USAGE)
  const measurements = MEASUREMENTS.filter(({ name }) => isChosen(name, command))
  const samples: Samples = { floor: [], workers: [], first: [], second: [] }
  for (let round = 1; round <= command.plan.rounds; round++) {
    await measureRound(round, command, measurements, samples)
  }
  report(
    command,
    measurements.flatMap(({ rows }) => rows(command.plan)),
    samples,
  )
}

function isChosen(name: string, { only }: Command): boolean {
  return only.length === 0 || only.includes(name)
}

async function measureRound(
  round: number,
  command: Command,
  measurements: Measurement[],
  { floor, workers, first, second }: Samples,
): Promise<void> {
  const { plan } = command
  const label = `round ${round}/${plan.rounds}`
  if (isChosen(FLOOR, command)) floor.push(await timed(`${label} ${FLOOR}`, () => measureFloor(plan)))
  if (isChosen(WORKERS, command)) {
    workers.push(await timed(`${label} ${WORKERS}`, () => measureWorkers(plan)))
  }
  const samples: Both<Sample> = [{}, {}]
  for (const measurement of measurements) {
    const work = () => measurement.measure(command.sides, plan, round)
    const [a, b] = await timed(`${label} ${measurement.name}`, work)
    Object.assign(samples[0], a)
    Object.assign(samples[1], b)
  }
  first.push(samples[0])
  second.push(samples[1])
}

async function timed<T>(title: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  process.stderr.write(`${title} … `)
  const result = await work()
  process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
  return result
}

function report({ plan, sides, json }: Command, rows: Row[], { floor, workers, first, second }: Samples): void {
  const names = sides.map((name) => `${name} ${versionOf(name)}`) as Both<string>
  const machine = machineOf(plan)
  const lines = compare(rows, first, second)
  if (json) {
    console.log(JSON.stringify({ machine, names, lines, floor, workers, first, second }, null, 2))
    return
  }
  console.log(`${machine}\n`)
  if (lines.length > 0) console.log(`${formatComparison(lines, names)}\n`)
  if (floor.length > 0) console.log(`${formatReference(floorRows, floor)}\n`)
  if (workers.length > 0) console.log(formatReference(workersRows, workers))
}

function machineOf(plan: Plan): string {
  const cores = cpus()
  const processor = `${cores.length} × ${cores[0]?.model ?? 'unknown CPU'}`
  return `Node.js ${process.version} on ${process.platform}, ${processor}, rounds: ${plan.rounds}`
}

function readCommand(): Command {
  const command = parseCommand(process.argv.slice(2))
  const known = [FLOOR, WORKERS, ...MEASUREMENTS.map(({ name }) => name)]
  const unknown = command.only.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new TypeError(`No measurement is called ${unknown.join(', ')}`)
  return command
}

try {
  await main(readCommand())
} catch (err) {
  console.error(err instanceof TypeError ? `${err.message}\n\n${USAGE}` : err)
  process.exitCode = 1
}
