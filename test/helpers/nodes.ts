/** Nodes of both implementations on the loopback interface, behind one shape, gone when the test is over. */
import type { Assert } from 'brittle'
import TheirDHT, { type Address, type Node, type Options } from 'dht-rpc'
import { freePort, HOST } from '../../bench/free-port.js'
import { DHT } from '../../index.js'
import { compareDistance } from '../../lib/primitives/id.js'
import { createUdpTransport } from '../../lib/transport/udp.js'

export type Kind = 'ours' | 'theirs'

export { freePort, HOST }

/** Who does something to whom: every test of two nodes is run both ways. */
export const BOTH_WAYS: readonly [Kind, Kind][] = [
  ['ours', 'theirs'],
  ['theirs', 'ours'],
]

/** Nodes that join at a time: more keep each other waiting. */
const JOIN_AT_A_TIME = 10

/** The one ours share, for theirs too: each would own a receive buffer otherwise. */
const udx = createUdpTransport().native

/** A node that others can join the network through, ready. */
export async function startBootstrapper(t: Assert, kind: Kind, options: Options = {}, as = HOST): Promise<Node> {
  const port = await freePort()
  const all = { host: HOST, ...options }
  const node: Node =
    kind === 'ours' ? DHT.bootstrapper(port, as, all as object) : TheirDHT.bootstrapper(port, as, { udx, ...all })
  return ready(t, node)
}

/** A node with these options, ready. */
export async function startWith(t: Assert, kind: Kind, options: Options): Promise<Node> {
  const all = { host: HOST, ...options }
  return ready(t, kind === 'ours' ? new DHT(all as object) : new TheirDHT({ udx, ...all }))
}

/** A persistent node that has joined through others. */
export async function startNode(t: Assert, kind: Kind, through: Node[], options: Options = {}): Promise<Node> {
  return startWith(t, kind, { bootstrap: through.map(addressOf), ephemeral: false, ...options })
}

/** A node that stays out of others' tables. */
export async function startClient(t: Assert, kind: Kind, through: Node[], options: Options = {}): Promise<Node> {
  return startNode(t, kind, through, { ephemeral: true, ...options })
}

/** Persistent nodes, joined a few at a time. */
export async function startNodes(t: Assert, kinds: readonly Kind[], through: Node[]): Promise<Node[]> {
  const nodes: Node[] = []
  for (let i = 0; i < kinds.length; i += JOIN_AT_A_TIME) {
    const joining = kinds.slice(i, i + JOIN_AT_A_TIME).map(async (kind) => startNode(t, kind, through))
    nodes.push(...(await Promise.all(joining)))
  }
  return nodes
}

async function ready(t: Assert, node: Node): Promise<Node> {
  t.teardown(async () => node.destroy())
  await node.fullyBootstrapped()
  return node
}

/** Where others reach it. */
export function addressOf(node: Node): Address {
  return { host: HOST, port: node.localAddress()!.port }
}

/** Ids of the persistent nodes nearest to the target, nearest first. */
export function nearestIds(nodes: readonly Node[], target: Uint8Array, count = 20): Uint8Array[] {
  return nodes
    .map(({ id }) => id)
    .filter((id) => id !== null)
    .sort((a, b) => compareDistance(target, a, b))
    .slice(0, count)
}
