/**
 * How much is measured: the sizes of a default run and of `--quick`, and the command line.
 */
import { parseArgs } from 'node:util'
import type { Both } from './measurement.js'
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

/** About nine minutes on two cores. */
const DEFAULT_PLAN: Plan = {
  rounds: 3,
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

/** What the command line asks for. */
export interface Command {
  help: boolean
  plan: Plan
  /** The implementation in the first column, and the one it is divided by. */
  sides: Both<SubjectName>
  /** Names of the measurements to make; empty: all. */
  only: string[]
  json: boolean
}

export const USAGE = `npm run bench -- [options]

  --rounds <n>        measure each implementation n times (default ${DEFAULT_PLAN.rounds})
  --only <names>      comma-separated: floor, workers, requests, join, memory, idle, lookup
  --idle-seconds <n>  length of the idle measurement (default ${DEFAULT_PLAN.idleMs / 1000})
  --quick             tiny sizes: proves that it runs, in half a minute
  --self [name]       dht-rpc (or the one named) against itself: how far from 1 noise takes a ratio
  --json              JSON instead of a table
  --help              this text`

/** Reads the command line. @throws TypeError for what it does not know */
export function parseCommand(args: string[]): Command {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      only: { type: 'string' },
      'idle-seconds': { type: 'string' },
      quick: { type: 'boolean' },
      self: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  const plan = { ...(values.quick ? QUICK_PLAN : DEFAULT_PLAN) }
  if (values.rounds !== undefined) plan.rounds = positiveInteger('--rounds', values.rounds)
  if (values['idle-seconds'] !== undefined) {
    plan.idleMs = positiveInteger('--idle-seconds', values['idle-seconds']) * 1000
  }
  return {
    help: values.help ?? false,
    plan,
    sides: sidesOf(values.self ?? false, positionals),
    only: values.only === undefined ? [] : values.only.split(','),
    json: values.json ?? false,
  }
}

function sidesOf(self: boolean, positionals: string[]): Both<SubjectName> {
  const [name = 'dht-rpc', ...rest] = positionals
  if (rest.length > 0 || (positionals.length > 0 && !self)) throw new TypeError(`Unexpected: ${positionals.join(' ')}`)
  if (!self) return ['xorpc', 'dht-rpc']
  if (name !== 'xorpc' && name !== 'dht-rpc') throw new TypeError(`No implementation is called ${name}`)
  return [name, name]
}

function positiveInteger(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`${option} must be a positive integer`)
  return value
}
