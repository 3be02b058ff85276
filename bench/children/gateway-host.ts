/** Child process: a gateway without limits but the window, for this machine. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { Gateway } from '../../lib/gateway/index.js'
import { cpuMicros, serve } from '../process.js'
import { HOST } from '../subject.js'

let gateway: Gateway | null = null

/** What it has passed on so far, and what that cost. */
export interface GatewayCounts {
  /** From its clients, and to them. */
  outgoing: number
  incoming: number
  /** Messages to its clients. */
  messages: number
  cpuMicros: number
}

const handlers = {
  /** Starts it. @returns its URL */
  async open(windowBytes: number): Promise<string> {
    gateway = new Gateway({
      host: HOST,
      allow: ['loopback'],
      origins: '*',
      windowBytes,
      datagramsPerSecond: Infinity,
      bytesPerSecond: Infinity,
      totalDatagramsPerSecond: Infinity,
      totalBytesPerSecond: Infinity,
      messagesPerSecond: Infinity,
    })
    return (await gateway.listen()).url
  },

  /** A server that sends back every message, and knows nothing of gateways. @returns its URL */
  async openEcho(): Promise<string> {
    const server = new WebSocketServer({ host: HOST, port: 0, perMessageDeflate: false })
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
    await once(server, 'listening')
    return `ws://${HOST}:${(server.address() as AddressInfo).port}`
  },

  counts(): GatewayCounts {
    const { incoming, outgoing, messages } = gateway!.stats
    return {
      outgoing: outgoing.datagrams,
      incoming: incoming.datagrams,
      messages: messages.sent,
      cpuMicros: cpuMicros(),
    }
  },

  /** Datagrams that it did not pass on to clients, by reason. */
  dropped: (): Record<string, number> => ({ ...gateway!.stats.incoming.dropped }),
}

export type GatewayHost = typeof handlers
serve(handlers)
