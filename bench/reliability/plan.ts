/** What the command for reliability figures measures, and its command line. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { chosenParts, positiveInteger } from '../command-line.js'

export const PARTS = ['churn', 'storm', 'overload', 'processes'] as const
export type Part = (typeof PARTS)[number]

export interface ReliabilityPlan {
  help: boolean
  parts: readonly Part[]
  nodes: number
  hours: number
  seeds: number
  /** Networks simulated at the same time. */
  jobs: number
  stopMs: number
  workUs: number
  writeDocs: boolean
  redraw: boolean
}

export const USAGE = `npm run reliability -- [options]

  --only <names>      comma-separated, of ${PARTS.join(', ')}
  --nodes <n>         nodes of the simulated networks (default 200)
  --hours <n>         network time under churn (default 24)
  --seeds <n>         networks of each kind in restart storms, which differ by their seed (default 5)
  --jobs <n>          networks simulated at a time (default: one per core)
  --stop-seconds <n>  how long a process is stopped (default 60)
  --work-us <n>       CPU time of one request in the overload measurement (default 1000)
  --write-docs        store the results in bench/results, and update docs/RELIABILITY.md
  --redraw            measure nothing, update the same from bench/results
  --help              this text`

/** @throws TypeError for what it does not know */
export function parsePlan(args: string[]): ReliabilityPlan {
  const number = (byDefault: number) => ({ type: 'string', default: String(byDefault) }) as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: PARTS.join(',') },
      nodes: number(200),
      hours: number(24),
      seeds: number(5),
      jobs: number(availableParallelism()),
      'stop-seconds': number(60),
      'work-us': number(1000),
      'write-docs': flag,
      redraw: flag,
      help: flag,
    },
  })
  return {
    help: values.help,
    parts: chosenParts(PARTS, values.only),
    nodes: positiveInteger('--nodes', values.nodes),
    hours: positiveInteger('--hours', values.hours),
    seeds: positiveInteger('--seeds', values.seeds),
    jobs: positiveInteger('--jobs', values.jobs),
    stopMs: 1000 * positiveInteger('--stop-seconds', values['stop-seconds']),
    workUs: positiveInteger('--work-us', values['work-us']),
    writeDocs: values['write-docs'],
    redraw: values.redraw,
  }
}
