/** Signs of life on stderr from a process that simulates for a long time. */

/** Real time between two lines. */
const INTERVAL_MS = 15_000

/**
 * Writes a line now and then: most calls do nothing. Make it while the timers are real: simulations redirect
 * `performance.now` as well.
 *
 * @param label what the lines begin with
 */
export function createProgress(label: string): (text: string) => void {
  let lastMs = realMs()
  return (text) => {
    const nowMs = realMs()
    if (nowMs - lastMs < INTERVAL_MS) return
    lastMs = nowMs
    process.stderr.write(`    ${label}: ${text}\n`)
  }
}

/** No simulation redirects this clock. */
function realMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
