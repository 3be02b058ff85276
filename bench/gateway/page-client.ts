/**
 * The client in a page of a browser, or in a Worker of one; bundled by page.ts. A page does what the server it comes from
 * asks of it, a Worker looks up for whoever sends it a message.
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
  datagrams(name: DatagramCall, args: number[]): Promise<unknown>
  webSocketRoundTrip(url: string, count: number): Promise<number>
  lookups: typeof measureLookups
  lookupsInWorker: typeof measureLookups
}

/** What the page is to do. */
export interface PageCall {
  name: keyof PageClient
  args: unknown[]
}

export type PageResult = { value: unknown } | { error: string }

interface Platform {
  fetch(url: string, options: { method: 'POST'; body: string }): Promise<{ json(): Promise<unknown> }>
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
  datagrams: (name, args) => (client[name] as (...numbers: number[]) => Promise<unknown>).apply(client, args),
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

async function perform({ name, args }: PageCall): Promise<PageResult> {
  try {
    return { value: await (pageClient[name] as (...all: unknown[]) => unknown)(...args) }
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** Asks what to do, with what came of the last time; null: this is the first time. */
async function serveCalls(result: PageResult | null): Promise<void> {
  const answer = await platform.fetch('/next', { method: 'POST', body: JSON.stringify(result) })
  await serveCalls(await perform((await answer.json()) as PageCall))
}

if (platform.document !== undefined) void serveCalls(null)
else {
  platform.addEventListener('message', ({ data }) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of a Worker, which has none
    void measureLookups(...data).then((times) => platform.postMessage(times))
  })
}
