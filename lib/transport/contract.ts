/**
 * What a node needs of a network: unreliable datagrams over IPv4 addresses.
 *
 * One file per runtime implements it (`udp.ts`, `memory.ts`, …). The socket's shape is a subset of a udx-native
 * socket's, so a caller's own UDX socket is a {@link DatagramSocket} by identity, without a wrapper.
 */
import type { Cancel } from '../primitives/clock.js'

/** A bound socket. */
export interface DatagramSocket {
  /**
   * Sends one datagram, best effort: it may be lost without a word. Must not throw for what the network does.
   * The bytes belong to the socket from here on; the caller does not change them.
   *
   * @param ttl IP time to live; 0 or absent is the system's default
   */
  trySend(bytes: Uint8Array, port: number, host: string, ttl?: number): void
  /** The local address it is, or was, bound to; null where it knows none. */
  address(): SocketAddress | null
  /**
   * Asks the system to keep about this many bytes of datagrams that have not been read, and to drop what comes beyond;
   * what it makes of that is its business. Absent where no system is in between.
   */
  setRecvBufferSize?(sizeBytes: number): void
  /** Stops receiving and frees the port. Idempotent. */
  close(): Promise<void>
}

export interface SocketAddress {
  host: string
  port: number
  family?: number
}

/**
 * A datagram has arrived. `bytes` may be a view into a buffer that is reused: it is valid during the call only.
 * `host` is canonical dotted-decimal.
 */
export type OnDatagram = (bytes: Uint8Array, host: string, port: number, socket: DatagramSocket) => void

/** A network interface of this machine. */
export interface NetworkInterface {
  name: string
  host: string
  family: number
  internal: boolean
}

/** The network of one runtime. */
export interface Transport {
  /** The object behind it, for those who share it: the UDX instance of the UDP transport; else null. */
  readonly native: unknown
  /** Most bytes one datagram can carry here, for sending and receiving. */
  readonly maxDatagramBytes: number
  /** Binds a socket; rejects with the system's error when the port cannot be had. Port 0 picks a free one. */
  bind(port: number, host: string, onDatagram: OnDatagram): Promise<DatagramSocket>
  /**
   * Gives up the binds under way, which reject: for networks that a bind may have to wait for. Absent where binding
   * does not wait.
   */
  cancelBinds?(): void
  /** IPv4 address of a host name; rejects when there is none. */
  lookup(name: string): Promise<string>
  /** This machine's interfaces now. */
  networkInterfaces(): NetworkInterface[]
  /**
   * Calls back after the interfaces changed, until cancelled. `moved`: the sockets are known to have other addresses
   * than before.
   */
  watchInterfaces(onChange: (interfaces: NetworkInterface[], moved?: boolean) => void): Cancel
}
