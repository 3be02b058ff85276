/** Child process: a UDP socket that sends back what it gets, and streams on demand. */
import type { Address } from '../../lib/primitives/address.js'
import type { DatagramSocket } from '../../lib/transport/contract.js'
import { createUdpTransport } from '../../lib/transport/udp.js'
import { marked, requestOf, sharedNow } from '../gateway/request.js'
import { serve } from '../process.js'
import { HOST } from '../subject.js'

let socket: DatagramSocket | null = null

const handlers = {
  /** Starts to answer. @returns where */
  async open(): Promise<Address> {
    socket = await createUdpTransport().bind(0, HOST, (bytes, host, port) => {
      socket!.trySend(Uint8Array.from(bytes), port, host)
    })
    return { host: HOST, port: socket.address()!.port }
  },

  /** Streams datagrams with the time in them to a port. @returns how many */
  async stream(
    port: number,
    { sizeBytes, perSecond, durationMs }: { sizeBytes: number; perSecond: number; durationMs: number },
  ): Promise<number> {
    const request = requestOf(sizeBytes)
    const startedAt = sharedNow()
    let sent = 0
    for (let now = startedAt; now - startedAt < durationMs; now = sharedNow()) {
      // What is due by now.
      const due = Math.floor(((now - startedAt) * perSecond) / 1000)
      while (sent < due) {
        socket!.trySend(marked(request, sharedNow()), port, HOST)
        sent++
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return sent
  },
}

export type UdpPeer = typeof handlers
serve(handlers)
