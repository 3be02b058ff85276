/** `dht.io`: the part of dht-rpc's inside that HyperDHT and applications look at. Reads the node, holds nothing. */
import type { Core } from '../node/core.js'
import type { RoutingTable } from '../routing/table.js'
import type { DatagramSocket } from '../transport/contract.js'
import type { UdxWatcher } from '../transport/udx.js'

/** One more than the greatest transaction id. */
const TIDS = 65_536

export class Io {
  readonly #core: Core
  readonly #watcher: () => UdxWatcher | null

  constructor(core: Core, watcher: () => UdxWatcher | null) {
    this.#core = core
    this.#watcher = watcher
  }

  /** The UDX socket on the port that others know; null before it was bound, the closed one while suspended. */
  get serverSocket(): DatagramSocket | null {
    return this.#core.endpoint.latest?.server ?? null
  }

  /** The UDX socket that requests leave from while the node is firewalled; as `serverSocket` otherwise. */
  get clientSocket(): DatagramSocket | null {
    return this.#core.endpoint.latest?.client ?? null
  }

  /** Ports tried for the server socket, `[from, to)`. */
  get portRange(): readonly [number, number] {
    return this.#core.config.portRange
  }

  /** Emits `change`; another one after a suspension. null before the sockets were bound, or without UDX. */
  get networkInterfaces(): UdxWatcher | null {
    return this.#watcher()
  }

  get table(): RoutingTable {
    return this.#core.contacts.table
  }

  /**
   * Requests made so far, modulo 65536: with dht-rpc, which counts its transaction ids up, the next id. Ours are
   * random, and no other tells the next one.
   */
  get _tid(): number {
    return this.#core.stats.requests.total % TIDS
  }
}
