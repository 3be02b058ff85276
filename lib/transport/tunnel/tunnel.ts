/**
 * The client's end of the tunnel, over all its connections: sockets at a gateway, which survive lost connections and
 * even the gateway; names that the gateway looks up.
 *
 * After a lost connection the session is resumed, with its ports, or else its sockets are bound anew.
 *
 * Invariants: every bind and every lookup is settled once; without sockets and lookups there is neither a connection
 * nor a timer.
 */
import { formatIPv4 } from '../../primitives/address.js'
import type { Cancel } from '../../primitives/clock.js'
import { DHTError } from '../../primitives/errors.js'
import type { OnDatagram } from '../contract.js'
import { bindError, systemError } from './bind-error.js'
import { Connector, type ConnectorParts } from './connector.js'
import type { GatewayMessage, Welcome } from './messages.js'
import { NameQueries } from './name-queries.js'
import type { GatewayStatus } from './options.js'
import type { BindOutcome } from './refusal.js'
import { type SocketTunnel, TunnelSocket } from './socket.js'

export interface TunnelParts extends ConnectorParts {
  /** The sockets have other addresses than before. */
  onMoved(): void
}

/** A bind that waits for its answer. */
interface Opening {
  socket: TunnelSocket
  resolve: (socket: TunnelSocket) => void
  reject: (error: Error) => void
  cancelTimeout: Cancel
}

/** BOUNDED: the wire has one byte for the number of a socket. */
const MAX_SOCKETS = 256

/** A gateway that does not confirm that a socket is closed is not waited for. */
const CLOSE_TIMEOUT_MS = 1000

/** A connection nobody needs stays for a moment: whoever could not have one port asks for the next. */
const LINGER_MS = 100

const ANY_HOST = '0.0.0.0'

export class Tunnel implements SocketTunnel {
  readonly #parts: TunnelParts
  readonly #connector: Connector
  /** By number, also those that are being closed. BOUNDED: by MAX_SOCKETS. */
  readonly #sockets = new Map<number, TunnelSocket>()
  /** By number of the socket. BOUNDED: by MAX_SOCKETS. */
  readonly #openings = new Map<number, Opening>()
  /** Whom to tell that a socket is closed, by its number. BOUNDED: by MAX_SOCKETS. */
  readonly #closings = new Map<number, () => void>()
  readonly #names: NameQueries
  /** Whether the sockets have got other addresses since that was told. */
  #hasMoved = false
  #cancelLinger: Cancel | null = null

