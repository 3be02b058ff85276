/**
 * The UDP transport of a node that HyperDHT runs on: a UDX instance of its own, since streams are numbered per
 * instance and HyperDHT opens many on each node's, and a watcher of the interfaces of its own, since dht-rpc shows it.
 */
import type { NetworkInterface, Transport } from '../transport/contract.js'
import { createUdpTransport, createUdx } from '../transport/udp.js'
import type { Udx, UdxWatcher } from '../transport/udx.js'

/** A transport whose watcher can be looked at. */
export interface WatchedTransport extends Transport {
  /** The watcher of the interfaces, the latest one; null before the sockets were bound. */
  readonly watcher: UdxWatcher | null
}

/** @param udx the caller's own instance; default: a new one */
export function createWatchedTransport(udx: Udx = createUdx()): WatchedTransport {
  let watcher: UdxWatcher | null = null
  return {
    ...createUdpTransport(udx),
    get watcher() {
      return watcher
    },
    watchInterfaces(onChange: (interfaces: NetworkInterface[]) => void) {
      const started = udx.watchNetworkInterfaces()
      started.on('change', (interfaces) => onChange(interfaces ?? started.interfaces))
      watcher = started
      // Closing only frees a handle; there is nobody left to tell if that fails.
      return () => void started.destroy().catch(() => {})
    },
  }
}
