/** What is used of a UDX instance, which callers may bring and share; loads nothing of udx-native. */
import type { DatagramSocket, NetworkInterface, SocketAddress } from './contract.js'

/** The part of a udx-native socket that is used. */
export interface UdxSocket extends DatagramSocket {
  bind(port: number, host: string): void
  address(): SocketAddress
  on(event: 'message', listener: (bytes: Uint8Array, from: { host: string; port: number }) => void): void
}

export interface UdxWatcher {
  on(event: 'change', listener: (interfaces?: NetworkInterface[]) => void): void
  interfaces: NetworkInterface[]
  destroy(): Promise<void>
}

/** The part of a UDX instance that is used. */
export interface Udx {
  createSocket(): UdxSocket
  lookup(name: string, options: { family: number }): Promise<{ host: string }>
  networkInterfaces(): NetworkInterface[]
  watchNetworkInterfaces(): UdxWatcher
}

/** Whether `value` can be used as a UDX instance. */
export function isUdx(value: unknown): value is Udx {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Udx>).createSocket === 'function'
}
