/**
 * Three ways from a client to a peer in another process: over UDP, from Node.js through a gateway in a third process,
 * and from a page of Chromium through one.
 */
import type { Address } from '../../lib/primitives/address.js'
import { systemClock } from '../../lib/primitives/clock.js'
import { systemRandom } from '../../lib/primitives/random.js'
import { openWebSocket } from '../../lib/transport/link/ws.js'
import { parseGatewayOptions } from '../../lib/transport/tunnel/options.js'
import { createUdpTransport } from '../../lib/transport/udp.js'
import { createGatewayTransport } from '../../lib/transport/websocket.js'
import type { GatewayHost } from '../children/gateway-host.js'
import type { UdpPeer } from '../children/udp-peer.js'
import { type Child, startChild, withChildren } from '../process.js'
import { HOST } from '../subject.js'
import { DatagramClient } from './datagrams.js'
import { type LookupTimes, measureLookups } from './lookups.js'
import { openPage } from './page.js'
import type { DatagramCall } from './page-client.js'
import { webSocketRoundTrip } from './web-socket.js'

export const WAYS = ['udp', 'program', 'page'] as const
export type Way = (typeof WAYS)[number]

/** Where a node can be that looks up. */
export const LOOKUP_WAYS = [...WAYS, 'worker'] as const
export type LookupWay = (typeof LOOKUP_WAYS)[number]

type Results = { [Name in DatagramCall]: Awaited<ReturnType<DatagramClient[Name]>> }

export interface Stage {
  /** Has the client measure something. */
  call<Name extends DatagramCall>(name: Name, ...args: Parameters<DatagramClient[Name]>): Promise<Results[Name]>
  /** Round trip of a bare WebSocket message, to an echo. */
  webSocketRoundTrip(url: string, count: number): Promise<number>
  peer: Child<UdpPeer>
  /** null: plain UDP. */
  gateway: Child<GatewayHost> | null
}

/** What the client does itself. */
type ClientCalls = Pick<Stage, 'call' | 'webSocketRoundTrip'>

/** Runs `use` with a client that is connected to a peer this way. */
export async function withStage<T>(way: Way, use: (stage: Stage) => Promise<T>, windowBytes = 65_536): Promise<T> {
  const peer = startChild<UdpPeer>('udp-peer')
  return withChildren([peer], async () => {
    const address = await peer.call('open')
    if (way === 'udp') {
      return use({ ...callsOf(new DatagramClient(createUdpTransport(), address)), peer, gateway: null })
    }
    return withGateway(windowBytes, async (gateway, url) => {
      if (way === 'page') return withPageClient(url, windowBytes, address, (calls) => use({ ...calls, peer, gateway }))
      const transport = createGatewayTransport({
        config: parseGatewayOptions({ url, windowBytes }),
        clock: systemClock,
        random: systemRandom,
        openLink: openWebSocket,
      })
      return use({ ...callsOf(new DatagramClient(transport, address)), peer, gateway })
    })
  })
}

/** Lookups of a node that is in the network this way. */
export async function lookupsBy(way: LookupWay, bootstrap: string[], count: number): Promise<LookupTimes> {
  if (way === 'udp') return measureLookups({ host: HOST, bootstrap }, count)
  return withGateway(65_536, async (_, url) => {
    const options = { gateway: url, bootstrap }
    if (way === 'program') return measureLookups(options, count)
    const { call, close } = await openPage()
    try {
      return await call(way === 'page' ? 'lookups' : 'lookupsInWorker', options, count)
    } finally {
      await close()
    }
  })
}

async function withGateway<T>(
  windowBytes: number,
  use: (gateway: Child<GatewayHost>, url: string) => Promise<T>,
): Promise<T> {
  const gateway = startChild<GatewayHost>('gateway-host')
  return withChildren([gateway], async () => use(gateway, await gateway.call('open', windowBytes)))
}

async function withPageClient<T>(
  url: string,
  windowBytes: number,
  peer: Address,
  use: (calls: ClientCalls) => Promise<T>,
): Promise<T> {
  const { call, close } = await openPage()
  try {
    await call('open', url, windowBytes, peer)
    const callDatagrams = (name: DatagramCall, ...args: number[]): Promise<unknown> => call('datagrams', name, args)
    return await use({
      call: callDatagrams as Stage['call'],
      webSocketRoundTrip: (echoUrl, count) => call('webSocketRoundTrip', echoUrl, count),
    })
  } finally {
    await close()
  }
}

function callsOf(client: DatagramClient): ClientCalls {
  const call = (name: DatagramCall, ...args: number[]): Promise<unknown> =>
    (client[name] as (...numbers: number[]) => Promise<unknown>).apply(client, args)
  return {
    call: call as Stage['call'],
    webSocketRoundTrip: (url, count) => webSocketRoundTrip(openWebSocket, url, count),
  }
}
