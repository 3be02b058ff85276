/** How a node learns who it is through nodes of the other implementation, and whom it believes. */
import b4a from 'b4a'
import test from 'brittle'
import type { Assert } from 'brittle'
import type { Node } from 'dht-rpc'
import { idFromAddress, sameId } from '../../lib/primitives/id.js'
import type { Transport } from '../../lib/transport/contract.js'
import { createUdpTransport } from '../../lib/transport/udp.js'
import {
  addressOf,
  BOTH_WAYS,
  HOST,
  type Kind,
  startBootstrapper,
  startClient,
  startNode,
  startNodes,
} from '../helpers/nodes.js'
import { until } from '../helpers/until.js'

/** As many as are asked to probe, and the one that answers the first lookup. */
const NODES = 6

/** An address that a node claims for itself and does not have. */
const ELSEWHERE = '203.0.113.9'

async function startNetwork(t: Assert, kind: Kind): Promise<Node[]> {
  const first = await startBootstrapper(t, kind)
  return [first, ...(await startNodes(t, new Array<Kind>(NODES - 1).fill(kind), [first]))]
}

/** Nothing comes through to the server socket, which is the first to be bound. */
function behindFirewall(): Transport {
  const open = createUdpTransport()
  let isServer = true
  return {
    ...open,
    async bind(port, host, onDatagram) {
      const blocked = isServer
      isServer = false
      return open.bind(port, host, blocked ? () => {} : onDatagram)
    },
  }
}

function isKnown(nodes: readonly Node[], { port }: { port: number }): boolean {
  return nodes.some((node) => node.toArray().some((contact) => contact.port === port))
}

for (const [one, others] of BOTH_WAYS) {
  const name = `interop: ${one} among ${others}`

  test(`${name}: becomes persistent by their probes`, async (t) => {
    const nodes = await startNetwork(t, others)
    const node = await startNode(t, one, [nodes[0]!])
    t.absent(node.ephemeral)
    t.absent(node.firewalled)
    t.ok(node.stats.commands.pingNat.rx > 0, 'they were asked to send to the server socket')
    t.alike({ host: node.host, port: node.port }, addressOf(node))
    t.alike(node.id, idFromAddress(HOST, addressOf(node).port))
    await until(() => isKnown(nodes, addressOf(node)), 'in their tables')
    const reply = await node.ping(addressOf(nodes[0]!))
    t.alike(reply.to, { id: null, ...addressOf(node) }, 'asks from its server socket now')
    t.alike(reply.from, { id: nodes[0]!.id, ...addressOf(nodes[0]!) })
  })

  test(`${name}: stays out of their tables while ephemeral`, async (t) => {
    const nodes = await startNetwork(t, others)
    const node = await startClient(t, one, [nodes[0]!])
    for (const each of nodes) t.ok((await node.ping(addressOf(each))).from.id)
    for (const each of nodes) t.is((await each.ping(addressOf(node))).from.id, null, 'answers without id')
    t.is(node.id, null)
    t.absent(isKnown(nodes, addressOf(node)))
  })

  test(`${name}: an id that is not of the address is none`, async (t) => {
    const impostor = await startBootstrapper(t, others, {}, ELSEWHERE)
    t.alike(impostor.id, idFromAddress(ELSEWHERE, addressOf(impostor).port))
    const bootstrapper = await startBootstrapper(t, one)
    const node = await startClient(t, one, [bootstrapper])

    const reply = await node.ping(addressOf(impostor))
    t.is(reply.from.id, null, 'in its replies')
    t.is(reply.from.host, HOST)
    const seen: (Uint8Array | null)[] = []
    bootstrapper.on('request', (request) => {
      seen.push(request.from.id)
      request.reply(null)
    })
    await impostor.request({ command: 1 }, addressOf(bootstrapper))
    t.alike(seen, [null], 'in its requests')
    t.absent(isKnown([bootstrapper, node], addressOf(impostor)))

    const query = node.findNode(b4a.alloc(32), { nodes: [addressOf(impostor)] })
    await query.finished()
    t.absent(
      query.closestNodes.some(({ port }) => port === addressOf(impostor).port),
      'in lookups',
    )
  })
}

test('interop: ours behind a firewall is told so by the silence of theirs', async (t) => {
  const nodes = await startNetwork(t, 'theirs')
  const node = await startNode(t, 'ours', [nodes[0]!], { transport: behindFirewall() })
  t.ok(node.ephemeral, 'although it shall be persistent')
  t.ok(node.firewalled)
  t.ok(node.stats.commands.pingNat.tx > 0)
  t.is(node.stats.commands.pingNat.rx, 0)
  t.absent(isKnown(nodes, addressOf(node)))
  t.ok((await node.ping(addressOf(nodes[0]!))).from.id, 'its client socket works')
})

test('interop: ours finds out through theirs that there is no firewall', async (t) => {
  const nodes = await startNetwork(t, 'theirs')
  const node = await startClient(t, 'ours', [nodes[0]!], { ephemeral: undefined })
  await until(() => !node.firewalled, 'the quick check')
  t.ok(node.ephemeral, 'which is no reason to be persistent yet')
  const { to } = await node.ping(addressOf(nodes[0]!))
  t.alike({ host: to.host, port: to.port }, addressOf(node), 'but asks from its server socket')
})

test('interop: theirs is answered by ours when it checks for a firewall', async (t) => {
  const nodes = await startNetwork(t, 'ours')
  const node = await startClient(t, 'theirs', [nodes[0]!], { ephemeral: undefined })
  // What it makes of the answer depends on which comes first, the answer or the end of its lookup.
  const { pingNat } = node.stats.commands
  await until(() => pingNat.rx > 0 && pingNat.rx === pingNat.tx, 'the answers at its server socket')
  t.ok(node.ephemeral)
})

test('interop: ours, adaptive, becomes persistent among theirs after a while', async (t) => {
  const nodes = await startNetwork(t, 'theirs')
  const node = await startClient(t, 'ours', [nodes[0]!], { ephemeral: undefined, stableAfterMs: 200 })
  await until(() => !node.ephemeral, 'persistent')
  t.ok(sameId(node.id!, idFromAddress(HOST, addressOf(node).port)))
  await until(() => isKnown(nodes, addressOf(node)), 'in their tables')
})
