/** Child process: one simulated network. What it takes in real time does not matter. */
import { removeInstallation } from '../hyperdht/installation.js'
import { serve } from '../process.js'
import { measureChurn } from '../simulated/churn.js'
import { type HyperdhtJob, type HyperdhtResult, measureHyperdht } from '../simulated/hyperdht.js'
import { measureLookups } from '../simulated/lookups.js'
import { measureScaling } from '../simulated/scaling.js'

const handlers = {
  lookups: measureLookups,
  async hyperdht(job: HyperdhtJob): Promise<HyperdhtResult> {
    try {
      return await measureHyperdht(job)
    } finally {
      // What ends this process leaves it no time.
      removeInstallation()
    }
  },
  scaling: measureScaling,
  churn: measureChurn,
}

export type Simulated = typeof handlers
serve(handlers)
