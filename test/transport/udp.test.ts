import test from 'brittle'
import { DHT } from '../../index.js'
import { systemClock } from '../../lib/primitives/clock.js'
import { createUdpTransport } from '../../lib/transport/udp.js'
import { isUdx, type Udx } from '../../lib/transport/udx.js'
import { testTransport } from '../conformance/transport.js'

const HOST = '127.0.0.1'

/** The loopback delivers within the same turn or a few; this many milliseconds are patience for a busy machine. */
const PATIENCE_MS = 5000

async function until(predicate: () => boolean): Promise<boolean> {
  const end = systemClock.now() + PATIENCE_MS
  while (!predicate() && systemClock.now() < end) await new Promise<void>((resolve) => setImmediate(resolve))
  return predicate()
}

testTransport('udp', { create: () => createUdpTransport(), host: HOST, until })

test('udp: nodes share one UDX unless they bring their own', (t) => {
  const shared = createUdpTransport().native as Udx
  const own = new (shared.constructor as new () => Udx)()
  t.is(createUdpTransport().native, shared)
  t.is(createUdpTransport(own).native, own)
  t.ok(isUdx(own))
  for (const other of [null, undefined, 1, {}, { createSocket: 1 }]) t.absent(isUdx(other))
})

test('udp transport: option udx shares an instance of it', async (t) => {
  const { native } = createUdpTransport()
  const node = new DHT({ host: '127.0.0.1', udx: native as never })
  t.teardown(() => node.destroy())
  await node.bind()
  t.is(node.udx, native)
  t.ok(node.serverSocket !== null && node.clientSocket !== null && node.serverSocket !== node.clientSocket)
  t.is(node.socket, node.clientSocket, 'while it may be firewalled')
})
