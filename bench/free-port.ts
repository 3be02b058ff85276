/** Ports for nodes that have to be told theirs, as bootstrappers have. */
import { createSocket } from 'node:dgram'

/** Nothing that is measured or tested here leaves this address. */
export const HOST = '127.0.0.1'

/**
 * Below those that systems give to sockets on port 0 (from 32768 on Linux, from 49152 elsewhere): between our look and its
 * use nobody gets such a port by chance, nor while its owner is suspended.
 */
const FIRST_PORT = 20_000
const PORT_COUNT = 12_000

/** A UDP port of {@link HOST} that is free now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close()
      resolve(false)
    })
    socket.once('close', () => resolve(true))
    socket.bind(port, HOST, () => socket.close())
  })
}
