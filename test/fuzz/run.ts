/**
 * Fires datagrams at live nodes, and messages of the tunnel at live gateways and a client of one, and says what came of
 * it, as Markdown tables on stdout; exit code 1 when a bound does not hold. Progress goes to stderr.
 *
 *     npm run fuzz -- [--only datagrams|frames] [--count 1000000] [--seed 1]
 */
import { parseArgs } from 'node:util'
import { formatTable } from '../../bench/table.js'
import { type CampaignResult, runCampaign } from './campaign.js'
import { loadCorpus, loadFrames } from './corpus.js'
import { type FrameCampaignResult, runFrameCampaign } from './frame-campaign.js'
import { processGauge as gauge } from './gauge.js'
import { type Measured, MOST_DECODE_BYTES } from './meter.js'

const MOST_HEAP_GROWTH_BYTES = 10e6

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      count: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
    },
  })
  const { only } = values
  if (only !== undefined && only !== 'datagrams' && only !== 'frames') throw new TypeError(`nothing is called ${only}`)
  const [count, seed] = [Number(values.count), Number(values.seed)]
  const startedAt = performance.now()
  const onProgress = (fired: number): void => {
    if (fired % 50_000 === 0) {
      process.stderr.write(`${fired} of ${count}, ${Math.round((performance.now() - startedAt) / 1000)} s\n`)
    }
  }
  const datagrams = loadCorpus()
  if (only !== 'frames') {
    const result = await runCampaign({ count, seed, corpus: datagrams, gauge, onProgress })
    print(`${count} datagrams, seed ${seed}`, datagramRows(result), result.hangs)
  }
  if (only !== 'datagrams') {
    const result = await runFrameCampaign({ count, seed, datagrams, frames: loadFrames(), gauge, onProgress })
    print(`${count} messages of the tunnel, seed ${seed}`, frameRows(result), result.hangs)
    for (const problem of result.problems.slice(0, 20)) console.log(problem)
  }
}

type Row = [what: string, value: string, bound: string, holds: boolean]

function print(title: string, rows: readonly Row[], hangs: readonly string[]): void {
  const body = rows.map(([what, value, bound, holds]) => [what, value, bound, holds ? 'yes' : 'NO'])
  console.log(`${formatTable([['', title, 'bound', 'holds'], ...body])}\n`)
  for (const hang of hangs) console.log(`hang: ${hang}`)
  if (rows.some(([, , , holds]) => !holds)) process.exitCode = 1
}

function datagramRows(result: CampaignResult): Row[] {
  const { fired, dropped } = result
  const sumOfDropped = Object.values(dropped).reduce((sum, one) => sum + one, 0)
  return [
    ['random, mutated, made by the grammar', Object.values(fired).join(', '), '', true],
    ['requests handled, responses matched', `${result.requests}, ${result.responses}`, '', true],
    ['dropped, by reason', entries(dropped), '', true],
    [
      'received − handled − dropped, all nodes',
      String(result.unaccounted),
      `0 (${result.received} received, ${sumOfDropped} dropped)`,
      result.unaccounted === 0,
    ],
    ...costRows(result),
    ['calls that did not settle', String(result.pending), '0', result.pending === 0],
    [
      'answers, and looks up whom there is, afterwards',
      `after ${result.wellAfterMinutes} min`,
      'within 30 min',
      result.wellAfterMinutes <= 30,
    ],
  ]
}

function frameRows(result: FrameCampaignResult): Row[] {
  const { messages, malformed, problems, unaccounted, left } = result
  return [
    ['random, mutated, made by the grammar', Object.values(result.fired).join(', '), '', true],
    ['well-formed, malformed', `${messages - malformed}, ${malformed}`, '', true],
    ['connections closed by the gateways, by reason', entries(result.closed), '', true],
    ['datagrams passed on, both ways', String(result.passed), '', true],
    ['refused or dropped, by reason', entries(result.refused), '', true],
    ['malformed, and did not end its connection', String(problems.length), '0', problems.length === 0],
    ['messages and datagrams not in the books', String(unaccounted), '0', unaccounted === 0],
    ...costRows(result),
    ['connections, sessions and sockets left', String(left), '0', left === 0],
    ['serves who behaves afterwards', result.isWell ? 'yes' : 'no', 'yes', result.isWell],
  ]
}

/** Bounds that hold for everything that strangers send. */
function costRows({ hangs, pauses, heapGrowthBytes, largestDecodeBytes }: Measured): Row[] {
  return [
    ['thrown', '0', '0', true],
    [
      'took more than 5 ms, every one of four times',
      `${hangs.length} (${pauses} the first time)`,
      '0',
      hangs.length === 0,
    ],
    [
      'heap growth after the first tenth',
      kilobytes(heapGrowthBytes),
      'below 10 MB',
      heapGrowthBytes < MOST_HEAP_GROWTH_BYTES,
    ],
    [
      'largest allocation of a decode',
      kilobytes(largestDecodeBytes),
      'at most 64 kB',
      largestDecodeBytes <= MOST_DECODE_BYTES,
    ],
  ]
}

function entries(of: Record<string, number>): string {
  return Object.entries(of)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}

await main()
