/**
 * The door: who is let in at the upgrade, and how the others are told why not.
 *
 * A page cannot see the status of a refused upgrade, so a refusal is a connection that is closed at once, with a code
 * and a reason. That costs more than a status, so there is a bound on how many are told at a time.
 *
 * Invariants: what is let in has a place among the sessions; everybody else is counted once; a request that ends while
 * the authorization hook thinks gives its place back.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL } from '../transport/tunnel/messages.js'
import { CLOSE, type CloseName } from '../transport/tunnel/refusal.js'
import { decodeToken } from '../transport/tunnel/token.js'
import { clientAddress, clientKey, plainAddress, type ProxyWarning, unheardProxy } from './client-address.js'
import type { ClientInfo } from './client-info.js'
import type { ConnectionRefusal, GatewayStats } from './metrics.js'
import type { AuthorizationRequest, GatewayServerConfig } from './options.js'
import { isOriginAllowed } from './origin.js'
import type { Sessions } from './sessions.js'

export interface UpgradeParts {
  config: GatewayServerConfig
  stats: GatewayStats
  sessions: Sessions
  onConnection(socket: WebSocket, client: ClientInfo): void
  onRefusal(reason: ConnectionRefusal, client: ClientInfo): void
  /** The authorization hook threw. */
  onHookError(error: unknown): void
  /** A proxy does not count as one: told once for each address. */
  onUnheardProxy(warning: ProxyWarning): void
}

/** BOUNDED: connections that are being told why they are refused, and those that are being asked about. */
const MAX_REFUSING = 64
const MAX_ASKING = 256

/** BOUNDED: proxies that are told of. Whoever likes can send such a header, so there may be any number. */
const MAX_PROXIES_TOLD = 16

/** Who does not take the refusal in this time is cut off. */
const REFUSAL_MS = 2000

/** Reasons of close frames have at most 123 bytes (RFC 6455, 5.5). */
const MAX_REASON_BYTES = 123

export class Upgrades {
  readonly #parts: UpgradeParts
  readonly #server: WebSocketServer
  #refusing = 0
  #asking = 0
  /** BOUNDED: by MAX_PROXIES_TOLD. */
  readonly #proxiesTold = new Set<string>()
  /** Set when nobody is let in any more. */
  isClosing = false

