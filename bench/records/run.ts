/**
 * Figures about records: in simulated networks on fixed seeds, and over UDP beside hyperdht. docs/RECORDS.md explains
 * them. Results go to stdout, progress to stderr.
 */
import { readCommand } from '../command-line.js'
import { storeAndRedraw } from '../documents.js'
import { measureCollection } from './collections.js'
import { measureDeletion, measureForgery } from './forgery.js'
import { measureFreshness, measureRaces } from './freshness.js'
import { measureLargeLies, measureLargeSurvival, measureLargeTransfer } from './large.js'
import { measureLifetime } from './lifetime.js'
import { measureNewcomers } from './newcomers.js'
import { type FiguresPlan, parseRecordsCommand, type RecordsCommand, USAGE } from './plan.js'
import { measureSpeed, type SpeedPlan, speedSections } from './speed.js'
import { measureSet, measureSetRounds } from './sets.js'
import { measureSurvival } from './survival.js'
import { measureUpkeep } from './upkeep.js'
import { measureWatch } from './watch.js'

const MIB = 1024 * 1024
const SEED = 1
const MINUTE_MS = 60_000

/** In simulated networks, by name; each gives what is printed. */
const SIMULATED: Record<string, (plan: FiguresPlan) => Promise<object>> = {
  async survival({ nodes, records }) {
    const third = await measureSurvival({ seed: SEED, nodes, records, killed: 0.3 })
    const half = await measureSurvival({ seed: SEED, nodes, records, killed: 0.5 })
    return { 'killed 30 %': third, 'killed 50 %': half }
  },
  freshness: ({ nodes, reads, stale }) => measureFreshness({ seed: SEED, nodes, reads, stale }),
  races: ({ nodes, races }) => measureRaces({ seed: SEED, nodes, races }),
  forgery: ({ nodes, forgedWrites }) => measureForgery({ seed: SEED, nodes, writes: forgedWrites }),
  deletion: ({ nodes, away, deletionReads }) => measureDeletion({ seed: SEED, nodes, away, reads: deletionReads }),
  newcomers: ({ nodes, joining, records }) =>
    measureNewcomers({ seed: SEED, nodes, joining, records, afterMs: MINUTE_MS }),
  upkeep: ({ nodes, records }) => measureUpkeep({ seed: SEED, nodes, records }),
  async large({ nodes, largeBytes, hugeBytes, largeNetworks }) {
    const options = { nodes, sizeBytes: largeBytes }
    const survivals = []
    for (let seed = 1; seed <= largeNetworks; seed++) {
      survivals.push(await measureLargeSurvival({ ...options, seed, killed: 0.3 }))
    }
    const [large, huge] = [largeBytes, hugeBytes].map((size) => `${size / MIB} MiB`)
    const hugeOptions = { ...options, seed: SEED, sizeBytes: hugeBytes }
    return {
      [`${large}, 30 % killed`]: {
        networks: largeNetworks,
        identical: survivals.filter((each) => each.identical).length,
        readSeconds: survivals.map((each) => each.readSeconds),
      },
      [`${large}`]: await measureLargeTransfer({ ...options, seed: SEED }),
      [`${huge}`]: await measureLargeTransfer(hugeOptions),
      [`${huge}, 800 requests on the way`]: await measureLargeTransfer({ ...hugeOptions, maxWindow: 800 }),
      [`${large}, 20 nodes lie`]: await measureLargeLies({ ...options, seed: SEED, liars: 20 }),
    }
  },
  async sets({ nodes, members }) {
    const small = { seed: SEED, nodes, members, valueBytes: 20 }
    const large = { seed: SEED, nodes, members: 10, valueBytes: 10_000 }
    const rounds = await measureSetRounds(small)
    return { [`${members} of 20 B`]: await measureSet(small), '10 of 10 kB': await measureSet(large), rounds }
  },
  collections: ({ nodes, collection }) => measureCollection({ seed: SEED, nodes, entries: collection }),
  watch: ({ nodes, versions, idlePolls }) =>
    measureWatch({ seed: SEED, nodes, versions, intervalMs: 10_000, idlePolls }),
  lifetime: ({ nodes, ttlMs, lifetimeReads }) => measureLifetime({ seed: SEED, nodes, ttlMs, reads: lifetimeReads }),
}

const SPEED_NAME = 'speed'

async function main({ help, only, figures, speed, writeDocs }: RecordsCommand): Promise<void> {
  if (help) return console.log(USAGE)
  const isChosen = (name: string): boolean => only.length === 0 || only.includes(name)
  for (const [name, measure] of Object.entries(SIMULATED)) {
    if (isChosen(name)) console.log(name, JSON.stringify(await measure(figures), null, 2))
  }
  if (isChosen(SPEED_NAME)) await compareSpeed(speed, writeDocs)
}

async function compareSpeed(plan: SpeedPlan, writeDocs: boolean): Promise<void> {
  const result = await measureSpeed(plan)
  for (const [name, table] of Object.entries(speedSections(result))) console.log(`### ${name}\n\n${table}`)
  if (writeDocs) await storeAndRedraw({ 'records-speed': result })
}

const names = [...Object.keys(SIMULATED), SPEED_NAME]
const command = readCommand((args) => parseRecordsCommand(args, names), USAGE)
if (command !== null) await main(command)
