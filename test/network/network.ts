/** Networks of nodes on real sockets of the loopback interface, for what only those can show. */
import type { Assert } from 'brittle'
import { DHT, type DHTOptions } from '../../index.js'
import { createTestnet } from '../../lib/testnet/index.js'
import { HOST } from '../helpers/nodes.js'
import { seededRandom } from '../helpers/contacts.js'

/** Nodes that join at the same time, unless a test wants otherwise. */
const BATCH = 10

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
