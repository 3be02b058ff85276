/** How much of the gateway is measured, and the command line. */
import { parseArgs } from 'node:util'
import { chosenParts, positiveInteger } from '../command-line.js'

export const PARTS = ['rates', 'blocked', 'lookups'] as const
export type Part = (typeof PARTS)[number]

/** Sizes of one run. Times are in ms. */
export interface GatewayPlan {
  parts: readonly Part[]
  rounds: number
  pings: number
  /** Of each measured rate. */
  rateMs: number
  /** How long a client stands still, and how long the stream goes on before and after. */
  stillMs: number
  aroundMs: number
  /** Nodes of the network in which is looked up. */
  nodes: number
  lookups: number
}

export interface GatewayCommand {
  help: boolean
  plan: GatewayPlan
  writeDocs: boolean
  redraw: boolean
}

/** About six minutes on two cores. */
const DEFAULT_PLAN: GatewayPlan = {
  parts: PARTS,
  rounds: 5,
  pings: 1000,
  rateMs: 1500,
  stillMs: 2000,
  aroundMs: 3000,
  nodes: 100,
  lookups: 1000,
}

/** Only proves that everything runs: the figures mean nothing. */
const QUICK_PLAN: GatewayPlan = {
  parts: PARTS,
  rounds: 1,
  pings: 50,
  rateMs: 200,
  stillMs: 100,
  aroundMs: 300,
  nodes: 30,
  lookups: 10,
}

export const USAGE = `npm run bench:gateway -- [options]

  --only <names>   comma-separated, of ${PARTS.join(', ')}
  --rounds <n>     how often everything is measured (default ${DEFAULT_PLAN.rounds})
  --quick          tiny sizes: proves that it runs
  --write-docs     store the results in bench/results, and update docs/GATEWAY.md
  --redraw         measure nothing, update the same from bench/results
  --help           this text`

/** @throws TypeError for what it does not know */
export function parseGatewayCommand(args: string[]): GatewayCommand {
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: PARTS.join(',') },
      rounds: { type: 'string' },
      quick: flag,
      'write-docs': flag,
      redraw: flag,
      help: flag,
    },
  })
  if (values['write-docs'] && values.quick) throw new TypeError('--write-docs is for real figures')
  const plan = { ...(values.quick ? QUICK_PLAN : DEFAULT_PLAN), parts: chosenParts(PARTS, values.only) }
  if (values.rounds !== undefined) plan.rounds = positiveInteger('--rounds', values.rounds)
  return { help: values.help, plan, writeDocs: values['write-docs'], redraw: values.redraw }
}
