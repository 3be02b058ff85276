/** Networks of nodes on real sockets of the loopback interface, and what is true of them. */
import type { Assert } from 'brittle'
import { DHT, type DHTOptions } from '../../index.js'
import { compareDistance, sameId } from '../../lib/primitives/id.js'
import { freePort, HOST } from '../helpers/nodes.js'

/** Nodes that join at the same time, unless a test wants otherwise. */
const BATCH = 10

/** Contacts of a result. */
const K = 20

export interface Network {
  /** The bootstrapper first. */
  nodes: DHT[]
  /** Options of a further node. */
  options: DHTOptions
}

/** A bootstrapper and `size` nodes, all persistent; gone when the test is over. */
export async function startNetwork(
  t: Assert,
  size: number,
  { batch = BATCH, setUp = () => {} }: { batch?: number; setUp?: (node: DHT) => void } = {},
): Promise<Network> {
  const nodes: DHT[] = []
  t.teardown(() => Promise.all(nodes.map((node) => node.destroy())))
  const create = (node: DHT): DHT => {
    nodes.push(node)
    setUp(node)
    return node
  }
  const port = await freePort()
  await create(DHT.bootstrapper(port, HOST, { host: HOST })).fullyBootstrapped()
  const options: DHTOptions = { host: HOST, bootstrap: [`${HOST}:${port}`], ephemeral: false }
  while (nodes.length <= size) {
    const joining = Array.from({ length: Math.min(batch, size + 1 - nodes.length) }, () => create(new DHT(options)))
    await Promise.all(joining.map((node) => node.fullyBootstrapped()))
  }
  if (nodes.some((node) => node.ephemeral)) throw new Error('a node did not become persistent')
  return { nodes, options }
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
  return (
    peers.length === nodes.length && nodes.every(({ id }, i) => peers[i]!.id !== null && sameId(peers[i]!.id!, id!))
  )
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

/** Looks up random targets from random members, one after the other. */
export async function lookUp(
  nodes: readonly DHT[],
  count: number,
  random: { bytes(sizeBytes: number): Uint8Array; below(limit: number): number },
): Promise<Lookups> {
  let exact = 0
  let found = 0
  const misses: string[] = []
  const startedAt = performance.now()
  for (let i = 0; i < count; i++) {
    const target = random.bytes(32)
    const asker = nodes[random.below(nodes.length)]!
    const query = asker.findNode(target)
    await query.finished()
    const expected = trueClosest(nodes, target, asker)
    const missing = expected.filter(({ port }) => !query.closestNodes.some((peer) => peer.port === port))
    found += 1 - missing.length / expected.length
    if (areInOrder(query.closestNodes, expected)) exact++
    else if (misses.length < 3) misses.push(`lookup ${i}: ${explain(nodes, query.closestNodes, missing)}`)
  }
  return { exact, found: found / count, ms: (performance.now() - startedAt) / count, misses }
}

/** Who could have named those that were missed. */
function explain(nodes: readonly DHT[], peers: readonly { port: number }[], missing: readonly DHT[]): string {
  const results = nodes.filter((node) => peers.some(({ port }) => port === node.port))
  const each = missing.map((node) => {
    const knowing = (some: readonly DHT[]): number => some.filter(({ table }) => table.has(node.id!)).length
    return `known to ${knowing(results)} of the results and ${knowing(nodes)} of all, knows ${node.table.size}`
  })
  return `${peers.length} results, ${missing.length} missed (${each.join('; ')})`
}

export { HOST }
