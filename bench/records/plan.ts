/** What the command for figures about records measures, how much of it, and its command line. */
import { parseArgs } from 'node:util'
import { positiveInteger } from '../command-line.js'
import { DEFAULT_SPEED, QUICK_SPEED, type SpeedPlan } from './speed.js'

/** Sizes of one run of the simulated figures. */
export interface FiguresPlan {
  nodes: number
  records: number
  /** Reads after newer versions, with so many stale holders. */
  reads: number
  stale: number
  races: number
  forgedWrites: number
  /** Holders that miss a deletion, and reads after they came back. */
  away: number
  deletionReads: number
  joining: number
  /** Members of a set, entries of a collection, versions that are watched, and looks at what does not change. */
  members: number
  collection: number
  versions: number
  idlePolls: number
  /** Large values, and of how many networks a part dies. */
  largeBytes: number
  hugeBytes: number
  largeNetworks: number
  ttlMs: number
  lifetimeReads: number
}

const DAY_MS = 86_400_000
const MIB = 1024 * 1024

export const DEFAULT_FIGURES: FiguresPlan = {
  nodes: 50,
  records: 1000,
  reads: 1000,
  stale: 5,
  races: 100,
  forgedWrites: 10_000,
  away: 5,
  deletionReads: 200,
  joining: 20,
  members: 2000,
  collection: 1000,
  versions: 50,
  idlePolls: 360,
  largeBytes: MIB,
  hugeBytes: 16 * MIB,
  largeNetworks: 10,
  ttlMs: DAY_MS,
  lifetimeReads: 48,
}

/** Only proves that everything runs: the figures mean nothing. */
const QUICK_FIGURES: FiguresPlan = {
  nodes: 24,
  records: 10,
  reads: 10,
  stale: 2,
  races: 2,
  forgedWrites: 60,
  away: 3,
  deletionReads: 5,
  joining: 4,
  members: 20,
  collection: 20,
  versions: 3,
  idlePolls: 5,
  largeBytes: MIB / 16,
  hugeBytes: MIB / 8,
  largeNetworks: 1,
  ttlMs: DAY_MS / 24,
  lifetimeReads: 6,
}

export interface RecordsCommand {
  help: boolean
  /** Names of the measurements to make; empty: all. */
  only: string[]
  figures: FiguresPlan
  speed: SpeedPlan
  /** Store the result of `speed`, and put its table into docs/RECORDS.md. */
  writeDocs: boolean
}

export const USAGE = `npm run bench:records -- [names] [options]

  names               simulated: survival, freshness, races, forgery, deletion, newcomers, upkeep,
                      large, sets, collections, watch, lifetime
                      over UDP, beside hyperdht: speed
  --quick             tiny sizes: proves that it runs, in less than a minute
  --rounds <n>        of speed: measure each side n times (default ${DEFAULT_SPEED.rounds})
  --write-docs        of speed: store the result in bench/results, and update docs/RECORDS.md
  --help              this text`

/** Reads the command line. @throws TypeError for what it does not know */
export function parseRecordsCommand(args: string[], names: readonly string[]): RecordsCommand {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, rounds, help, 'write-docs': writeDocs } = values
  const unknown = positionals.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new TypeError(`No measurement is called ${unknown.join(', ')}`)
  if (quick && writeDocs) throw new TypeError('--write-docs is for real figures')
  const speed = quick ? QUICK_SPEED : DEFAULT_SPEED
  return {
    help,
    only: positionals,
    figures: quick ? QUICK_FIGURES : DEFAULT_FIGURES,
    speed: { ...speed, rounds: rounds === undefined ? speed.rounds : positiveInteger('--rounds', rounds) },
    writeDocs,
  }
}
