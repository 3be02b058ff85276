/** Networks of both implementations: joining, lookups that end at the true neighbours, writing and reading. */
import b4a from 'b4a'
import test from 'brittle'
import type { Assert } from 'brittle'
import type { Node, Query, Request } from 'dht-rpc'
import { idFromIp } from '../../lib/primitives/id.js'
import {
  addressOf,
  BOTH_WAYS,
  type Kind,
  nearestIds,
  startBootstrapper,
  startClient,
  startNodes,
} from '../helpers/nodes.js'
import { until } from '../helpers/until.js'

const NODES = 100
const LOOKUPS = 20
const STORE = 0
const K = 20

/** Targets spread over the key space, the same in every run. */
const TARGETS = Array.from({ length: LOOKUPS }, (_, i) => idFromIp(i, i))

/** A network of a hundred nodes, joined in the order of `kinds`. */
async function startNetwork(t: Assert, bootstrapper: Kind, kinds: readonly Kind[]): Promise<Node[]> {
  const first = await startBootstrapper(t, bootstrapper)
  return [first, ...(await startNodes(t, kinds, [first]))]
}

function half(index: number): Kind {
  return index % 2 === 0 ? 'ours' : 'theirs'
}

/** Makes a node a store: a request with a token writes, one without reads. Returns what was written. */
function serve(node: Node): Map<string, Uint8Array> {
  const values = new Map<string, Uint8Array>()
  node.on('request', (request: Request) => {
    const { command, target, token, value } = request
    if (command !== STORE || target === null) {
      request.error(1)
    } else if (token !== null && value !== null) {
      values.set(b4a.toString(target, 'hex'), value)
      request.reply(null)
    } else {
      request.reply(values.get(b4a.toString(target, 'hex')))
    }
  })
  return values
}

function idsOf(query: Query): (Uint8Array | null)[] {
  return query.closestNodes.map(({ id }) => id)
}

/**
 * Looks up all targets and checks each result: sorted, and the nearest of all that were named on the way or known
 * before. Returns how many of the true neighbours were found; at most LOOKUPS * K.
 *
 * These two are not the same: a node of theirs may leave out a near contact for a farther one (behaviour, W-C4), and
 * one that joined a moment ago may be known in its own corner only. Nobody can find what nobody names.
 */
async function countFound(t: Assert, name: string, client: Node, others: readonly Node[]): Promise<number> {
  let found = 0
  for (const [i, target] of TARGETS.entries()) {
    const named = new Set(client.toArray().map(({ port }) => port))
    const query = client.findNode(target)
    for await (const { from, closerNodes } of query) {
      named.add(from.port)
      for (const { port } of closerNodes ?? []) named.add(port)
    }
    const ids = idsOf(query)
    const reachable = others.filter((node) => named.has(node.port))
    t.alike(ids, nearestIds(reachable, target), `${name}, lookup ${i}: the nearest of those named, nearest first`)
    found += overlap(ids, nearestIds(others, target))
  }
  t.comment(`${name} finds ${found} of ${LOOKUPS * K} true neighbours`)
  return found
}

function overlap(actual: (Uint8Array | null)[], wanted: readonly Uint8Array[]): number {
  return actual.filter((id) => wanted.some((each) => b4a.equals(each, id!))).length
}

test('interop: half and half: all get persistent, lookups end with the true neighbours', async (t) => {
  const kinds = Array.from({ length: NODES - 1 }, (_, i) => half(i))
  const nodes = await startNetwork(t, 'theirs', kinds)
  t.is(nodes.filter(({ ephemeral }) => ephemeral).length, 0, 'all of them joined')
  // What a refresh does in time: those who joined together get to know each other.
  for (const node of nodes) await node.findNode(node.id!).finished()

  const all = LOOKUPS * K
  const client = await startClient(t, 'ours', [nodes[0]!])
  t.ok((await countFound(t, 'a client of ours', client, nodes)) >= 0.99 * all)
  const member = nodes[1]!
  const others = nodes.filter((node) => node !== member)
  t.ok((await countFound(t, 'a member of ours', member, others)) >= 0.99 * all, 'itself left out')

  const their = await startClient(t, 'theirs', [nodes[0]!])
  let found = 0
  for (const target of TARGETS) {
    const query = their.findNode(target)
    await query.finished()
    found += overlap(idsOf(query), nearestIds(nodes, target))
  }
  t.comment(`a client of theirs finds ${found} of ${all} true neighbours`)
  t.ok(found >= 0.9 * all, 'theirs finds the neighbours too, ours among them')
})

for (const [few, many] of BOTH_WAYS) {
  test(`interop: ${few} in a network of ${many}`, async (t) => {
    const nodes = await startNetwork(t, many, new Array<Kind>(49).fill(many))
    const [node] = (await startNodes(t, [few], [nodes[0]!])) as [Node]
    t.absent(node.ephemeral, 'persistent')
    // The nearest have room for it; ours ask a newcomer before they take it in.
    const nearest = nearestIds(nodes, node.id!, 5)
    const knowers = nodes.filter(({ id }) => nearest.some((each) => b4a.equals(each, id!)))
    await until(() => knowers.every(({ table }) => table.has(node.id!)), 'known to its neighbours')
    t.ok(node.toArray().length >= K, 'knows others')

    const stores = new Map([...nodes, node].map((each) => [addressOf(each).port, serve(each)]))
    const client = await startClient(t, few, [nodes[0]!])
    const own = client.findNode(node.id!)
    await own.finished()
    t.alike(own.closestNodes[0], { id: node.id, ...addressOf(node) }, 'found by its id')

    const target = node.id!
    const value = b4a.from('by true')
    const written = client.query({ target, command: STORE, value }, { commit: true })
    await written.finished()
    t.alike(portsWith(stores, target, value), portsOf(written), 'commit: true')
    t.is(written.closestNodes.length, K)
    t.alike(await read(await startClient(t, many, [nodes[1]!]), target), value, 'read by the other')

    const update = b4a.from('by a function')
    const calls: number[] = []
    const updated = client.query(
      { target, command: STORE, value: update },
      {
        async commit(reply, dht, query) {
          calls.push(reply.from.port)
          t.is(dht, client)
          t.is(query, updated)
          const { token } = reply
          return dht.request({ command: STORE, target, value: update, token }, reply.from)
        },
      },
    )
    await updated.finished()
    t.alike(sorted(calls), portsOf(updated), 'called for each of the closest')
    t.alike(portsWith(stores, target, update), portsOf(updated), 'commit function')
  })
}

function portsWith(stores: Map<number, Map<string, Uint8Array>>, target: Uint8Array, value: Uint8Array): number[] {
  const key = b4a.toString(target, 'hex')
  const ports = [...stores].filter(([, values]) => values.has(key) && b4a.equals(values.get(key)!, value))
  return sorted(ports.map(([port]) => port))
}

function portsOf(query: Query): number[] {
  return sorted(query.closestNodes.map(({ port }) => port))
}

function sorted(ports: readonly number[]): number[] {
  return ports.toSorted((a, b) => a - b)
}

async function read(client: Node, target: Uint8Array): Promise<Uint8Array | null> {
  for await (const { value } of client.query({ target, command: STORE })) if (value !== null) return value
  return null
}
