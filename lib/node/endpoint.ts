/**
 * The two sockets of a node (wire-protocol 9): the server socket, on the port others know, and the client socket,
 * which requests leave from while nobody knows whether the server socket can be reached.
 *
 * Binding happens once; after a suspension the same ports are tried first.
 */
import { DHTError } from '../primitives/errors.js'
import type { DatagramSocket, OnDatagram, Transport } from '../transport/contract.js'

export interface EndpointOptions {
  host: string
  /** `[from, to)`; `[0, 0]`: any port. */
  portRange: readonly [number, number]
  /** Take any port when none of the range can be had. */
  anyPort: boolean
}

export class Endpoint {
  readonly #transport: Transport
  readonly #options: EndpointOptions
  readonly #onDatagram: OnDatagram
  #serverSocket: DatagramSocket | null = null
  #clientSocket: DatagramSocket | null = null
  /** The sockets bound last, also after they were closed. */
  #latest: { readonly server: DatagramSocket; readonly client: DatagramSocket } | null = null
  #serverPort = 0
  #clientPort = 0
  #binding: Promise<void> | null = null

  constructor(transport: Transport, options: EndpointOptions, onDatagram: OnDatagram) {
    this.#transport = transport
    this.#options = options
    this.#onDatagram = onDatagram
  }

  get serverSocket(): DatagramSocket | null {
    return this.#serverSocket
  }

  get clientSocket(): DatagramSocket | null {
    return this.#clientSocket
  }

  /** Both sockets as they were bound last, closed ones too; null before they were bound. */
  get latest(): { readonly server: DatagramSocket; readonly client: DatagramSocket } | null {
    return this.#latest
  }

  /** Local port of the server socket, 0 before it was bound. Kept over a suspension. */
  get serverPort(): number {
    return this.#serverPort
  }

  /** The transport has given the sockets other addresses. */
  onMoved(): void {
    this.#serverPort = this.#serverSocket?.address()?.port ?? this.#serverPort
    this.#clientPort = this.#clientSocket?.address()?.port ?? this.#clientPort
  }

  /** Binds both sockets, once. @throws DHTError BIND_FAILED */
  bind(): Promise<void> {
    this.#binding ??= this.#bindBoth()
    return this.#binding
  }

  /** Gives up a binding under way, where it would have to be waited for: it rejects. */
  cancelBinding(): void {
    this.#transport.cancelBinds?.()
  }

  /** Closes both sockets; `bind` opens them again. Waits for a binding under way. Never rejects. */
  async close(): Promise<void> {
    // Whoever waits for the binding hears of its failure.
    await this.#binding?.catch(() => {})
    this.#binding = null
    const server = this.#serverSocket
    const client = this.#clientSocket
    this.#serverSocket = null
    this.#clientSocket = null
    await Promise.all([server?.close(), client?.close()])
  }

  async #bindBoth(): Promise<void> {
    const server = await this.#bindServer()
    let client: DatagramSocket
    try {
      client = await this.#bindFirst([this.#clientPort, 0])
    } catch (err) {
      await server.close()
      throw err
    }
    this.#serverSocket = server
    this.#clientSocket = client
    this.#latest = { server, client }
    this.#serverPort = server.address()?.port ?? 0
    this.#clientPort = client.address()?.port ?? 0
  }

  #bindServer(): Promise<DatagramSocket> {
    const [from, to] = this.#options.portRange
    const ports: number[] = this.#serverPort > 0 ? [this.#serverPort] : []
    for (let port = from; port < to; port++) if (port !== this.#serverPort) ports.push(port)
    if (ports.length === 0 || this.#options.anyPort) ports.push(0)
    return this.#bindFirst(ports)
  }

  async #bindFirst(ports: readonly number[]): Promise<DatagramSocket> {
    const { host } = this.#options
    let cause: unknown = null
    for (const port of ports) {
      try {
        return await this.#transport.bind(port, host, this.#onDatagram)
      } catch (err) {
        cause = err
        // Not for want of this port: there is no network, and another port is no way to it.
        if (err instanceof DHTError) break
      }
    }
    if (cause instanceof DHTError) throw new DHTError('BIND_FAILED', cause.message, { cause })
    throw new DHTError('BIND_FAILED', `Could not bind ${namesOf(ports)} of ${host}: ${message(cause)}`, { cause })
  }
}

/** Ports in words; 0 is any. */
function namesOf(ports: readonly number[]): string {
  const wanted = ports.filter((port) => port !== 0)
  if (wanted.length === 0) return 'any port'
  const names = wanted.length === 1 ? `port ${wanted[0]}` : `ports ${wanted[0]} to ${wanted.at(-1)}`
  return wanted.length === ports.length ? names : `${names}, or any other,`
}

function message(err: unknown): string {
  return err instanceof Error ? err.message : String(err)
}
