/**
 * Figures about records in simulated networks, on fixed seeds; docs/RECORDS.md explains them.
 *
 *     node dist/bench/records/run.js [survival] [freshness] [races] [forgery] [deletion] [newcomers] [lifetime]
 */
import { measureDeletion, measureForgery } from './forgery.js'
import { measureFreshness, measureRaces } from './freshness.js'
import { measureLifetime } from './lifetime.js'
import { measureNewcomers } from './newcomers.js'
import { measureSurvival } from './survival.js'

const NODES = 50
const RECORDS = 1000
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
