/** Two ways from this process to a peer in another one: over UDP, and through a gateway in a third. */
import type { Address } from '../../lib/primitives/address.js'
import { systemClock } from '../../lib/primitives/clock.js'
import { systemRandom } from '../../lib/primitives/random.js'
import type { Transport } from '../../lib/transport/contract.js'
import { openWebSocket } from '../../lib/transport/link/ws.js'
import { parseGatewayOptions } from '../../lib/transport/tunnel/options.js'
import { createUdpTransport } from '../../lib/transport/udp.js'
import { createGatewayTransport } from '../../lib/transport/websocket.js'
import type { GatewayHost } from '../children/gateway-host.js'
import type { UdpPeer } from '../children/udp-peer.js'
import { type Child, startChild, withChildren } from '../process.js'

export type Way = 'udp' | 'gateway'

export interface Stage {
  transport: Transport
  peer: Child<UdpPeer>
  address: Address
  /** null: plain UDP. */
  gateway: Child<GatewayHost> | null
}

/** Runs `use` with a peer, and a transport of this process that leads there. */
export async function withStage<T>(way: Way, use: (stage: Stage) => Promise<T>, windowBytes = 65_536): Promise<T> {
  const peer = startChild<UdpPeer>('udp-peer')
  const gateway = way === 'gateway' ? startChild<GatewayHost>('gateway-host') : null
  const children = gateway === null ? [peer] : [peer, gateway]
  return withChildren(children as unknown as Child<never>[], async () => {
    const address = await peer.call('open')
    const transport =
      gateway === null
        ? createUdpTransport()
        : createGatewayTransport({
            config: parseGatewayOptions({ url: await gateway.call('open', windowBytes), windowBytes }),
            clock: systemClock,
            random: systemRandom,
            openLink: openWebSocket,
          })
    return use({ transport, peer, address, gateway })
  })
}
