/** A fifth of a simulated network restarts at once: the same addresses and ports, the same ids, other processes. */
import type { Books } from './books.js'
import { type Verdict, WatchedNetwork } from './watched-network.js'

export interface RestartStormJob {
  seed: number
  nodes: number
  /** Share of the nodes that restart. */
  share: number
  /** What they know when they start: nothing, or the contacts they had a few minutes before. */
  tables: 'empty' | 'saved'
  /** Whether the bootstrapper is dead by then. */
  bootstrapperDown: boolean
  /** Time without a process. */
  downMs: number
  /** Lookups start at a steady pace for so long, from the moment of the storm on. */
  watchMs: number
  lookups: number
  /** Share of datagrams lost on each way. */
  loss: number
}

export interface RestartStormResult {
  lookups: number
  exact: number
  failed: number
  /** Lookups whose asker was among the restarted and gone. */
  interrupted: number
  recall: number
  /** Longest lookup. */
  slowestMs: number
  restarted: number
  /** Time from the start of the process until the node was bootstrapped; Infinity: not within the watch. */
  bootstrappedMs: number[]
  books: Books
}

export async function measureRestartStorm(job: RestartStormJob): Promise<RestartStormResult> {
  const { seed, nodes, loss, downMs, watchMs, tables } = job
  const network = await WatchedNetwork.start({ seed, nodes, network: { loss } })
  const { sim } = network
  if (job.bootstrapperDown) network.kill(network.living[0]!)
  const storm = network.pick(Math.round(nodes * job.share))
  const saved = new Map(storm.map((node) => [node, tables === 'saved' ? node.exportContacts() : undefined]))
  const bootstrapped = storm.map(() => Infinity)
  const restart = (at: { address: string; port: number }, i: number): void => {
    const startMs = network.now
    const node = network.launch({ contacts: saved.get(storm[i]!) }, at)
    void node.fullyBootstrapped().then(() => (bootstrapped[i] = network.now - startMs))
  }
  const places = storm.map((node) => network.kill(node))
  places.forEach((at, i) => sim.clock.after(downMs, () => restart(at, i)))
  for (let i = 0; i < job.lookups; i++) sim.clock.after((i * watchMs) / job.lookups, () => network.lookUp())
  await sim.advance(watchMs)
  const books = await network.end()
  const { verdicts, interrupted } = network
  const count = (test: (verdict: Verdict) => boolean): number => verdicts.filter(test).length
  return {
    lookups: verdicts.length,
    exact: count(({ exact }) => exact),
    failed: count(({ failed }) => failed),
    interrupted,
    recall: verdicts.reduce((sum, { recall }) => sum + recall, 0) / verdicts.length,
    slowestMs: Math.max(...verdicts.map(({ durationMs }) => durationMs)),
    restarted: storm.length,
    bootstrappedMs: bootstrapped,
    books,
  }
}
