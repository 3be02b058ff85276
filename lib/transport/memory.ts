/**
 * A machine's sockets in memory. What becomes of a datagram between two machines is decided by the {@link Wire} they
 * are plugged into, such as the network of `xorpc/simulation`; nothing here knows of time.
 *
 * Invariants: one port has one socket; free ports are handed out in order, so that they are the same in every run; the
 * bytes a receiver sees are overwritten when it returns, so that whoever keeps a view of them is found out.
 */
import b4a from 'b4a'
import { isIPv4 } from '../primitives/address.js'
import type { Cancel } from '../primitives/clock.js'
import type { DatagramSocket, NetworkInterface, OnDatagram, SocketAddress, Transport } from './contract.js'

/** The same as of the UDP transport, so that nothing passes here that would not pass there. */
export const MAX_DATAGRAM_BYTES = 2048

/** First port handed out for port 0: the start of the dynamic range (RFC 6335). */
const FIRST_FREE_PORT = 49152
const PORTS = 65536

/** What a delivered datagram is overwritten with. */
const POISON = 0xaa

/** Where datagrams are received, one at a time, as in the UDP transport. */
const receiveBuffer = b4a.alloc(MAX_DATAGRAM_BYTES)
/** Views of it by length: making one costs more than copying a datagram. BOUNDED: by MAX_DATAGRAM_BYTES. */
const receiveViews: Uint8Array[] = []

/** What a machine is plugged into. */
export interface Wire {
  /** Takes a datagram along; must not deliver it inside the call. The bytes are its own from here on. */
  send(fromPort: number, bytes: Uint8Array, toHost: string, toPort: number): void
  /** IPv4 address of a host name; undefined when it has none. */
  resolve(name: string): string | undefined
}

/** The {@link Transport} of one machine. Its methods are own properties, so that a spread of it is a transport too. */
export class MemoryTransport implements Transport {
  readonly native = null
  readonly maxDatagramBytes = MAX_DATAGRAM_BYTES
  readonly #wire: Wire
  #host: string
  /** By port. BOUNDED: by 65535 ports. */
  readonly #sockets = new Map<number, MemorySocket>()
  /** BOUNDED: by the watchers that were not cancelled. */
  readonly #watchers = new Set<(interfaces: NetworkInterface[]) => void>()
  #nextPort = FIRST_FREE_PORT

  /** @throws TypeError when the host is no IPv4 address */
  constructor(host: string, wire: Wire) {
    checkHost(host)
    this.#host = host
    this.#wire = wire
  }

  /** The machine's address. */
  get host(): string {
    return this.#host
  }

  /** Number of sockets that are bound. */
  get boundSockets(): number {
    return this.#sockets.size
  }

  readonly bind = async (port: number, host: string, onDatagram: OnDatagram): Promise<DatagramSocket> => {
    return this.bindSync(port, host, onDatagram)
  }

  /** As {@link Transport.bind}, but at once: what is written for udx binds so. */
  readonly bindSync = (port: number, host: string, onDatagram: OnDatagram): DatagramSocket => {
    if (host !== '0.0.0.0' && host !== this.#host) {
      throw systemError('EADDRNOTAVAIL', `address not available: ${host}`)
    }
    const free = port === 0 ? this.#freePort() : port
    if (free === -1 || this.#sockets.has(free)) {
      throw systemError('EADDRINUSE', `address already in use: ${this.#host}:${port}`)
    }
    const socket = new MemorySocket({ host, port: free, onDatagram, sockets: this.#sockets, wire: this.#wire })
    this.#sockets.set(free, socket)
    return socket
  }

  readonly lookup = async (name: string): Promise<string> => {
    const host = isIPv4(name) ? name : this.#wire.resolve(name)
    if (host === undefined) throw systemError('ENOTFOUND', `no address of ${name}`)
    return host
  }

  readonly networkInterfaces = (): NetworkInterface[] => {
    return [{ name: 'mem0', host: this.#host, family: 4, internal: false }]
  }

  readonly watchInterfaces = (onChange: (interfaces: NetworkInterface[]) => void): Cancel => {
    this.#watchers.add(onChange)
    return () => this.#watchers.delete(onChange)
  }

  /** Gives the machine another address; its sockets stay open. @throws TypeError when it is none */
  rename(host: string): void {
    checkHost(host)
    this.#host = host
  }

  /** Tells the watchers what the interfaces are now. */
  announceInterfaces(): void {
    const interfaces = this.networkInterfaces()
    for (const onChange of this.#watchers) onChange(interfaces)
  }

  /**
   * Hands a copy of a datagram to the socket on this port; it is overwritten afterwards.
   *
   * @returns false when there is no such socket
   */
  receive(bytes: Uint8Array, fromHost: string, fromPort: number, toPort: number): boolean {
    const socket = this.#sockets.get(toPort)
    if (socket === undefined) return false
    const view = (receiveViews[bytes.length] ??= receiveBuffer.subarray(0, bytes.length))
    view.set(bytes)
    try {
      socket.onDatagram(view, fromHost, fromPort, socket)
    } finally {
      view.fill(POISON)
    }
    return true
  }

  /** The next port nobody has, or -1. Goes on from the last one, so that a port is not reused at once. */
  #freePort(): number {
    for (let tried = FIRST_FREE_PORT; tried < PORTS; tried++) {
      const port = this.#nextPort
      this.#nextPort = port + 1 === PORTS ? FIRST_FREE_PORT : port + 1
      if (!this.#sockets.has(port)) return port
    }
    return -1
  }
}

interface SocketParts {
  host: string
  port: number
  onDatagram: OnDatagram
  sockets: Map<number, MemorySocket>
  wire: Wire
}

class MemorySocket implements DatagramSocket {
  readonly onDatagram: OnDatagram
  readonly #host: string
  readonly #port: number
  readonly #sockets: Map<number, MemorySocket>
  readonly #wire: Wire
  #closed = false

  constructor({ host, port, onDatagram, sockets, wire }: SocketParts) {
    this.onDatagram = onDatagram
    this.#host = host
    this.#port = port
    this.#sockets = sockets
    this.#wire = wire
  }

  trySend(bytes: Uint8Array, port: number, host: string): void {
    if (!this.#closed) this.#wire.send(this.#port, bytes, host, port)
  }

  address(): SocketAddress | null {
    return this.#closed ? null : { host: this.#host, family: 4, port: this.#port }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#sockets.delete(this.#port)
  }
}

function checkHost(host: string): void {
  if (!isIPv4(host)) throw new TypeError(`host must be an IPv4 address, got ${host}`)
}

function systemError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code })
}