  constructor(parts: TunnelParts) {
    this.#parts = parts
    this.#names = new NameQueries(parts.clock, () => this.#releaseSoon())
    this.#connector = new Connector(parts, {
      isWanted: () => this.#isWanted,
      onWelcome: (welcome, moved) => this.#onWelcome(welcome, moved),
      onMessage: (message) => this.#onMessage(message),
      onDatagram: (socket, bytes, ip, port) => this.#onDatagram(socket, bytes, ip, port),
      onLost: () => this.#onLost(),
      onRefused: (reason) => this.#onRefused(reason),
    })
  }

  get status(): GatewayStatus {
    return this.#connector.status
  }

  /** Address that the gateway binds sockets to, `0.0.0.0` where that is any, or where there is none yet. */
  get host(): string {
    return formatIPv4(this.#connector.welcome?.ip ?? 0)
  }

  /** As {@link Transport.bind}. Rejects with GATEWAY_UNREACHABLE or GATEWAY_REFUSED where there is no gateway. */
  bind(port: number, host: string, onDatagram: OnDatagram): Promise<TunnelSocket> {
    const { clock, config } = this.#parts
    let index = 0
    while (this.#sockets.has(index)) index++
    if (index >= MAX_SOCKETS) return Promise.reject(systemError('EMFILE', 'too many sockets'))
    const socket = new TunnelSocket(this, index, port, host, onDatagram)
    this.#sockets.set(index, socket)
    return new Promise((resolve, reject) => {
      const cancelTimeout = clock.after(config.openTimeoutMs, () => this.#onOpenTimeout(socket))
      this.#openings.set(index, { socket, resolve, reject, cancelTimeout })
      if (this.#connector.welcome === null) this.#connector.need()
      else this.#open(socket)
    })
  }

  /** The IPv4 address of a name, by the gateway. */
  lookup(name: string): Promise<string> {
    const answer = this.#names.ask(name)
    if (this.#connector.welcome !== null) this.#names.sendTo(this.#connector)
    else if (this.#names.size > 0) this.#connector.need()
    return answer
  }

  /** Gives up the binds under way, which reject when the connection is closed, where nobody else needs it. */
  cancelBinds(): void {
    const given = [...this.#openings.values()]
    for (const { socket } of given) this.#drop(socket, true)
    this.#release()
    const error = new DHTError('GATEWAY_UNREACHABLE', 'Binding was given up')
    const rejectAll = (): void => given.forEach(({ reject }) => reject(error))
    if (this.#connector.parted === null) rejectAll()
    else void this.#connector.parted.then(rejectAll)
  }

  sendDatagram(socket: TunnelSocket, ip: number, port: number, bytes: Uint8Array, ttl: number): void {
    this.#connector.sendDatagram(socket.index, ip, port, bytes, ttl)
  }

  async closeSocket({ index }: TunnelSocket): Promise<void> {
    // The port is free when the gateway says so.
    if (this.#connector.welcome !== null) await this.#confirmClosed(index)
    this.#sockets.delete(index)
    this.#release()
    await this.#connector.parted
  }

  async #confirmClosed(index: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.after(CLOSE_TIMEOUT_MS, resolve)
      this.#closings.set(index, () => {
        cancel()
        resolve()
      })
      this.#connector.send({ type: 'close', socket: index })
    })
    this.#closings.delete(index)
  }

  get #isWanted(): boolean {
    return this.#sockets.size > 0 || this.#names.size > 0
  }

  #releaseSoon(): void {
    if (this.#isWanted || this.#cancelLinger !== null) return
    this.#cancelLinger = this.#parts.clock.after(LINGER_MS, () => this.#release(), true)
  }

  #release(): void {
    this.#cancelLinger?.()
    this.#cancelLinger = null
    this.#connector.release()
  }

  #onWelcome(welcome: Welcome, moved: boolean): void {
    if (moved) this.#hasMoved = true
    const known = new Map(welcome.sockets.map(({ socket, port }) => [socket, port]))
    for (const index of known.keys()) {
      if (!this.#sockets.has(index)) this.#connector.send({ type: 'close', socket: index })
    }
    for (const socket of this.#sockets.values()) {
      if (socket.state === 'opening') this.#open(socket)
      else if (socket.state !== 'closed') this.#reopen(socket, known.get(socket.index))
    }
    this.#names.sendTo(this.#connector)
    this.#tellMoved()
  }

  #open(socket: TunnelSocket): void {
    const { index, port, host } = socket
    if (host !== ANY_HOST && host !== this.host) {
      this.#fail(socket, systemError('EADDRNOTAVAIL', `address not available: ${host}`))
    } else {
      this.#connector.send({ type: 'bind', socket: index, port })
    }
  }

  /** A socket from before: it is on this port of the session's, or has to be bound again. */
  #reopen(socket: TunnelSocket, port: number | undefined): void {
    if (port !== undefined) {
      this.#onRebound(socket, port)
    } else {
      socket.state = 'rebinding'
      this.#connector.send({ type: 'bind', socket: socket.index, port: socket.port })
    }
  }

  #onMessage(message: GatewayMessage): void {
    if (message.type === 'bound') this.#onBound(message.socket, message.outcome, message.port)
    else if (message.type === 'closed') this.#closings.get(message.socket)?.()
    else if (message.type === 'address') this.#names.onAddress(message.id, message.ip)
  }

  #onBound(index: number, outcome: BindOutcome, port: number): void {
    const socket = this.#sockets.get(index)
    if (socket === undefined || socket.state === 'closed') return
    if (socket.state === 'opening') {
      if (outcome === 'bound') this.#onOpened(socket, port)
      else this.#fail(socket, bindError(outcome, socket.host, socket.port))
    } else if (outcome === 'bound') {
      this.#onRebound(socket, port)
      this.#tellMoved()
    } else if (socket.state === 'rebinding' && socket.port !== 0) {
      // The port it had is another's by now, or the gateway gives out no ports of our choice.
      socket.port = 0
      this.#connector.send({ type: 'bind', socket: index, port: 0 })
    } else {
      this.#connector.renew(`no socket: ${outcome}`)
    }
  }

  #onOpened(socket: TunnelSocket, port: number): void {
    const { resolve, cancelTimeout } = this.#openings.get(socket.index)!
    this.#openings.delete(socket.index)
    cancelTimeout()
    socket.port = port
    socket.state = 'bound'
    resolve(socket)
  }

  #onRebound(socket: TunnelSocket, port: number): void {
    if (socket.port !== port) this.#hasMoved = true
    socket.port = port
    socket.state = 'bound'
  }

  /** Tells once all sockets have their new addresses. */
  #tellMoved(): void {
    if (!this.#hasMoved) return
    for (const { state } of this.#sockets.values()) if (state === 'rebinding') return
    this.#hasMoved = false
    this.#parts.onMoved()
  }

  #onDatagram(index: number, bytes: Uint8Array, ip: number, port: number): void {
    const socket = this.#sockets.get(index)
    if (socket !== undefined && socket.state === 'bound') socket.onDatagram(bytes, formatIPv4(ip), port, socket)
  }

  #onLost(): void {
    for (const closed of this.#closings.values()) closed()
    this.#names.onLost()
  }

  #onRefused(reason: string): void {
    const error = new DHTError('GATEWAY_REFUSED', `The gateway refused the connection: ${reason}`)
    for (const { socket, reject } of this.#openings.values()) {
      this.#drop(socket, false)
      reject(error)
    }
    this.#names.failAll(error)
  }

  #onOpenTimeout(socket: TunnelSocket): void {
    const { reason, url } = this.status
    const detail = reason === '' ? url : `${url}: ${reason}`
    this.#drop(socket, true)?.reject(new DHTError('GATEWAY_UNREACHABLE', `No gateway could be reached: ${detail}`))
    this.#release()
  }

  /** A bind came to nothing. */
  #fail(socket: TunnelSocket, error: Error): void {
    const opening = this.#drop(socket, false)
    if (opening === null) return
    opening.reject(error)
    this.#releaseSoon()
  }

  /** A socket that was never bound goes. `asked`: the gateway may be about to bind it. */
  #drop(socket: TunnelSocket, asked: boolean): Opening | null {
    const opening = this.#openings.get(socket.index)
    if (opening?.socket !== socket) return null
    this.#openings.delete(socket.index)
    this.#sockets.delete(socket.index)
    socket.state = 'closed'
    opening.cancelTimeout()
    if (asked && this.#connector.welcome !== null) this.#connector.send({ type: 'close', socket: socket.index })
    return opening
  }
}
