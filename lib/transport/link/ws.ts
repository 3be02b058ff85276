/** Links over the package ws: Node.js 20 has no WebSocket of its own that is stable. */
import type { WebSocket } from 'ws'
import type { Link, LinkEvents } from '../tunnel/link.js'

/** A gateway sends frames of 32 KiB at most; this bounds what another one could make us keep. */
const MAX_PAYLOAD_BYTES = 256 * 1024

/** What WebSockets call an end without a goodbye. */
const ABNORMAL = 1006

/** The package is there, as a dependency of ours. */
export function requireWebSocket(): void {}

/** Connects. */
export function openWebSocket(url: string, protocols: readonly string[], events: LinkEvents): Link {
  return new WsLink(url, protocols, events)
}

class WsLink implements Link {
  readonly #events: LinkEvents
  #socket: WebSocket | null = null
  #closed = false

  constructor(url: string, protocols: readonly string[], events: LinkEvents) {
    this.#events = events
    this.#connect(url, protocols).catch((error: unknown) => this.#fail(error))
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0
  }

  send(bytes: Uint8Array): void {
    const socket = this.#socket
    if (socket !== null && socket.readyState === socket.OPEN) socket.send(bytes, ignore)
  }

  close(code: number, reason: string): void {
    this.#closed = true
    const socket = this.#socket
    if (socket === null) return
    if (socket.readyState === socket.CONNECTING) socket.terminate()
    else socket.close(code, reason)
  }

  async #connect(url: string, protocols: readonly string[]): Promise<void> {
    // When first used: nodes on UDP need none of it.
    const { WebSocket } = await import('ws')
    if (this.#closed) throw new Error('closed')
    const events = this.#events
    const socket = new WebSocket(url, [...protocols], {
      perMessageDeflate: false,
      maxPayload: MAX_PAYLOAD_BYTES,
      // To wherever a redirect leads the token would go, too.
      followRedirects: false,
    })
    let failure = ''
    socket.on('open', () => events.onOpen())
    socket.on('message', (data, isBinary) => events.onMessage(isBinary ? (data as Buffer) : null))
    socket.on('error', (error) => (failure = error.message))
    socket.on('close', (code, reason) => events.onClose(code, reason.length > 0 ? reason.toString() : failure))
    this.#socket = socket
  }

  #fail(error: unknown): void {
    this.#events.onClose(ABNORMAL, error instanceof Error ? error.message : String(error))
  }
}

/** What cannot be sent is followed by the close. */
function ignore(): void {}
