/** The gateway: tunnels over WebSockets, on an HTTP server of its own or on yours. */
import { createServer, type IncomingMessage, type RequestListener, type Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Clock } from '../primitives/clock.js'
import { Emitter, type EmitterClass } from '../primitives/emitter.js'
import { TUNNEL_VERSION } from '../transport/tunnel/messages.js'
import type { ClientInfo } from './client-info.js'
import type { ProxyWarning } from './client-address.js'
import type { Connection, ServerLink } from './connection.js'
import { type ConnectionRefusal, formatMetrics, type GatewayStats } from './metrics.js'
import { type GatewayServerOptions, parseGatewayServerOptions } from './options.js'
import { TunnelServer } from './tunnel-server.js'
import { cutReason, Upgrades } from './upgrade.js'

/** Events of a {@link Gateway} and what their listeners get. */
export type GatewayEvents = {
  /** A client has a session: a new one, or again (`resumed`). */
  connection: [client: ClientInfo, resumed: boolean]
  /** A client's connection is over. `done`: it said goodbye; otherwise its session waits for it. */
  disconnect: [client: ClientInfo, done: boolean]
  /** A client was not let in. */
  refusal: [reason: ConnectionRefusal, client: ClientInfo]
  /** The authorization hook failed, and its client was refused. */
  'authorize-error': [error: unknown]
  /**
   * A request came through a proxy that is not heard, so that all of its clients count as one: it is missing in
   * `trustedProxies`, or sends no `X-Forwarded-For`. Once for each address, of 16 at most: a client can send the header, too.
   */
  'proxy-warning': [warning: ProxyWarning]
  close: []
}

/** Where the gateway is attached. */
export interface AttachOptions {
  /** Path of the upgrade requests that are for the gateway; others are left to others. Default: all. */
  path?: string
}

export interface ListenOptions extends AttachOptions {
  /** Answers plain HTTP requests, for a page or health checks. Default: 426 for each. */
  onRequest?: RequestListener
}

export interface CloseOptions {
  /** Time for the clients to go to another gateway by themselves, in milliseconds. Default 5000. */
  withinMs?: number
}

type AnyServer = HttpServer | HttpsServer

interface Attachment {
  server: AnyServer
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

/** What waits for a client that does not read: a pong is not worth more. */
const MAX_PONG_BUFFER_BYTES = 64 * 1024

const DEFAULT_CLOSE_MS = 5000

/** Who does not close in this time is cut off. */
const GOODBYE_MS = 1000

/**
 * Lends UDP sockets to nodes that have none: pages, and programs that are not let out with UDP.
 *
 * TLS is the business of the HTTP server it is attached to, or of the proxy before it.
 *
 * @example
 * import { createServer } from 'node:https'
 * import { Gateway } from 'xorpc/gateway'
 *
 * const server = createServer({ key, cert }, app)
 * const gateway = new Gateway({ origins: ['https://app.example'], authorize: ({ token }) => isValid(token) })
 * gateway.attach(server, { path: '/dht' })
 * server.listen(443)
 */
export class Gateway extends (Emitter as EmitterClass<GatewayEvents>) {
  readonly #tunnels: TunnelServer
  readonly #upgrades: Upgrades
  /** BOUNDED: by the servers that the caller attaches it to. */
  readonly #attachments: Attachment[] = []
  /** Of its own, by `listen`. */
  #ownServer: HttpServer | null = null
  /** BOUNDED: by maxConnections. */
  readonly #sockets = new Set<WebSocket>()
  #closing: Promise<void> | null = null
  readonly #clock: Clock
  /** Called when the last connection is closed. */
  #onEmpty: (() => void) | null = null

