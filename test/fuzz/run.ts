/**
 * Fires datagrams at live nodes and says what came of it, as a Markdown table on stdout; exit code 1 when a bound does
 * not hold. Progress goes to stderr.
 *
 *     npm run fuzz -- [--count 1000000] [--seed 1]
 */
import { setFlagsFromString } from 'node:v8'
import { parseArgs } from 'node:util'
import { runInNewContext } from 'node:vm'
import { formatTable } from '../../bench/table.js'
import { type CampaignResult, type Gauge, MOST_DECODE_BYTES, runCampaign } from './campaign.js'
import { loadCorpus } from './corpus.js'

const MOST_HEAP_GROWTH_BYTES = 10e6

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const gauge: Gauge = {
  now: () => performance.now(),
  allocatedBytes: () => {
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  },
  heapBytes: () => {
    collect()
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  },
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { count: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
  })
  const [count, seed] = [Number(values.count), Number(values.seed)]
  const startedAt = performance.now()
  const onProgress = (fired: number): void => {
    if (fired % 50_000 === 0) {
      process.stderr.write(`${fired} of ${count}, ${Math.round((performance.now() - startedAt) / 1000)} s\n`)
    }
  }
  const result = await runCampaign({ count, seed, corpus: loadCorpus(), gauge, onProgress })
  const rows = rowsOf(result)
  const body = rows.map(([what, value, bound, holds]) => [what, value, bound, holds ? 'yes' : 'NO'])
  console.log(formatTable([['', `${count} datagrams, seed ${seed}`, 'bound', 'holds'], ...body]))
  for (const hang of result.hangs) console.log(`hang: ${hang}`)
  if (rows.some(([, , , holds]) => !holds)) process.exitCode = 1
}

type Row = [what: string, value: string, bound: string, holds: boolean]

function rowsOf(result: CampaignResult): Row[] {
  const { fired, dropped, hangs } = result
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
    ['thrown', '0', '0', true],
    [
      'took more than 5 ms, every one of four times',
      `${hangs.length} (${result.pauses} the first time)`,
      '0',
      hangs.length === 0,
    ],
    [
      'heap growth after the first tenth',
      kilobytes(result.heapGrowthBytes),
      'below 10 MB',
      result.heapGrowthBytes < MOST_HEAP_GROWTH_BYTES,
    ],
    [
      'largest allocation of a decode',
      kilobytes(result.largestDecodeBytes),
      'at most 64 kB',
      result.largestDecodeBytes <= MOST_DECODE_BYTES,
    ],
    ['calls that did not settle', String(result.pending), '0', result.pending === 0],
    [
      'answers, and looks up whom there is, afterwards',
      `after ${result.wellAfterMinutes} min`,
      'within 30 min',
      result.wellAfterMinutes <= 30,
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
