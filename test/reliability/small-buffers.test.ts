/** Real sockets whose buffers for sending are the smallest that the system gives. */
import test from 'brittle'
import { booksOf } from '../../bench/reliability/books.js'
import { DHT, type Transport } from '../../index.js'
import type { DatagramSocket } from '../../lib/transport/contract.js'
import { createTestnet } from '../../lib/testnet/index.js'
import { createUdpTransport } from '../../lib/transport/udp.js'
import { until } from '../helpers/until.js'

const HOST = '127.0.0.1'

interface Buffered {
  setSendBufferSize(sizeBytes: number): void
  getSendBufferSize(): number
}

/** Sockets that take a handful of datagrams at a time: more has to wait. */
function withSmallBuffers(sizes: number[]): Transport {
  const transport = createUdpTransport()
  return Object.assign(Object.create(transport) as Transport, {
    native: transport.native,
    maxDatagramBytes: transport.maxDatagramBytes,
    async bind(...args: Parameters<Transport['bind']>): Promise<DatagramSocket> {
      const socket = await transport.bind(...args)
      const buffered = socket as unknown as Buffered
      buffered.setSendBufferSize(1)
      sizes.push(buffered.getSendBufferSize())
      return socket
    },
  })
}

test('small buffers: hundreds of requests at once are all settled, most by an answer, and nobody is given up', async (t) => {
  const { nodes, bootstrap } = await createTestnet(21, { host: HOST, teardown: t.teardown })
  const sizes: number[] = []
  const node = new DHT({ host: HOST, bootstrap, ephemeral: false, transport: withSmallBuffers(sizes) })
  t.teardown(() => node.destroy())
  await node.fullyBootstrapped()
  t.ok(sizes.length > 0 && sizes.every((size) => size < 16_384), `${sizes.join()} bytes`)
  const removed: number[] = []
  node.on('remove-node', ({ port }) => removed.push(port))
  const other = { host: HOST, port: nodes[3]!.localAddress()!.port }
  nodes[3]!.on('request', (req) => req.reply(req.value))
  const value = new Uint8Array(1200)
  const target = new Uint8Array(32).fill(1)
  const outcomes: Record<string, number> = {}
  const count = (outcome: string): void => void (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1)
  await Promise.all(
    Array.from({ length: 600 }, (_, i) =>
      // Each has a try of its own, and three more.
      node.request({ command: 1, target, value: i % 2 === 0 ? value : null }, other).then(
        () => count('answered'),
        (error: { code?: string }) => count(error.code ?? 'no code'),
      ),
    ),
  )
  const { answered = 0, ...failed } = outcomes
  t.ok(answered > 500, JSON.stringify(outcomes))
  t.ok(
    Object.keys(failed).every((code) => code === 'REQUEST_TIMEOUT' || code === 'SEND_FAILED'),
    JSON.stringify(failed),
  )
  const query = node.findNode(target)
  await query.finished()
  t.is(query.closestNodes.length, 20)
  t.alike(removed, [])
  await until(() => node.stats.requests.active === 0, 'what is late is over')
  t.is(booksOf([node, ...nodes]).unaccounted, 0, 'received = handled + dropped by reason')
})
