/**
 * The sockets of udx-native over a {@link Transport}, so that software written for udx runs on a simulated host: the
 * `dht-rpc` package, given as its `udx` option, for one.
 *
 * What is here behaves as udx-native 1.21.3 does (its README, and test/simulation/udx.test.ts, which runs the same
 * cases over both): bind is synchronous and throws, the first send binds, what is sent after close is dropped, a
 * received message is the listener's to keep. There is no IPv6 and there are no streams: `createStream` throws.
 *
 * Invariants: nothing here reads a clock or starts a timer; a closed socket emits no message.
 */
import b4a from 'b4a'
import { isIPv4 } from '../primitives/address.js'
import type { Cancel } from '../primitives/clock.js'
import { Emitter, type EmitterClass } from '../primitives/emitter.js'
import type { DatagramSocket, NetworkInterface, OnDatagram, SocketAddress, Transport } from '../transport/contract.js'

/** IPv4, the only family there is. */
const FAMILY = 4

/** Where udx binds when it is not told: every address of the host. */
const ANY_HOST = '0.0.0.0'
const LOOPBACK_HOST = '127.0.0.1'

/** What Linux gives by default, times two as it reports it. Only remembered: a simulated socket has no buffers. */
const BUFFER_BYTES = 425_984

/** A transport that binds at once, as udx does, and throws where udx would throw. */
export interface SynchronousTransport extends Transport {
  /** As {@link Transport.bind}, but returns the socket, and throws. */
  bindSync(port: number, host: string, onDatagram: OnDatagram): DatagramSocket
}

/** Where a message came from. */
export interface SimulatedUdxSender {
  host: string
  family: number
  port: number
}

/** Events of a {@link SimulatedUdxSocket}. */
export type SimulatedUdxSocketEvents = {
  /** A datagram; the bytes are a copy of the listener's own. */
  message: [bytes: Uint8Array, from: SimulatedUdxSender]
  /** Bound; emitted inside `bind`. */
  listening: []
  /** Closed, whether it was bound or not. */
  close: []
  /** The last stream has gone. Never: there are no streams. */
  idle: []
  /** The first stream has come. Never: there are no streams. */
  busy: []
}

/** Events of a {@link SimulatedUdxWatcher}. */
export type SimulatedUdxWatcherEvents = { change: []; close: [] }

/** The part of udx-native's `UDX` that is there. */
export interface SimulatedUdx {
  createSocket(options?: { ipv6Only?: boolean; reuseAddress?: boolean }): SimulatedUdxSocket
  /** @throws Error always: streams are not simulated */
  createStream(): never
  networkInterfaces(): NetworkInterface[]
  /** A watcher that is watching. */
  watchNetworkInterfaces(onChange?: () => void): SimulatedUdxWatcher
  /** Address of a host name; rejects when there is none. */
  lookup(name: string, options?: { family?: number }): Promise<{ host: string; family: number }>
}

/**
 * An object to give to software that takes a udx-native `UDX` instance.
 *
 * @param transport the network as one host sees it: `host.transport` of a simulated host
 * @throws TypeError when it cannot bind at once
 * @example
 * const udx = createUdx(network.transport('20.0.0.1'))
 * const node = new OtherDHT({ udx, bootstrap: ['20.0.0.2:10001'] })
 */
export function createUdx(transport: SynchronousTransport): SimulatedUdx {
  if (typeof transport?.bindSync !== 'function') {
    throw new TypeError('transport must be the transport of a simulated host, such as sim.createHost().transport')
  }
  const udx: SimulatedUdx = {
    createSocket: () =>
      new SimulatedUdxSocket(udx, (port, host, onDatagram) => transport.bindSync(port, host, onDatagram)),
    createStream: () => {
      throw new Error('UDX streams are not simulated, only sockets are')
    },
    networkInterfaces: () => transport.networkInterfaces(),
    watchNetworkInterfaces: (onChange) => new SimulatedUdxWatcher(transport, onChange),
    lookup: async (name, { family = 0 } = {}) => {
      if (family === 6) throw Object.assign(new Error(`no IPv6 address of ${name}`), { code: 'ENOTFOUND' })
      return { host: await transport.lookup(name), family: FAMILY }
    },
  }
  return udx
}

type Bind = SynchronousTransport['bindSync']

/** A socket as udx-native has it. Made by `createSocket`. */
export class SimulatedUdxSocket extends (Emitter as unknown as EmitterClass<SimulatedUdxSocketEvents>) {
  /** What it was created by. */
  readonly udx: SimulatedUdx
  /** Always empty. BOUNDED: nothing is ever added here. */
  readonly streams: ReadonlySet<never> = new Set<never>()
  /** Anything its user likes to keep here. */
  userData: unknown = null

