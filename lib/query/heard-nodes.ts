/**
 * Nodes that lookups have heard of and that have no place in the routing table: where a later lookup may start nearer to
 * its target than at a contact. Kademlia keeps such nodes as well, in the replacement caches of its buckets
 * (Maymounkov and Mazières, 2002, section 4.1); here they are asked before they were ever contacts.
 *
 * Pure, and cheap enough for every node: a direct-mapped cache of a few kilobytes, in which a name overwrites the one
 * that had its place. Names come from strangers: they are a place to start at beside the contacts, and nothing more.
 */
import { type Address, formatIPv4 } from '../primitives/address.js'
import { idPrefix } from '../primitives/id.js'

/** Places. A power of two: the last bits of an id's first 32 choose the place. */
const PLACES = 512

/**
 * Who was heard of longer ago may be gone: where a fifth of the nodes is replaced every hour, hints of any age are of many
 * dead, whom a lookup then asks first.
 */
const MAX_AGE_MS = 600_000

export interface HeardNode extends Address {
  /** The host as a number. */
  ip: number
  /** First 32 bits of the XOR distance to the target, unsigned. */
  prefixDistance: number
}

export class HeardNodes {
  /** First 32 bits of the ids. BOUNDED, like those below: by PLACES. */
  readonly #prefixes = new Uint32Array(PLACES)
  readonly #ips = new Uint32Array(PLACES)
  /** 0: nobody. */
  readonly #ports = new Uint16Array(PLACES)
  /** When they were heard of: the last 32 bits of monotonic milliseconds. */
  readonly #heardAt = new Uint32Array(PLACES)

  /**
   * Remembers a node in the place of whoever had it.
   *
   * @param prefix first 32 bits of its id, unsigned
   * @param port 1 to 65535
   * @param now monotonic milliseconds
   */
  add(prefix: number, ip: number, port: number, now: number): void {
    const place = prefix & (PLACES - 1)
    this.#heardAt[place] = now
    this.#prefixes[place] = prefix
    this.#ips[place] = ip
    this.#ports[place] = port
  }

  /** Forgets a node, if it is the one in its place. */
  remove(prefix: number, ip: number, port: number): void {
    const place = prefix & (PLACES - 1)
    if (this.#ips[place] === ip && this.#ports[place] === port) this.#ports[place] = 0
  }

  /**
   * The nodes nearest to a target of those heard of in the last ten minutes, nearest first, as far as the first 32 bits
   * tell.
   *
   * @param target 32-byte Uint8Array
   * @param count most nodes wanted, 1 or more
   * @param now monotonic milliseconds
   */
  nearest(target: Uint8Array, count: number, now: number): HeardNode[] {
    const wanted = idPrefix(target)
    const places: number[] = []
    const distances: number[] = []
    for (let place = 0; place < PLACES; place++) {
      if (this.#ports[place] === 0 || (now - this.#heardAt[place]!) >>> 0 > MAX_AGE_MS) continue
      const distance = (this.#prefixes[place]! ^ wanted) >>> 0
      if (places.length === count && distance >= distances[count - 1]!) continue
      let at = Math.min(places.length, count - 1)
      while (at > 0 && distances[at - 1]! > distance) {
        distances[at] = distances[at - 1]!
        places[at] = places[at - 1]!
        at--
      }
      distances[at] = distance
      places[at] = place
    }
    return places.map((place, i) => ({
      host: formatIPv4(this.#ips[place]!),
      ip: this.#ips[place]!,
      port: this.#ports[place]!,
      prefixDistance: distances[i]!,
    }))
  }
}
