/**
 * The nodes that have answered us lately, with the tokens they gave: in a network that does not change, or is small, the
 * closest nodes to a key are often among them, and need not be looked for again.
 *
 * Tokens prove an address, whatever the key, so one that came with a reply is good for a write elsewhere. One that has
 * expired costs a round trip: the refusal brings a fresh one.
 */
import { addressKey, formatIPv4, keyOf } from '../../primitives/address.js'
import type { DHT } from '../../node/dht.js'
import type { Clock } from '../../primitives/clock.js'
import { compareDistance, idFromIp, idPrefix } from '../../primitives/id.js'
import type { Peer, Reply } from '../../rpc/reply.js'
import { HOLDERS } from '../rules/quorum.js'

/** A node that has answered, or was named by one that has. */
export interface KnownNode {
  /** Its id is never null. */
  readonly peer: Peer & { readonly id: Uint8Array }
  /** `addressKey` of its address. */
  readonly key: number
  /** First 32 bits of its id. */
  readonly prefix: number
  /** The latest that it gave us; null: none yet. */
  token: Uint8Array | null
  /** Monotonic time in ms of its latest reply, and of the one that the token came with. */
  heardAt: number
  tokenAt: number
}

/** Who was not heard for so long may be gone. */
const FRESH_MS = 60_000

/**
 * Tokens live for many seconds, so of two that come within this time either will do, and one that is not looked at costs
 * nothing.
 */
const SAME_TOKEN_MS = 500
const NEVER = -SAME_TOKEN_MS

/** Who was silent, or of no use, is not asked again for so long, though others still name it. */
const USELESS_MS = 60_000

/** BOUNDED: so many nodes at most; a look through all of them takes some ten microseconds. */
const MAX_NODES = 512
const MAX_USELESS = 512

/**
 * The farthest of the twenty closest may be so many times as far as lookups have found it on average: it varies by a
 * fifth or so, and is far larger where we know only some of the nodes around a key.
 */
const MAX_REACH = 1.6

/** Weight of the latest lookup in the average. */
const REACH_WEIGHT = 0.2

export class KnownNodes {
  readonly #now: () => number
  readonly #neighbours: () => { id: Uint8Array; closest: readonly Uint8Array[] }
  /** By address, those heard longest ago near the front. BOUNDED: by MAX_NODES. */
  readonly #nodes = new Map<number, KnownNode>()
  /** When each was found useless, by address. BOUNDED: by MAX_USELESS. */
  readonly #useless = new Map<number, number>()
  /** Distance of the farthest of the twenty closest, in units of the first 32 bits; null: no lookup found as many. */
  #reach: number | null = null

  /**
   * @param now monotonic time in ms
   * @param neighbours our own place: an id, and the ids of the nodes closest to it, nearest first
   */
  constructor(now: () => number, neighbours: () => { id: Uint8Array; closest: readonly Uint8Array[] }) {
    this.#now = now
    this.#neighbours = neighbours
  }

  get size(): number {
    return this.#nodes.size
  }

