/**
 * Addresses of the bootstrap nodes. Names are looked up once a minute at most, all at the same time, and only when
 * somebody needs them; suggested IPs are tried with a ping before DNS is asked (behaviour 7.2).
 */
import type { Clock } from '../primitives/clock.js'
import { isIPv4, isPort } from '../primitives/address.js'
import type { BootstrapNode } from './bootstrap-list.js'

export interface Resolved {
  host: string
  port: number
}

export interface ResolverHost {
  /** IPv4 address of a name; rejects where there is none. */
  lookup(name: string): Promise<string>
  /** Whether a node answers at this address. */
  answers(address: Resolved): Promise<boolean>
}

/** Long enough to spare a query the wait, short enough to follow a bootstrap node that moves. */
const CACHE_MS = 60_000

export class Resolver {
  readonly #host: ResolverHost
  readonly #clock: Clock
  readonly #nodes: readonly BootstrapNode[]
  readonly #needsNames: boolean
  #cached: readonly Resolved[] | null = null
  #cachedUntil = 0
  #running: Promise<readonly Resolved[]> | null = null
  /** Changes with the network: what was looked up in another one is not kept. */
  #epoch = 0

  constructor(host: ResolverHost, clock: Clock, nodes: readonly BootstrapNode[]) {
    this.#host = host
    this.#clock = clock
    this.#nodes = nodes
    this.#needsNames = nodes.some((node) => node.suggestedIp || (node.host !== null && !isIPv4(node.host)))
  }

  /** The addresses, at once where they are known; entries that cannot be resolved are left out. Never rejects. */
  resolve(): readonly Resolved[] | Promise<readonly Resolved[]> {
    if (!this.#needsNames) return this.#known()
    if (this.#cached !== null && this.#clock.now() < this.#cachedUntil) return this.#cached
    this.#running ??= this.#resolveAll()
    return this.#running
  }

  /** The network is another one: what was found may be wrong. */
  clear(): void {
    this.#epoch++
    this.#cached = null
    this.#running = null
  }

  #known(): Resolved[] {
    const out: Resolved[] = []
    for (const { host, port } of this.#nodes) {
      if (host !== null && isIPv4(host) && isPort(port)) out.push({ host, port })
    }
    return out
  }

  async #resolveAll(): Promise<readonly Resolved[]> {
    const epoch = this.#epoch
    const found = await Promise.all(this.#nodes.map((node) => this.#resolveOne(node)))
    const resolved = found.filter((address) => address !== null)
    if (epoch !== this.#epoch) return resolved
    this.#running = null
    // A failed look-up is tried again by the next query: the network may have come up meanwhile.
    this.#cached = resolved.length === this.#nodes.length ? resolved : null
    this.#cachedUntil = this.#clock.now() + CACHE_MS
    return resolved
  }

  async #resolveOne({ host, port, suggestedIp }: BootstrapNode): Promise<Resolved | null> {
    if (host === null || !isPort(port)) return null
    if (isIPv4(host)) return { host, port }
    if (suggestedIp && isIPv4(suggestedIp)) {
      const address = { host: suggestedIp, port }
      if (await this.#host.answers(address)) return address
    }
    try {
      const found = await this.#host.lookup(host)
      return isIPv4(found) ? { host: found, port } : null
    } catch {
      return null // no such name, or no DNS: the other entries may do
    }
  }
}
