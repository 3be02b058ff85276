/** Networks of nodes on real sockets of the loopback interface, and what is true of them. */
import type { Assert } from 'brittle'
import { DHT, type DHTOptions } from '../../index.js'
import { compareDistance, sameId } from '../../lib/primitives/id.js'
import { createTestnet } from '../../lib/testnet/index.js'
import { HOST } from '../helpers/nodes.js'
import { seededRandom } from '../helpers/contacts.js'

/** Nodes that join at the same time, unless a test wants otherwise. */
const BATCH = 10

/** Contacts of a result. */
const K = 20

type SeededRandom = ReturnType<typeof seededRandom>

export interface Network {
  /** The bootstrapper first. */
  nodes: DHT[]
  /** Options of a further node. */
  options: DHTOptions
}

/**
 * A loopback address of this network's own. Ids are hashes of addresses, so where a node died, one of another network
 * on this machine that gets the same port would take its place, and the two networks grow together.
 */
function ownHost(): string {
  if (process.platform !== 'linux') return HOST // elsewhere 127.0.0.1 is the only one
  const random = seededRandom(Math.floor(Math.random() * 2 ** 32))
  return `127.${1 + random.below(254)}.${random.below(255)}.${1 + random.below(254)}`
}

/** A bootstrapper and `size` nodes, all persistent; gone when the test is over. */
export async function startNetwork(
  t: Assert,
  size: number,
  { batch = BATCH, setUp = () => {} }: { batch?: number; setUp?: (node: DHT) => void } = {},
): Promise<Network> {
  const host = ownHost()
  const { nodes, bootstrap } = await createTestnet(size + 1, {
    host,
    concurrency: batch,
    teardown: t.teardown,
    create(options) {
      const node = new DHT(options)
      setUp(node)
      return node
    },
  })
  if (nodes.some((node) => node.ephemeral)) throw new Error('a node did not become persistent')
  // A list of the test's own, to take dead nodes out of.
  return { nodes: [...nodes], options: { host, bootstrap, ephemeral: false } }
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

/** Looks up random targets from random members. @param lanes lookups at a time; default 1 */
export async function lookUp(nodes: readonly DHT[], count: number, random: SeededRandom, lanes = 1): Promise<Lookups> {
  // Drawn beforehand, so that a seed means the same however long each lookup takes.
  const plan = Array.from({ length: count }, () => ({
    target: random.bytes(32),
    asker: nodes[random.below(nodes.length)]!,
  }))
  const result: Lookups = { exact: 0, found: 0, ms: 0, misses: [] }
  const runLane = async (): Promise<void> => {
    for (let next = plan.pop(); next !== undefined; next = plan.pop()) {
      const startedAt = performance.now()
      const query = next.asker.findNode(next.target)
      await query.finished()
      result.ms += (performance.now() - startedAt) / count
      const expected = trueClosest(nodes, next.target, next.asker)
      const missing = expected.filter(({ port }) => !query.closestNodes.some((peer) => peer.port === port))
      result.found += (1 - missing.length / expected.length) / count
      if (areInOrder(query.closestNodes, expected)) result.exact++
      else if (result.misses.length < 3) result.misses.push(explain(nodes, query.closestNodes, missing))
    }
  }
  await Promise.all(Array.from({ length: lanes }, runLane))
  return result
}

/** Who could have named those that were missed. */
function explain(nodes: readonly DHT[], peers: readonly { port: number }[], missing: readonly DHT[]): string {
  const results = nodes.filter((node) => peers.some(({ port }) => port === node.port))
  const each = missing.slice(0, 3).map(({ id, table }) => {
    const knowing = (some: readonly DHT[]): number => some.filter((node) => node.table.has(id!)).length
    return `known to ${knowing(results)} of the results and ${knowing(nodes)} of all, knows ${table.size}`
  })
  const strangers = peers.length - results.length
  return `${peers.length} results, ${strangers} no members, ${missing.length} missed (${each.join('; ')})`
}
