/** Simulated networks of persistent nodes, and what is true of them. On virtual time and a seed: any machine will do. */
import type { Assert } from 'brittle'
import type { DHT } from '../../index.js'
import { compareDistance, sameId } from '../../lib/primitives/id.js'
import { type NetworkOptions, Simulation } from '../../lib/simulation/index.js'

/** Contacts of a result. */
const K = 20

/** What networks are like: hosts all around the world, or nodes of one machine. */
export const FAR_APART: NetworkOptions = {}
export const ONE_MACHINE: NetworkOptions = { latency: 0.5, jitter: 0 }

export interface Network {
  sim: Simulation
  /** The bootstrapper first. A list of the test's own. */
  nodes: DHT[]
}

/** A bootstrapper and `size` nodes, all persistent; gone when the test is over. */
export async function startNetwork(
  t: Assert,
  size: number,
  {
    seed = 1,
    network = FAR_APART,
    atOnce = false,
  }: { seed?: number; network?: NetworkOptions; /** All of them start in the same moment. */ atOnce?: boolean } = {},
): Promise<Network> {
  const sim = new Simulation({ seed, network })
  t.teardown(() => sim.destroy())
  if (atOnce) {
    const started = Array.from({ length: size }, () => sim.createNode({ ephemeral: false }))
    await sim.run(Promise.all(started.map((node) => node.fullyBootstrapped())))
  } else {
    await sim.startNodes(size)
  }
  if (sim.nodes.some((node) => node.ephemeral)) throw new Error('a node did not become persistent')
  return { sim, nodes: sim.nodes }
}

/** The nodes nearest to the target, nearest first, among all but the asker, which never names itself. */
export function trueClosest(nodes: readonly DHT[], target: Uint8Array, asker: DHT): DHT[] {
  return nodes
    .filter((node) => node !== asker)
    .sort((a, b) => compareDistance(target, a.id!, b.id!))
    .slice(0, K)
}

/** Whether the peers are these nodes, in this order. */
export function areInOrder(peers: readonly { id: Uint8Array | null }[], nodes: readonly DHT[]): boolean {
  return peers.length === nodes.length && nodes.every(({ id }, i) => isNode(peers[i]!.id, id!))
}

function isNode(peer: Uint8Array | null, id: Uint8Array): boolean {
  return peer !== null && sameId(peer, id)
}

/** Longest virtual time of a round of lookups. */
const LIMIT_MS = 3_600_000

export interface LookUpOptions {
  count: number
  /** Lookups at a time; default 1. */
  lanes?: number
}

export interface Lookups {
  /** Lookups that ended with the true closest, in order. */
  exact: number
  /** Share of the true closest that were found, 0 to 1. */
  found: number
  /** Mean duration. */
  ms: number
  /** The first ones that were not exact, for the reader. */
  misses: string[]
}

/** Looks up random targets from random members, one lookup at a time unless there are several `lanes`. */
export function lookUp(sim: Simulation, nodes: readonly DHT[], options: LookUpOptions): Promise<Lookups> {
  return sim.run(runLookups(sim, nodes, options), { limitMs: LIMIT_MS })
}

async function runLookups(
  { clock, random }: Simulation,
  nodes: readonly DHT[],
  { count, lanes = 1 }: LookUpOptions,
): Promise<Lookups> {
  // Drawn beforehand, so that a seed means the same however long each lookup takes.
  const plan = Array.from({ length: count }, () => ({
    target: random.bytes(32),
    asker: nodes[random.below(nodes.length)]!,
  }))
  const result: Lookups = { exact: 0, found: 0, ms: 0, misses: [] }
  const runLane = async (): Promise<void> => {
    for (let next = plan.pop(); next !== undefined; next = plan.pop()) {
      const startedAt = clock.now()
      const query = next.asker.findNode(next.target)
      await query.finished()
      result.ms += (clock.now() - startedAt) / count
      const expected = trueClosest(nodes, next.target, next.asker)
      const missing = expected.filter(({ id }) => !query.closestNodes.some((peer) => isNode(peer.id, id!)))
      result.found += (1 - missing.length / expected.length) / count
      if (areInOrder(query.closestNodes, expected)) result.exact++
      else if (result.misses.length < 3) result.misses.push(explain(nodes, query.closestNodes, missing))
    }
  }
  await Promise.all(Array.from({ length: lanes }, runLane))
  return result
}

/** Who could have named those that were missed. */
function explain(nodes: readonly DHT[], peers: readonly { id: Uint8Array | null }[], missing: readonly DHT[]): string {
  const results = nodes.filter((node) => peers.some(({ id }) => isNode(id, node.id!)))
  const each = missing.slice(0, 3).map(({ id, table }) => {
    const knowing = (some: readonly DHT[]): number => some.filter((node) => node.table.has(id!)).length
    return `known to ${knowing(results)} of the results and ${knowing(nodes)} of all, knows ${table.size}`
  })
  const strangers = peers.length - results.length
  return `${peers.length} results, ${strangers} no members, ${missing.length} missed (${each.join('; ')})`
}