  constructor(parts: UpgradeParts) {
    this.#parts = parts
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: parts.config.limits.maxMessageBytes,
      // Answered where it is bounded.
      autoPong: false,
      // What a client does not offer is refused after the handshake, so the handshake itself takes what there is.
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : [...offered][0]!),
    })
  }

  /** A request for an upgrade on a path of ours. */
  async handle(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { config, sessions } = this.#parts
    const client = clientOf(request, config)
    this.#noticeProxy(request)
    // Until the WebSocket has it, nobody else listens for its errors.
    socket.on('error', ignore)
    const refuse = (reason: ConnectionRefusal, text: string): void => {
      this.#refuse({ request, socket, head, client }, reason, text)
    }
    if (this.isClosing) return refuse('goingAway', 'the gateway is closing')
    const { origin, host } = request.headers
    if (!isOriginAllowed(origin, host, config.origins)) return refuse('origin', `no pages of ${origin}`)
    if (!protocolsOf(request).includes(SUBPROTOCOL)) return refuse('version', `${SUBPROTOCOL} is spoken here`)
    const entered = sessions.enter(client.key)
    if (entered !== 'entered') {
      return refuse(entered, entered === 'full' ? 'the gateway is full' : 'too many connections of this address')
    }
    const verdict = await this.#authorize(request, client)
    if (verdict !== null || this.isClosing || socket.destroyed) {
      sessions.leave(client.key)
      if (socket.destroyed) return
      if (verdict === null) return refuse('goingAway', 'the gateway is closing')
      return refuse(verdict.reason, verdict.text)
    }
    let isOpen = false
    socket.once('close', () => {
      // The handshake failed, and told the client so itself.
      if (!isOpen) sessions.leave(client.key)
    })
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      isOpen = true
      socket.off('error', ignore)
      this.#parts.onConnection(webSocket, client)
    })
  }

  /** A forgotten proxy shows in nothing but refusals of clients that have done nothing. */
  #noticeProxy({ socket, headers }: IncomingMessage): void {
    const { config, stats } = this.#parts
    const peer = socket.remoteAddress ?? ''
    const header = unheardProxy(peer, headers, config.trustedProxies)
    if (header === null) return
    stats.connections.unheardProxies++
    const address = plainAddress(peer)
    if (this.#proxiesTold.has(address) || this.#proxiesTold.size >= MAX_PROXIES_TOLD) return
    this.#proxiesTold.add(address)
    this.#parts.onUnheardProxy({ address, header })
  }

  /** null: may come in. */
  async #authorize(
    request: IncomingMessage,
    client: ClientInfo,
  ): Promise<{ reason: ConnectionRefusal; text: string } | null> {
    const { authorize, clock, limits } = this.#parts.config
    if (authorize === null) return null
    if (this.#asking >= MAX_ASKING) return { reason: 'busy', text: 'too many are being asked about' }
    this.#asking++
    let cancel = (): void => {}
    try {
      const late = new Promise<string>((resolve) => {
        cancel = clock.after(limits.authorizeTimeoutMs, () => resolve('authorization took too long'), true)
      })
      const verdict: boolean | string = await Promise.race([authorize(authorizationRequest(request, client)), late])
      if (verdict === true) return null
      return { reason: 'unauthorized', text: typeof verdict === 'string' && verdict !== '' ? verdict : 'unauthorized' }
    } catch (error) {
      this.#parts.onHookError(error)
      return { reason: 'unauthorized', text: 'authorization failed' }
    } finally {
      cancel()
      this.#asking--
    }
  }

  #refuse(
    { request, socket, head, client }: { request: IncomingMessage; socket: Duplex; head: Buffer; client: ClientInfo },
    reason: ConnectionRefusal,
    text: string,
  ): void {
    this.#parts.stats.connections.refused[reason]++
    this.#parts.onRefusal(reason, client)
    if (reason === 'busy' || this.#refusing >= MAX_REFUSING) {
      const close = (): void => void socket.destroy()
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', close)
      return
    }
    this.#refusing++
    socket.once('close', () => this.#refusing--)
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', ignore)
      webSocket.close(CLOSE[reason as CloseName], cutReason(text))
      const cancel = this.#parts.config.clock.after(REFUSAL_MS, () => webSocket.terminate(), true)
      webSocket.once('close', cancel)
    })
  }
}

function ignore(): void {}

/** A text that fits into a close frame. */
export function cutReason(text: string): string {
  let fitting = text
  while (Buffer.byteLength(fitting) > MAX_REASON_BYTES) fitting = fitting.slice(0, -1)
  return fitting
}

function clientOf(request: IncomingMessage, config: GatewayServerConfig): ClientInfo {
  const forwarded = request.headers['x-forwarded-for']
  const chain = Array.isArray(forwarded) ? forwarded.join(',') : forwarded
  const address = clientAddress(request.socket.remoteAddress ?? '', chain, config.trustedProxies)
  return { address, key: clientKey(address), origin: request.headers.origin ?? null }
}

function protocolsOf(request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim())
}

function authorizationRequest(request: IncomingMessage, { address, origin }: ClientInfo): AuthorizationRequest {
  const { headers } = request
  const carried = protocolsOf(request).find((each) => each.startsWith(TOKEN_SUBPROTOCOL))
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1] ?? null
  return {
    token: carried === undefined ? bearer : decodeToken(carried.slice(TOKEN_SUBPROTOCOL.length)),
    cookies: parseCookies(headers.cookie ?? ''),
    origin,
    address,
    url: request.url ?? '/',
    headers,
  }
}

function parseCookies(header: string): Record<string, string> {
  const cookies = Object.create(null) as Record<string, string>
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at > 0) cookies[pair.slice(0, at).trim()] ??= pair.slice(at + 1).trim()
  }
  return cookies
}