  readonly #bind: Bind
  #socket: DatagramSocket | null = null
  #address: SocketAddress | null = null
  #closing = false
  #closed: Promise<void> | null = null
  #ttl = 0
  #recvBufferBytes = BUFFER_BYTES
  #sendBufferBytes = BUFFER_BYTES

  constructor(udx: SimulatedUdx, bind: Bind) {
    super()
    this.udx = udx
    this.#bind = bind
  }

  /** Whether it was ever bound. */
  get bound(): boolean {
    return this.#socket !== null
  }

  get closing(): boolean {
    return this.#closing
  }

  get idle(): boolean {
    return true
  }

  get busy(): boolean {
    return false
  }

  /** The address it is, or was, bound to; null before. */
  address(): SocketAddress | null {
    return this.#address
  }

  /**
   * @param port 0, the default, picks a free one
   * @throws Error when it is bound or closed, or the system's error when the port cannot be had
   */
  bind(port = 0, host = ANY_HOST): void {
    if (this.#socket !== null || this.#closing) throw new Error('Already bound')
    // Both families are one here.
    const local = host === '::' ? ANY_HOST : host
    checkHost(local)
    this.#socket = this.#bind(port, local, (bytes, fromHost, fromPort) => this.#receive(bytes, fromHost, fromPort))
    this.#address = this.#socket.address()
    this.emit('listening')
  }

  /** Sends, binding first where needed. Resolves to whether the socket was open. */
  async send(bytes: Uint8Array, port: number, host?: string, ttl?: number): Promise<boolean> {
    if (this.#closing) return false
    this.trySend(bytes, port, host, ttl)
    return true
  }

  /** Sends, binding first where needed; nothing after close. @throws Error when `host` is no IPv4 address */
  trySend(bytes: Uint8Array, port: number, host: string = LOOPBACK_HOST, ttl = 0): void {
    if (this.#closing) return
    checkHost(host)
    if (this.#socket === null) this.bind()
    this.#socket!.trySend(bytes, port, host, ttl === 0 ? this.#ttl : ttl)
  }

  /** Frees the port. Every call resolves once that is done. */
  close(): Promise<void> {
    this.#closing = true
    return (this.#closed ??= this.#close())
  }

  /** Time to live of what is sent without one. @throws Error `EINVAL` when it is not from 1 to 255 */
  setTTL(ttl: number): void {
    if (!(ttl >= 1 && ttl <= 255)) throw Object.assign(new Error('invalid argument'), { code: 'EINVAL' })
    this.#ttl = ttl
  }

  getRecvBufferSize(): number {
    return this.#recvBufferBytes
  }

  setRecvBufferSize(sizeBytes: number): void {
    this.#recvBufferBytes = sizeBytes
  }

  getSendBufferSize(): number {
    return this.#sendBufferBytes
  }

  setSendBufferSize(sizeBytes: number): void {
    this.#sendBufferBytes = sizeBytes
  }

  async #close(): Promise<void> {
    await this.#socket?.close()
    this.emit('close')
  }

  #receive(bytes: Uint8Array, host: string, port: number): void {
    if (this.#closing || this.listenerCount('message') === 0) return
    // The transport takes its bytes back; those of udx stay valid, and its users keep views.
    this.emit('message', b4a.from(bytes), { host, family: FAMILY, port })
  }
}

/** Tells of changed interfaces. Made by `watchNetworkInterfaces`. */
export class SimulatedUdxWatcher extends (Emitter as unknown as EmitterClass<SimulatedUdxWatcherEvents>) {
  /** As they are now, or were when it last watched. */
  interfaces: NetworkInterface[]
  readonly #transport: Transport
  #cancel: Cancel | null = null
  #destroyed = false

  constructor(transport: Transport, onChange?: () => void) {
    super()
    this.#transport = transport
    this.interfaces = transport.networkInterfaces()
    if (onChange !== undefined) this.on('change', onChange)
    this.watch()
  }

  watch(): this {
    if (this.#destroyed) return this
    this.#cancel ??= this.#transport.watchInterfaces((interfaces) => {
      this.interfaces = interfaces
      this.emit('change')
    })
    return this
  }

  unwatch(): this {
    this.#cancel?.()
    this.#cancel = null
    return this
  }

  async destroy(): Promise<void> {
    if (this.#destroyed) return
    this.#destroyed = true
    this.unwatch()
    // Never inside the call, so that who destroys it can still listen.
    await Promise.resolve()
    this.emit('close')
  }

  [Symbol.iterator](): Iterator<NetworkInterface> {
    return this.interfaces[Symbol.iterator]()
  }
}

function checkHost(host: string): void {
  if (!isIPv4(host)) throw new Error(`${host} is not a valid IP address`)
}
