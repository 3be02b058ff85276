/** A day in which a fifth of the network is replaced every hour, in a simulated network. */
import type { Books } from './books.js'
import { WatchedNetwork } from './watched-network.js'

export interface ChurnDayJob {
  seed: number
  nodes: number
  hours: number
  /** Share of the nodes that die without a word each hour; as many fresh ones join, on hosts of their own. */
  replacedAnHour: number
  /** One after the other all over the hour, or all at its beginning; then lookups start a settling minute later. */
  how: 'one by one' | 'at once'
  lookupsAnHour: number
  /** Share of datagrams lost on each way. */
  loss: number
}

export interface ChurnDayResult {
  lookups: number
  exact: number
  strictlyExact: number
  failed: number
  interrupted: number
  recall: number
  replaced: number
  /** Heap after a full collection at the end of each hour; empty where it cannot be seen. */
  heapBytes: number[]
  books: Books
}

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/**
 * @param heapBytes the heap after a full collection; null where the runtime does not say
 * @param onHour called with the hours that are over
 */
export async function measureChurnDay(
  job: ChurnDayJob,
  heapBytes: (() => number) | null = null,
  onHour: (hours: number) => void = () => {},
): Promise<ChurnDayResult> {
  const { seed, nodes, hours, loss } = job
  const network = await WatchedNetwork.start({ seed, nodes, network: { loss } })
  const heap: number[] = []
  const replaced = Math.round(nodes * job.replacedAnHour)
  for (let hour = 1; hour <= hours; hour++) {
    if (job.how === 'at once') await replaceAtOnce(network, replaced, job.lookupsAnHour)
    else await replaceOneByOne(network, replaced, job.lookupsAnHour)
    if (heapBytes !== null) heap.push(heapBytes())
    onHour(hour)
  }
  const books = await network.end()
  const { verdicts, interrupted } = network
  const count = (name: 'exact' | 'strictlyExact' | 'failed'): number =>
    verdicts.filter((verdict) => verdict[name]).length
  return {
    lookups: verdicts.length,
    exact: count('exact'),
    strictlyExact: count('strictlyExact'),
    failed: count('failed'),
    interrupted,
    recall: verdicts.reduce((sum, { recall }) => sum + recall, 0) / verdicts.length,
    replaced: hours * replaced,
    heapBytes: heap,
    books,
  }
}

/** Replacements and lookups each at their own steady pace. */
async function replaceOneByOne(network: WatchedNetwork, replaced: number, lookups: number): Promise<void> {
  const { clock, random } = network.sim
  for (let i = 0; i < replaced; i++) {
    clock.after(random.fraction() * HOUR_MS, () => {
      for (const node of network.pick(1)) network.kill(node)
      network.launch()
    })
  }
  for (let i = 0; i < lookups; i++) clock.after(((i + 0.5) * HOUR_MS) / lookups, () => network.lookUp())
  await network.sim.advance(HOUR_MS)
}

/** All replacements in one moment, and after a minute lookups for the rest of the hour. */
async function replaceAtOnce(network: WatchedNetwork, replaced: number, lookups: number): Promise<void> {
  for (const node of network.pick(replaced)) network.kill(node)
  for (let i = 0; i < replaced; i++) network.launch()
  await network.sim.advance(MINUTE_MS)
  const restMs = HOUR_MS - MINUTE_MS
  for (let i = 0; i < lookups; i++) network.sim.clock.after((i * restMs) / lookups, () => network.lookUp())
  await network.sim.advance(restMs)
}

/** Bytes an hour, by least squares, of figures taken once an hour. NaN for fewer than two. */
export function slopeAnHour(bytes: readonly number[]): number {
  const meanHour = (bytes.length - 1) / 2
  const meanBytes = bytes.reduce((sum, value) => sum + value, 0) / bytes.length
  let products = 0
  let squares = 0
  bytes.forEach((value, hour) => {
    products += (hour - meanHour) * (value - meanBytes)
    squares += (hour - meanHour) ** 2
  })
  return products / squares
}
