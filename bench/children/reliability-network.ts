/** Child process: one simulated network of a reliability scenario, whose heap can be looked at. */
import { measureChurnDay, type ChurnDayJob } from '../reliability/churn-day.js'
import { measureRestartStorm } from '../reliability/restart-storm.js'
import { serve } from '../process.js'
import { createProgress } from '../simulated/progress.js'

function heapBytes(): number {
  ;(globalThis as { gc?: () => void }).gc?.()
  return process.memoryUsage().heapUsed
}

const handlers = {
  churnDay: (job: ChurnDayJob) => {
    const progress = createProgress(`churn ${job.how}, loss ${job.loss}`)
    return measureChurnDay(job, heapBytes, (hours) => progress(`${hours} of ${job.hours} hours`))
  },
  restartStorm: measureRestartStorm,
}

export type ReliabilityNetwork = typeof handlers
serve(handlers)
