/**
 * Datagrams over real UDP sockets, by udx-native: the engine the live network runs on, in Node.js and in Bare.
 *
 * Nodes that bring no UDX object of their own share one: each UDX instance owns a receive buffer of about 70 kB,
 * by far the largest thing a node would otherwise keep.
 */
import UDX from 'udx-native'
import type { Cancel } from '../primitives/clock.js'
import type { DatagramSocket, NetworkInterface, OnDatagram, Transport } from './contract.js'
import { receiveDirectly } from './direct-receive.js'
import type { Udx, UdxWatcher } from './udx.js'

/** udx-native hands over at most 2048 bytes of a datagram; what is longer arrives cut off (wire-protocol 1.1). */
const MAX_DATAGRAM_BYTES = 2048

let shared: Udx | null = null

function sharedUdx(): Udx {
  shared ??= createUdx()
  return shared
}

/** A UDX instance of the caller's own: streams have to be created on the instance that the sockets are of. */
export function createUdx(): Udx {
  return new UDX() as Udx
}

/**
 * The UDP transport.
 *
 * @param udx the caller's own UDX instance, whose sockets and streams then share ports with the node; default: one
 *   instance shared by all nodes of the process
 */
export function createUdpTransport(udx: Udx = sharedUdx()): Transport {
  return {
    native: udx,
    maxDatagramBytes: MAX_DATAGRAM_BYTES,

    // Async so that a failing bind, which udx throws, rejects.
    async bind(port: number, host: string, onDatagram: OnDatagram): Promise<DatagramSocket> {
      const socket = udx.createSocket()
      const isDirect = receiveDirectly(socket, MAX_DATAGRAM_BYTES, onDatagram)
      try {
        socket.bind(port, host)
      } catch (err) {
        await socket.close()
        throw err
      }
      if (!isDirect) socket.on('message', (bytes, from) => onDatagram(bytes, from.host, from.port, socket))
      return socket
    },

    async lookup(name) {
      const { host } = await udx.lookup(name, { family: 4 })
      return host
    },

    networkInterfaces: () => udx.networkInterfaces(),

    watchInterfaces: (onChange) => watch(udx, onChange),
  }
}

type OnChange = (interfaces: NetworkInterface[]) => void

/** One watcher for all nodes on a UDX instance. BOUNDED: an entry for each instance that has a watching node. */
const watched = new Map<Udx, { watcher: UdxWatcher; listeners: Set<OnChange> }>()

function watch(udx: Udx, onChange: OnChange): Cancel {
  const entry = watched.get(udx) ?? startWatching(udx)
  // A function of this call's own, so that one function can listen twice.
  const listener: OnChange = (interfaces) => onChange(interfaces)
  entry.listeners.add(listener)
  return () => {
    entry.listeners.delete(listener)
    if (entry.listeners.size > 0 || watched.get(udx) !== entry) return
    watched.delete(udx)
    // Closing only frees a handle; there is nobody left to tell if that fails.
    entry.watcher.destroy().catch(() => {})
  }
}

function startWatching(udx: Udx): { watcher: UdxWatcher; listeners: Set<OnChange> } {
  const entry = { watcher: udx.watchNetworkInterfaces(), listeners: new Set<OnChange>() }
  entry.watcher.on('change', () => {
    for (const listener of entry.listeners) listener(entry.watcher.interfaces)
  })
  watched.set(udx, entry)
  return entry
}