  /** A node has answered, and was of use. */
  note(reply: Reply): void {
    const { id, host, port } = reply.from
    if (id === null) return
    const key = keyOf(host, port)
    // Whole, as a fraction would be an object of its own.
    const now = Math.floor(this.#now())
    const known = this.#nodes.get(key)
    if (known !== undefined) {
      known.heardAt = now
      if (now - known.tokenAt >= SAME_TOKEN_MS) takeToken(known, reply.token, now)
      return
    }
    this.#useless.delete(key)
    if (this.#nodes.size >= MAX_NODES) this.#makeRoom(now)
    const node: KnownNode = {
      peer: { id, host, port },
      key,
      prefix: idPrefix(id),
      token: null,
      heardAt: now,
      tokenAt: NEVER,
    }
    takeToken(node, reply.token, now)
    this.#nodes.set(key, node)
  }

  /** A node is silent, or does not know the command. */
  noteUseless(key: number): void {
    this.#nodes.delete(key)
    this.#useless.delete(key)
    if (this.#useless.size >= MAX_USELESS) this.#useless.delete(this.#useless.keys().next().value!)
    this.#useless.set(key, this.#now())
  }

  /** A lookup has found the closest nodes. @param farthest id of the last of twenty */
  noteLookup(target: Uint8Array, farthest: Uint8Array): void {
    const reach = distance(idPrefix(target), idPrefix(farthest))
    this.#reach = this.#reach === null ? reach : this.#reach + REACH_WEIGHT * (reach - this.#reach)
  }

  /**
   * The closest nodes, nearest first.
   *
   * @param count up to twenty
   * @returns null where we do not know as many as twenty, or hardly know all that are there
   */
  closest(target: Uint8Array, count: number): KnownNode[] | null {
    if (this.#nodes.size < HOLDERS) return null
    this.#reach ??= this.#ownReach()
    return this.#reach === null ? null : this.#nearest(target, count, MAX_REACH * this.#reach)
  }

  /**
   * Nodes that a reply names and that we know nothing of, though they are closer than the farthest of those we asked.
   *
   * @param farthest id of that one
   */
  strangers({ closer }: Reply, target: Uint8Array, farthest: Uint8Array): KnownNode[] {
    const found: KnownNode[] = []
    if (closer === null) return found
    const oldest = this.#now() - FRESH_MS
    for (let i = 0; i < closer.length; i++) {
      const ip = closer.ipAt(i)
      const port = closer.portAt(i)
      const key = addressKey(ip, port)
      if ((this.#nodes.get(key)?.heardAt ?? -Infinity) >= oldest || port === 0 || this.#isUseless(key)) continue
      const id = idFromIp(ip, port).slice()
      if (compareDistance(target, id, farthest) >= 0) continue
      const peer = { id, host: formatIPv4(ip), port }
      found.push({ peer, key, prefix: idPrefix(id), token: null, heardAt: 0, tokenAt: NEVER })
    }
    return found
  }

  /** Those around us are known best before the first lookup. */
  #ownReach(): number | null {
    const { id, closest } = this.#neighbours()
    return closest.length < HOLDERS ? null : distance(idPrefix(id), idPrefix(closest[HOLDERS - 1]!))
  }

  /** The closest of those within reach; null where fewer than twenty are. */
  #nearest(target: Uint8Array, count: number, reach: number): KnownNode[] | null {
    const oldest = this.#now() - FRESH_MS
    const prefix = idPrefix(target)
    const nodes: KnownNode[] = []
    let within = 0
    for (const node of this.#nodes.values()) {
      const far = distance(prefix, node.prefix)
      if (far > reach || node.heardAt < oldest) continue
      within++
      let at = nodes.length
      if (at < count) nodes.push(node)
      else if (!isCloser(target, node, far, nodes[--at]!, prefix)) continue
      for (; at > 0 && isCloser(target, node, far, nodes[at - 1]!, prefix); at--) nodes[at] = nodes[at - 1]!
      nodes[at] = node
    }
    return within < HOLDERS ? null : nodes
  }

  #isUseless(key: number): boolean {
    const since = this.#useless.get(key)
    if (since === undefined) return false
    if (this.#now() - since < USELESS_MS) return true
    this.#useless.delete(key)
    return false
  }

  /** Forgets those who may be gone; where there are none, the one that came first. */
  #makeRoom(now: number): void {
    for (const [key, { heardAt }] of this.#nodes) if (heardAt < now - FRESH_MS) this.#nodes.delete(key)
    if (this.#nodes.size >= MAX_NODES) this.#nodes.delete(this.#nodes.keys().next().value!)
  }
}

/** For one kind of commands of a node. */
export function createKnownNodes(node: Pick<DHT, 'table'>, clock: Clock): KnownNodes {
  const neighbours = (): { id: Uint8Array; closest: readonly Uint8Array[] } => {
    const { table } = node
    return { id: table.id, closest: table.closest(table.id, HOLDERS).map(({ id }) => id) }
  }
  return new KnownNodes(() => clock.now(), neighbours)
}

function distance(a: number, b: number): number {
  return (a ^ b) >>> 0
}

/** @param aFar distance of `a`, and `prefix` that of the target, in units of the first 32 bits */
function isCloser(target: Uint8Array, a: KnownNode, aFar: number, b: KnownNode, prefix: number): boolean {
  const bFar = distance(prefix, b.prefix)
  return aFar === bFar ? compareDistance(target, a.peer.id, b.peer.id) < 0 : aFar < bFar
}

function takeToken(node: KnownNode, token: Uint8Array | null, now: number): void {
  if (token === null) return
  node.token = token
  node.tokenAt = now
}