  /** @throws TypeError or RangeError for options that make no sense, with the option's name */
  constructor(options: GatewayServerOptions = {}) {
    super()
    const config = parseGatewayServerOptions(options)
    this.#clock = config.clock
    this.#tunnels = new TunnelServer(
      config,
      {
        onSession: ({ client }, resumed) => this.emit('connection', client, resumed),
        onEnd: ({ client }, done) => this.emit('disconnect', client, done),
      },
      // After the poll phase, in which all datagrams that have arrived are read.
      setImmediate,
    )
    this.#upgrades = new Upgrades({
      config,
      stats: this.#tunnels.stats,
      sessions: this.#tunnels.sessions,
      onConnection: (socket, client) => this.#onConnection(socket, client),
      onRefusal: (reason, client) => this.emit('refusal', reason, client),
      onHookError: (error) => this.emit('authorize-error', error),
      onUnheardProxy: (warning) => this.emit('proxy-warning', warning),
    })
  }

  /** Live counters: the same object each time. */
  get stats(): Readonly<GatewayStats> {
    return this.#tunnels.stats
  }

  /** The counters in the text format of Prometheus. */
  metrics(): string {
    return formatMetrics(this.#tunnels.stats)
  }

  /** Takes the upgrade requests of a server of yours. Idempotent. */
  attach(server: AnyServer, { path }: AttachOptions = {}): this {
    if (this.#attachments.some((each) => each.server === server)) return this
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if (path !== undefined && (request.url ?? '/').split('?', 1)[0] !== path) return
      this.#upgrades.handle(request, socket, head).catch(() => socket.destroy())
    }
    server.on('upgrade', onUpgrade)
    this.#attachments.push({ server, onUpgrade })
    return this
  }

  /** Leaves a server alone again; connections that came over it stay. */
  detach(server: AnyServer): void {
    const at = this.#attachments.findIndex((each) => each.server === server)
    if (at === -1) return
    const [{ onUpgrade }] = this.#attachments.splice(at, 1) as [Attachment]
    server.off('upgrade', onUpgrade)
  }

  /**
   * Starts an HTTP server of its own, without TLS: for development, and behind a proxy.
   *
   * @param port TCP port; 0: any
   * @param host address to listen on; default: this machine only
   * @returns where it listens; rejects with the system's error
   */
  async listen(
    port = 0,
    host = '127.0.0.1',
    options: ListenOptions = {},
  ): Promise<{ host: string; port: number; url: string }> {
    if (this.#closing !== null) throw new Error('The gateway is closed')
    if (this.#ownServer !== null) throw new Error('The gateway is listening')
    const server = createServer(options.onRequest ?? refuseRequest)
    this.#ownServer = server
    this.attach(server, options)
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          resolve()
        })
      })
    } catch (error) {
      this.detach(server)
      this.#ownServer = null
      throw error
    }
    const bound = server.address() as AddressInfo
    const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
    return { host: bound.address, port: bound.port, url: `ws://${name}:${bound.port}${options.path ?? '/'}` }
  }

  /**
   * Lets nobody in any more, asks the clients to go elsewhere, and closes what is left after a while. A server of yours
   * stays open. Idempotent; never rejects.
   */
  close({ withinMs = DEFAULT_CLOSE_MS }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(withinMs)
    return this.#closing
  }

  async #close(withinMs: number): Promise<void> {
    this.#upgrades.isClosing = true
    if (this.#sockets.size > 0 && withinMs > 0) {
      this.#tunnels.sendAway(withinMs)
      await this.#untilEmpty(withinMs)
    }
    await this.#tunnels.close()
    if (this.#sockets.size > 0) await this.#untilEmpty(GOODBYE_MS)
    for (const socket of this.#sockets) socket.terminate()
    const server = this.#ownServer
    for (const attachment of this.#attachments.slice()) this.detach(attachment.server)
    if (server !== null) {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    }
    this.emit('close')
  }

  /** Resolves when the last connection is closed, or after this time. */
  #untilEmpty(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#onEmpty = null
        cancel()
        resolve()
      }
      const cancel = this.#clock.after(limitMs, done)
      this.#onEmpty = done
    })
  }

  #onConnection(socket: WebSocket, client: ClientInfo): void {
    this.#sockets.add(socket)
    const connection: Connection = this.#tunnels.accept(linkOf(socket), client)
    socket.on('message', (data, isBinary) => connection.onMessage(isBinary ? (data as Buffer) : null))
    socket.on('pong', () => connection.onPong())
    socket.on('ping', (data) => {
      if (socket.bufferedAmount < MAX_PONG_BUFFER_BYTES) socket.pong(data, false, ignore)
    })
    // Every error is followed by the close.
    socket.on('error', (error: Error & { code?: string }) => this.#tunnels.countFault(error.code))
    socket.on('close', (code) => {
      this.#sockets.delete(socket)
      connection.onClose(code)
      if (this.#sockets.size === 0) this.#onEmpty?.()
    })
  }
}

function linkOf(socket: WebSocket): ServerLink {
  return {
    send(bytes) {
      if (socket.readyState === socket.OPEN) socket.send(bytes, ignore)
    },
    close: (code, reason) => socket.close(code, cutReason(reason)),
    ping: () => socket.ping(undefined, false, ignore),
    get bufferedBytes() {
      return socket.bufferedAmount
    },
  }
}

function ignore(): void {}

function refuseRequest(...[, response]: Parameters<RequestListener>): void {
  response.writeHead(426, { 'Content-Type': 'text/plain', Upgrade: 'websocket', Connection: 'Upgrade' })
  response.end(`A gateway for WebSockets (xorpc.tunnel.${TUNNEL_VERSION})\n`)
}
