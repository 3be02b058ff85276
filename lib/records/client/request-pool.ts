/**
 * Requests of one call to many peers: as many at a time as the node can have on the way, and to each peer as many as it
 * answers. A request that is lost is not repeated to the same peer by itself: whoever made it decides.
 */
import type { Session } from '../../node/session.js'
import type { Clock } from '../../primitives/clock.js'
import type { Peer, Reply } from '../../rpc/reply.js'
import { ERROR } from '../../wire/commands.js'
import { PeerWindow } from '../rules/peer-window.js'
import { isOfOneNode } from './deliver.js'

/** One peer, as this call knows it. */
export interface Lane {
  readonly peer: Peer
  readonly pace: PeerWindow
  /** The latest token it gave us. It proves our address, too: without one, a peer sends us next to nothing. */
  token: Uint8Array | null
}

export interface PoolMessage {
  readonly command: number
  readonly target: Uint8Array
  readonly value: Uint8Array
}

interface Waiter {
  readonly lanes: readonly Lane[]
  readonly resolve: (lane: Lane | null) => void
  readonly reject: (error: unknown) => void
}

export interface RequestPoolOptions {
  readonly session: Session
  readonly clock: Clock
  /** `maxWindow` of the node. */
  readonly maxWindow: number
}

/** Share of the node's window for one call: the rest is for its lookups, and for what else the node does. */
const SHARE = 0.75

/** A node with a window without bounds is not to be flooded by us. */
const MOST = 1024

export class RequestPool {
  readonly #session: Session
  readonly #clock: Clock
  readonly #limit: number
  /** By address. BOUNDED: by the holders of the segments of one value. */
  readonly #lanes = new Map<string, Lane>()
  /** BOUNDED: by the segments under way, times the holders of each. */
  #waiters: Waiter[] = []
  #inFlight = 0
  #failure: { readonly error: unknown } | null = null
  /** Bytes of the values of all requests sent. */
  sentBytes = 0

  constructor({ session, clock, maxWindow }: RequestPoolOptions) {
    this.#session = session
    this.#clock = clock
    this.#limit = Math.max(1, Math.min(MOST, Math.floor(SHARE * maxWindow)))
  }

  /** The lane of a peer. @param token the one that it has just given us, null: none */
  lane(peer: Peer, token: Uint8Array | null): Lane {
    const key = `${peer.host}:${peer.port}`
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, (lane = { peer, pace: new PeerWindow(), token }))
    if (token !== null) lane.token = token
    return lane
  }

  /** Waits for room on the way to one of these peers; null: all of them are gone. The next `request` takes it. */
  async acquire(lanes: readonly Lane[]): Promise<Lane | null> {
    if (this.#failure !== null) throw this.#failure.error
    const lane = this.#pick(lanes)
    if (lane !== undefined) {
      if (lane !== null) this.#take(lane)
      return lane
    }
    return new Promise((resolve, reject) => this.#waiters.push({ lanes, resolve, reject }))
  }

  /**
   * Sends a request on a lane that was acquired.
   *
   * @returns the reply; null: it was lost, or the token was out of date. Rejects when the call is over
   */
  async request(lane: Lane, { command, target, value }: PoolMessage): Promise<Reply | null> {
    const sentAt = this.#clock.now()
    this.sentBytes += value.length
    try {
      const message = { command, target, value, token: lane.token }
      const reply = await this.#session.request(message, lane.peer, { retry: false })
      if (reply.token !== null) lane.token = reply.token
      if (reply.error !== ERROR.INVALID_TOKEN) {
        lane.pace.onAnswered()
        return reply
      }
      // Each token ends some time, but who never gives a valid one is as good as silent.
      lane.pace.onLost(sentAt, this.#clock.now())
      return null
    } catch (error) {
      lane.pace.onLost(sentAt, this.#clock.now())
      if (isOfOneNode(error)) return null
      this.fail(error)
      throw error
    } finally {
      this.#inFlight--
      this.#serve()
    }
  }

  /** Gives back what was acquired, and is not needed. */
  release(lane: Lane): void {
    lane.pace.onUnused()
    this.#inFlight--
    this.#serve()
  }

  /** Fails whoever waits, and everything later. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    const waiters = this.#waiters
    this.#waiters = []
    for (const { reject } of waiters) reject(error)
  }

  #take(lane: Lane): void {
    lane.pace.onSent()
    this.#inFlight++
  }

  /** The peer with the most room; null: all are gone; undefined: there is no room now. */
  #pick(lanes: readonly Lane[]): Lane | null | undefined {
    const living = lanes.filter(({ pace }) => !pace.isGone)
    if (living.length === 0) return null
    if (this.#inFlight >= this.#limit) return undefined
    let best: Lane | undefined
    for (const lane of living) {
      if (lane.pace.room > 0 && (best === undefined || lane.pace.room > best.pace.room)) best = lane
    }
    return best
  }

  #serve(): void {
    if (this.#waiters.length === 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      const lane = this.#inFlight < this.#limit ? this.#pick(waiter.lanes) : undefined
      if (lane === undefined) {
        this.#waiters.push(waiter)
        continue
      }
      if (lane !== null) this.#take(lane)
      waiter.resolve(lane)
    }
  }
}
