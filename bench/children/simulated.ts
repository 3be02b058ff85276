/** Child process: one simulated network. What it takes in real time does not matter. */
import { serve } from '../process.js'
import { measureChurn } from '../simulated/churn.js'
import { measureLookups } from '../simulated/lookups.js'
import { measureScaling } from '../simulated/scaling.js'

const handlers = {
  lookups: measureLookups,
  scaling: measureScaling,
  churn: measureChurn,
}

export type Simulated = typeof handlers
serve(handlers)
