/** Jobs for child processes, several at a time. Only for what does not depend on the load of the machine. */

export interface PoolOptions<J> {
  /** Jobs at a time. */
  parallel: number
  /** What the lines on stderr begin with. */
  name: string
  titleOf: (job: J) => string
}

/** Does all jobs. @returns results in the order of the jobs; rejects with the first failure, and starts no more then */
export async function runJobs<J, R>(
  jobs: readonly J[],
  { parallel, name, titleOf }: PoolOptions<J>,
  work: (job: J) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  let done = 0
  const runLane = async (): Promise<void> => {
    while (next < jobs.length) {
      const index = next++
      const job = jobs[index]!
      const startedAt = performance.now()
      try {
        results[index] = await work(job)
      } catch (err) {
        next = jobs.length
        throw err
      }
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      process.stderr.write(`${name} ${++done}/${jobs.length} ${titleOf(job)}: ${seconds} s\n`)
    }
  }
  // Settled, so that a failure is not reported while others still run.
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(parallel, jobs.length) }, runLane))
  const failed = lanes.find((lane) => lane.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return results
}
