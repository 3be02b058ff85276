/** What tests of gateways on the loopback interface have in common. */
import type { Assert } from 'brittle'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { systemClock } from '../../lib/primitives/clock.js'
import { encodeRequest } from '../../lib/wire/request.js'

/** Patience for a busy machine. */
const PATIENCE_MS = 15_000

/** Lets the event loop turn until the predicate holds; resolves to whether it did in the end. */
export async function untilTurn(predicate: () => boolean): Promise<boolean> {
  const end = systemClock.now() + PATIENCE_MS
  while (!predicate() && systemClock.now() < end) await new Promise<void>((resolve) => setImmediate(resolve))
  return predicate()
}

/** A datagram that gateways let pass, with these bytes at its end. */
export function requestWith(value: Uint8Array): Uint8Array {
  const none = { id: null, token: null, target: null }
  return encodeRequest({ tid: 1, ip: 0x7f000001, port: 1, internal: false, command: 1, value, ...none })
}

/** Something between clients and a gateway that can be cut through. */
export async function startProxy(t: Assert, gatewayPort: number): Promise<{ url: string; cut(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(gatewayPort, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(async () => {
    cut()
    server.close()
    await once(server, 'close')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, cut }
}
