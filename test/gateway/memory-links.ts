/** Connections between clients and gateways in memory, on virtual time, and what can happen to them. */
import type { Clock } from '../../lib/primitives/clock.js'
import type { Connection, ServerLink } from '../../lib/gateway/connection.js'
import type { TunnelServer } from '../../lib/gateway/tunnel-server.js'
import type { Link, LinkEvents, OpenLink } from '../../lib/transport/tunnel/link.js'

/** What an end without a goodbye is. */
const ABNORMAL = 1006

/** One way. */
const LATENCY_MS = 5

/** One connection: both ends of it. */
class MemoryLink {
  readonly #clock: Clock
  readonly #client: LinkEvents
  server: Connection | null = null
  isOpen = false
  /** What the client does not take while it stands still; null: it does not. */
  held: (() => void)[] | null = null
  #over = false

  constructor(clock: Clock, client: LinkEvents) {
    this.#clock = clock
    this.#client = client
  }

  /** The client's end. */
  readonly clientLink: Link = {
    send: (bytes) => this.#later(() => this.server?.onMessage(bytes)),
    close: (code, reason) => this.close(code, reason),
    bufferedBytes: 0,
  }

  /** The gateway's end. */
  readonly serverLink: ServerLink = {
    send: (bytes) => this.#toClient(() => this.#client.onMessage(bytes)),
    close: (code, reason) => this.close(code, reason),
    // Browsers answer by themselves, also while the page stands still.
    ping: () => this.#later(() => this.server?.onPong()),
    bufferedBytes: 0,
  }

  open(acceptAt: (link: ServerLink) => Connection): void {
    this.#later(() => {
      this.server = acceptAt(this.serverLink)
      this.isOpen = true
      this.#toClient(() => this.#client.onOpen())
    })
  }

  /** Both ends hear of it; what is on its way arrives before. */
  close(code: number, reason: string): void {
    if (this.#over) return
    this.#later(() => {
      this.#over = true
      this.server?.onClose(code)
      this.#release(() => this.#client.onClose(code, reason))
    })
  }

  /** The network between the ends fails, and both notice. */
  cut(): void {
    if (this.#over) return
    this.#over = true
    this.server?.onClose(ABNORMAL)
    this.#release(() => this.#client.onClose(ABNORMAL, ''))
  }

  /** The network between the ends fails, and nobody notices. */
  silence(): void {
    this.#over = true
  }

  /** The client stands still. */
  hold(): void {
    this.held ??= []
  }

  /** The client goes on. */
  resume(): void {
    const held = this.held ?? []
    this.held = null
    for (const fn of held) this.#clock.after(0, fn)
  }

  #toClient(fn: () => void): void {
    this.#later(() => this.#release(fn))
  }

  #release(fn: () => void): void {
    if (this.held === null) fn()
    else this.held.push(fn)
  }

  #later(fn: () => void): void {
    this.#clock.after(LATENCY_MS, () => {
      if (!this.#over) fn()
    })
  }
}

/** The network between clients and gateways. */
export class MemoryLinks {
  readonly links: MemoryLink[] = []
  /** By URL. A gateway that is not here cannot be reached. */
  readonly servers = new Map<string, TunnelServer>()
  /** Attempts to connect, by URL, in order. */
  readonly attempts: string[] = []
  /** Close code that a URL refuses everybody with. */
  readonly refusals = new Map<string, number>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly open: OpenLink = (url, _protocols, events) => {
    this.attempts.push(url)
    const link = new MemoryLink(this.#clock, events)
    this.links.push(link)
    const refusal = this.refusals.get(url)
    const server = this.servers.get(url)
    if (refusal !== undefined) link.close(refusal, 'refused')
    else if (server === undefined) this.#clock.after(LATENCY_MS, () => link.cut())
    else link.open((serverLink) => accept(server, serverLink))
    return link.clientLink
  }

  /** The link made last. */
  get last(): MemoryLink {
    return this.links.at(-1)!
  }

  /** All links fail. */
  cut(): void {
    for (const link of this.links) link.cut()
  }
}

/** As a client of this address. */
function accept(server: TunnelServer, link: ServerLink): Connection {
  const client = { address: '198.51.100.1', key: '198.51.100.1', origin: null }
  server.sessions.enter(client.key)
  return server.accept(link, client)
}
