/** Child process: a gateway without limits, for this machine. */
import { Gateway } from '../../lib/gateway/index.js'
import { cpuMicros, serve } from '../process.js'
import { HOST } from '../subject.js'

let gateway: Gateway | null = null

const handlers = {
  /** Starts it. @returns its URL */
  async open(windowBytes: number): Promise<string> {
    gateway = new Gateway({
      host: HOST,
      allow: ['loopback'],
      windowBytes,
      datagramsPerSecond: Infinity,
      bytesPerSecond: Infinity,
      totalDatagramsPerSecond: Infinity,
      totalBytesPerSecond: Infinity,
      messagesPerSecond: Infinity,
    })
    return (await gateway.listen()).url
  },
  /** What it has sent to its clients. */
  sent(): { datagrams: number; messages: number; cpuMicros: number } {
    const { incoming, messages } = gateway!.stats
    return { datagrams: incoming.datagrams, messages: messages.sent, cpuMicros: cpuMicros() }
  },
}

export type GatewayHost = typeof handlers
serve(handlers)
