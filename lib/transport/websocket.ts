/**
 * Datagrams through a gateway, over a WebSocket: for pages, which have no UDP, and for hosts that are not let out with
 * it. The sockets are real ones, at the gateway (`xorpc/gateway`), so others see nothing but a node there.
 *
 * Opening is asynchronous: `bind` waits for the first gateway that answers. Later, while no gateway can be reached,
 * datagrams are lost, as on any network that is down.
 */
import type { Clock } from '../primitives/clock.js'
import type { Random } from '../primitives/random.js'
import type { NetworkInterface, Transport } from './contract.js'
import type { OpenLink } from './tunnel/link.js'
import type { GatewayConfig, GatewayStatus } from './tunnel/options.js'
import { Tunnel } from './tunnel/tunnel.js'

/** As over UDP: what a node can receive at most. */
const MAX_DATAGRAM_BYTES = 2048

/** A transport through a gateway, which can tell how that goes. */
export interface GatewayTransport extends Transport {
  /** Where it stands with its gateway. */
  readonly status: GatewayStatus
}

export interface GatewayTransportParts {
  config: GatewayConfig
  clock: Clock
  random: Random
  /** The runtime's WebSocket, where the configuration brings nothing else. */
  openLink: OpenLink
}

/** The gateway transport of one node. */
export function createGatewayTransport({ config, clock, random, openLink }: GatewayTransportParts): GatewayTransport {
  /** BOUNDED: by the watchers that were not cancelled. */
  const watchers = new Set<(interfaces: NetworkInterface[], moved: boolean) => void>()
  const tunnel = new Tunnel({
    config,
    clock,
    random,
    openLink: config.openLink ?? openLink,
    onMoved: () => {
      for (const onChange of watchers) onChange(networkInterfaces(), true)
    },
  })

  function networkInterfaces(): NetworkInterface[] {
    return [{ name: 'gateway', host: tunnel.host, family: 4, internal: false }]
  }

  return {
    native: null,
    maxDatagramBytes: MAX_DATAGRAM_BYTES,
    get status() {
      return tunnel.status
    },
    bind: (port, host, onDatagram) => tunnel.bind(port, host, onDatagram),
    cancelBinds: () => tunnel.cancelBinds(),
    lookup: (name) => tunnel.lookup(name),
    networkInterfaces,
    watchInterfaces(onChange) {
      const watcher = (interfaces: NetworkInterface[], moved: boolean): void => onChange(interfaces, moved)
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
  }
}
