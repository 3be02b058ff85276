/**
 * Bare udx-native sockets: for the floor that no node can beat, for load without a node, and to count datagrams.
 */
import { HOST } from './subject.js'

/** The part of a udx-native socket that is used. */
export interface RawSocket {
  bind(port: number, host: string): void
  address(): { port: number }
  trySend(bytes: Uint8Array, port: number, host: string): void
  on(event: 'message', listener: (bytes: Uint8Array, from: { host: string; port: number }) => void): void
  close(): Promise<void>
}

interface Udx {
  createSocket(options?: { reuseAddress?: boolean }): RawSocket
}

// The specifier is a value because the package ships no types.
const UDX_PACKAGE: string = 'udx-native'

/** A UDX instance of its own. */
export async function createUdx(): Promise<Udx> {
  const { default: UDX } = (await import(UDX_PACKAGE)) as { default: new () => Udx }
  return new UDX()
}

/** A socket on a free port of the loopback address. */
export async function bindSocket(): Promise<RawSocket> {
  const [socket] = await bindSockets(1)
  return socket!
}

/** Sockets of one UDX instance, each on a free port of the loopback address. */
export async function bindSockets(count: number): Promise<RawSocket[]> {
  const udx = await createUdx()
  return Array.from({ length: count }, () => {
    const socket = udx.createSocket()
    socket.bind(0, HOST)
    return socket
  })
}

/**
 * Starts to count what all UDX sockets of this process send from now on, whoever made them.
 *
 * Both implementations call `trySend` or `send` of the socket object for each datagram, so counting in the
 * prototype sees them all. The counters of UDX itself are no help: they count streams only.
 *
 * @returns a function that says how many datagrams were sent so far
 */
export async function countDatagrams(): Promise<() => number> {
  const socket = await bindSocket()
  const prototype = Object.getPrototypeOf(socket) as Record<'trySend' | 'send', (...args: unknown[]) => unknown>
  await socket.close()
  let sent = 0
  for (const method of ['trySend', 'send'] as const) {
    const original = prototype[method]
    prototype[method] = function (this: unknown, ...args: unknown[]) {
      sent++
      return original.apply(this, args)
    }
  }
  return () => sent
}
