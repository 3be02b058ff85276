/**
 * Whether every call settles, in simulated networks with dead nodes and losses, as a Markdown table on stdout; exit code 1
 * when one does not, or something is left behind. Progress goes to stderr.
 *
 *     node dist/bench/settlement.js [--calls 10000] [--seed 1]
 */
import { parseArgs } from 'node:util'
import { CALLS, measureSettlement, type SettlementResult } from './simulated/settlement.js'
import { formatTable } from './table.js'

const DEAD = [0, 0.3, 0.6, 0.9]
const LOSS = [0, 0.1, 0.3]

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { calls: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
  })
  const situations = DEAD.flatMap((dead) => LOSS.map((loss) => ({ dead, loss })))
  const calls = Math.ceil(Number(values.calls) / situations.length)
  const results: SettlementResult[] = []
  for (const [i, situation] of situations.entries()) {
    results.push(await measureSettlement({ ...situation, seed: Number(values.seed) + i, calls }))
    process.stderr.write(
      `${situation.dead} dead, ${situation.loss} lost: ${results.at(-1)!.problems.length} problems\n`,
    )
  }
  const rows = CALLS.map((call) => {
    const all = results.map(({ byCall }) => byCall[call])
    const count = all.reduce((sum, one) => sum + one.calls, 0)
    const slowest = Math.max(...all.map(({ slowestMs }) => slowestMs))
    return [call, String(count), `${(slowest / 1000).toFixed(1)} s`, outcomesOf(all.map(({ outcomes }) => outcomes))]
  })
  console.log(formatTable([['call', 'calls', 'slowest', 'outcomes'], ...rows]))
  const problems = results.flatMap((result) => result.problems)
  console.log(`\n${calls * situations.length} calls; not settled once, too late, or left behind: ${problems.length}`)
  for (const text of problems.slice(0, 50)) console.log(text)
  if (problems.length > 0) process.exitCode = 1
}

function outcomesOf(all: Record<string, number>[]): string {
  const sums = new Map<string, number>()
  for (const one of all) for (const [name, count] of Object.entries(one)) sums.set(name, (sums.get(name) ?? 0) + count)
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

await main()
