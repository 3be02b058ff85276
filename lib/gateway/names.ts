/** Names that clients have looked up. */
import { parseIPv4 } from '../primitives/address.js'
import type { GatewayStats } from './metrics.js'

/** BOUNDED: names being looked up at a time, of all clients. */
const MAX_LOOKUPS = 32

export class Names {
  readonly #lookup: ((name: string) => Promise<string>) | null
  readonly #stats: GatewayStats
  #active = 0

  /** @param lookup null: nothing is looked up */
  constructor(lookup: ((name: string) => Promise<string>) | null, stats: GatewayStats) {
    this.#lookup = lookup
    this.#stats = stats
  }

  /** Whether one more can be looked up now. */
  get isFree(): boolean {
    return this.#lookup !== null && this.#active < MAX_LOOKUPS
  }

  /** The IPv4 number of a name, or 0. Never rejects. */
  async lookup(name: string): Promise<number> {
    this.#active++
    this.#stats.lookups++
    try {
      return Math.max(0, parseIPv4(await this.#lookup!(name)))
    } catch {
      return 0
    } finally {
      this.#active--
    }
  }
}
