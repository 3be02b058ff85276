/**
 * Figures about records in simulated networks, on fixed seeds; docs/RECORDS.md explains them.
 *
 *     node dist/bench/records/run.js [survival] [freshness] [races] [forgery] [deletion] [newcomers] [lifetime] [large]
 *         [sets] [collections] [watch]
 */
import { measureCollection } from './collections.js'
import { measureDeletion, measureForgery } from './forgery.js'
import { measureFreshness, measureRaces } from './freshness.js'
import { measureLargeLies, measureLargeSurvival, measureLargeTransfer } from './large.js'
import { measureLifetime } from './lifetime.js'
import { measureNewcomers } from './newcomers.js'
import { measureSet, measureSetRounds } from './sets.js'
import { measureSurvival } from './survival.js'
import { measureWatch } from './watch.js'

const NODES = 50
const RECORDS = 1000
const MIB = 1024 * 1024
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const DAY_MS = 86_400_000
const SEED = 1

/** By name; each gives what is printed. */
const MEASUREMENTS: Record<string, () => Promise<object>> = {
  async survival() {
    const options = { seed: SEED, nodes: NODES, records: RECORDS }
    const third = await measureSurvival({ ...options, killed: 0.3 })
    const half = await measureSurvival({ ...options, killed: 0.5 })
    return { 'killed 30 %': third, 'killed 50 %': half }
  },
  freshness: () => measureFreshness({ seed: SEED, nodes: NODES, reads: 1000, stale: 5 }),
  races: () => measureRaces({ seed: SEED, nodes: NODES, races: 100 }),
  forgery: () => measureForgery({ seed: SEED, nodes: NODES, writes: 10_000 }),
  deletion: () => measureDeletion({ seed: SEED, nodes: NODES, away: 5, reads: 200 }),
  newcomers: () => measureNewcomers({ seed: SEED, nodes: NODES, joining: 20, records: RECORDS, afterMs: 60_000 }),
  async large() {
    const options = { nodes: NODES, sizeBytes: MIB }
    const survivals = []
    for (const seed of SEEDS) survivals.push(await measureLargeSurvival({ ...options, seed, killed: 0.3 }))
    const identical = survivals.filter((each) => each.identical).length
    return {
      '1 MiB, 30 % killed': {
        networks: SEEDS.length,
        identical,
        readSeconds: survivals.map((each) => each.readSeconds),
      },
      '1 MiB': await measureLargeTransfer({ ...options, seed: SEED }),
      '16 MiB': await measureLargeTransfer({ ...options, seed: SEED, sizeBytes: 16 * MIB }),
      '16 MiB, 800 requests on the way': await measureLargeTransfer({
        ...options,
        seed: SEED,
        sizeBytes: 16 * MIB,
        maxWindow: 800,
      }),
      '1 MiB, 20 of 50 nodes lie': await measureLargeLies({ ...options, seed: SEED, liars: 20 }),
    }
  },
  async sets() {
    const small = { seed: SEED, nodes: NODES, members: 2_000, valueBytes: 20 }
    const large = { seed: SEED, nodes: NODES, members: 10, valueBytes: 10_000 }
    const rounds = await measureSetRounds(small)
    return { '2,000 of 20 B': await measureSet(small), '10 of 10 kB': await measureSet(large), rounds }
  },
  collections: () => measureCollection({ seed: SEED, nodes: NODES, entries: 1_000 }),
  watch: () => measureWatch({ seed: SEED, nodes: NODES, versions: 50, intervalMs: 10_000, idlePolls: 360 }),
  lifetime: () => measureLifetime({ seed: SEED, nodes: NODES, ttlMs: DAY_MS, reads: 48 }),
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => MEASUREMENTS[name] === undefined)
if (unknown.length > 0) {
  console.error(`no measurement is called ${unknown.join(', ')}; there are ${Object.keys(MEASUREMENTS).join(', ')}`)
  process.exitCode = 1
} else {
  for (const name of wanted.length > 0 ? wanted : Object.keys(MEASUREMENTS)) {
    console.log(name, JSON.stringify(await MEASUREMENTS[name]!(), null, 2))
  }
}
