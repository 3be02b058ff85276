/**
 * The client in a page of a browser, or in a Worker of one; bundled by page.ts. A page has it in `globalThis`, a Worker looks
 * up for whoever sends it a message.
 */
import type { Address } from '../../lib/primitives/address.js'
import { systemClock } from '../../lib/primitives/clock.js'
import { systemRandom } from '../../lib/primitives/random.js'
import { openWebSocket } from '../../lib/transport/link/global.js'
import { parseGatewayOptions } from '../../lib/transport/tunnel/options.js'
import { createGatewayTransport } from '../../lib/transport/websocket.js'
import { DatagramClient } from './datagrams.js'
import { type LookupTimes, measureLookups } from './lookups.js'
import { webSocketRoundTrip } from './web-socket.js'

export interface PageClient {
  /** Makes the client that the other calls are of. */
  open(url: string, windowBytes: number, peer: Address): void
  call(name: DatagramCall, args: number[]): Promise<unknown>
  webSocketRoundTrip(url: string, count: number): Promise<number>
  lookups: typeof measureLookups
  lookupsInWorker: typeof measureLookups
}

interface Platform {
  /** Absent in Workers. */
  document?: unknown
  Worker: new (
    url: string,
    options: { type: 'module' },
  ) => {
    addEventListener(type: 'message', listener: (event: { data: LookupTimes }) => void): void
    addEventListener(type: 'error', listener: (event: { message: string }) => void): void
    postMessage(data: Parameters<typeof measureLookups>): void
    terminate(): void
  }
  addEventListener(type: 'message', listener: (event: { data: Parameters<typeof measureLookups> }) => void): void
  postMessage(data: LookupTimes): void
}

const platform = globalThis as unknown as Platform

export type DatagramCall = 'roundTrips' | 'echoRate' | 'receiveRate' | 'sendRate' | 'standStill'

let client: DatagramClient

const pageClient: PageClient = {
  open(url, windowBytes, peer) {
    const transport = createGatewayTransport({
      config: parseGatewayOptions({ url, windowBytes }),
      clock: systemClock,
      random: systemRandom,
      openLink: openWebSocket,
    })
    client = new DatagramClient(transport, peer)
  },
  call: (name, args) => (client[name] as (...numbers: number[]) => Promise<unknown>).apply(client, args),
  webSocketRoundTrip: (url, count) => webSocketRoundTrip(openWebSocket, url, count),
  lookups: measureLookups,
  lookupsInWorker: (...args) =>
    new Promise((resolve, reject) => {
      const worker = new platform.Worker('/client.js', { type: 'module' })
      worker.addEventListener('error', ({ message }) => reject(new Error(message)))
      worker.addEventListener('message', ({ data }) => {
        worker.terminate()
        resolve(data)
      })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of a Worker, which has none
      worker.postMessage(args)
    }),
}

if (platform.document !== undefined) Object.assign(globalThis, { pageClient })
else {
  platform.addEventListener('message', ({ data }) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of a Worker, which has none
    void measureLookups(...data).then((times) => platform.postMessage(times))
  })
}
