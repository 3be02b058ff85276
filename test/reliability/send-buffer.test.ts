/** A system that takes no more datagrams for a while (ENOBUFS): by an error at the call, or without a word. */
import test, { type Assert } from 'brittle'
import { booksOf } from '../../bench/reliability/books.js'
import type { DHT, Transport } from '../../index.js'
import { Simulation } from '../../lib/simulation/index.js'
import type { DatagramSocket } from '../../lib/transport/contract.js'

const SECOND = 1000

/** How sockets of a transport behave while its buffer is full. */
type Refusal = 'throws' | 'drops'

interface Shut {
  full: boolean
}

/** The same transport, whose sockets send nothing while `shut.full`. */
function withBuffer(transport: Transport, how: Refusal, shut: Shut): Transport {
  return Object.assign(Object.create(transport) as Transport, {
    native: transport.native,
    maxDatagramBytes: transport.maxDatagramBytes,
    async bind(...args: Parameters<Transport['bind']>): Promise<DatagramSocket> {
      const [port, host, onDatagram] = args
      const outer = {} as DatagramSocket
      const inner = await transport.bind(port, host, (bytes, from, fromPort) =>
        onDatagram(bytes, from, fromPort, outer),
      )
      return Object.assign(outer, {
        address: () => inner.address(),
        close: () => inner.close(),
        trySend(bytes: Uint8Array, to: number, at: string) {
          if (!shut.full) inner.trySend(bytes, to, at)
          else if (how === 'throws') throw Object.assign(new Error('no buffer space available'), { code: 'ENOBUFS' })
        },
      })
    },
  })
}

async function createScene(t: Assert, how: Refusal): Promise<{ sim: Simulation; node: DHT; shut: Shut }> {
  const sim = new Simulation({ seed: 3, network: { latency: 20, jitter: 0 } })
  t.teardown(() => sim.destroy())
  await sim.startNodes(40)
  const shut = { full: false }
  const host = sim.createHost()
  const node = await sim.startNode({ ephemeral: false, transport: withBuffer(host.transport, how, shut) }, { host })
  await sim.advance(60 * SECOND)
  return { sim, node, shut }
}

for (const [how, code] of [
  ['throws', 'SEND_FAILED'],
  ['drops', 'REQUEST_TIMEOUT'],
] as const) {
  test(`send buffer: full for ten seconds (${how}): requests fail with ${code}, and nothing is lost for good`, async (t) => {
    const { sim, node, shut } = await createScene(t, how)
    const contacts = node.table.toArray()
    const other = sim.nodes[7]!
    shut.full = true
    const requests = contacts.map(({ host, port }) =>
      node.ping({ host, port }).then(
        () => 'answered',
        (error: { code?: string }) => error.code,
      ),
    )
    const query = node.findNode(sim.random.bytes(32))
    const finished = query.finished()
    // Somebody asks it meanwhile, and gets no answer.
    const asked = other.ping(sim.addressOf(node)).then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    )
    await sim.advance(10 * SECOND)
    shut.full = false
    t.alike(new Set(await sim.run(Promise.all(requests))), new Set([code]))
    await sim.run(finished)
    t.alike(query.closestNodes, [], 'a lookup ends with nobody')
    t.is(await sim.run(asked), 'REQUEST_TIMEOUT', 'whom it owes an answer')
    await sim.advance(60 * SECOND)
    t.is(node.stats.requests.active, 0)
    const left = contacts.filter((contact) => !node.table.has(contact.id))
    t.alike(left, [], 'nobody was given up')
    const again = node.findNode(sim.random.bytes(32))
    await sim.run(again.finished())
    t.is(again.closestNodes.length, 20)
    t.is(booksOf(sim.livingNodes).unaccounted, 0, 'received = handled + dropped by reason')
  })
}
