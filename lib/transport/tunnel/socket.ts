/** A socket at the far end of a tunnel. It stays the same while connections come and go, and even gateways. */
import { parseIPv4 } from '../../primitives/address.js'
import type { DatagramSocket, OnDatagram, SocketAddress } from '../contract.js'

/** What a socket needs of its tunnel. */
export interface SocketTunnel {
  sendDatagram(socket: TunnelSocket, ip: number, port: number, bytes: Uint8Array, ttl: number): void
  closeSocket(socket: TunnelSocket): Promise<void>
}

export class TunnelSocket implements DatagramSocket {
  /** Its number in the tunnel. */
  readonly index: number
  readonly host: string
  readonly onDatagram: OnDatagram
  /** Port of the gateway's host that it is bound to; before it is bound: the one that is wished for, 0: any. */
  port: number
  state: 'opening' | 'bound' | 'rebinding' | 'closed' = 'opening'
  readonly #tunnel: SocketTunnel
  #closing: Promise<void> | null = null

  constructor(tunnel: SocketTunnel, index: number, port: number, host: string, onDatagram: OnDatagram) {
    this.#tunnel = tunnel
    this.index = index
    this.port = port
    this.host = host
    this.onDatagram = onDatagram
  }

  trySend(bytes: Uint8Array, port: number, host: string, ttl = 0): void {
    if (this.state !== 'bound') return
    const ip = parseIPv4(host)
    // What cannot be sent is lost, as on any network.
    if (ip !== -1 && port > 0 && port < 65536) this.#tunnel.sendDatagram(this, ip, port, bytes, ttl)
  }

  address(): SocketAddress {
    return { host: this.host, family: 4, port: this.port }
  }

  close(): Promise<void> {
    this.state = 'closed'
    this.#closing ??= this.#tunnel.closeSocket(this)
    return this.#closing
  }
}
