/**
 * How long to wait for an answer: what the round trips so far say, of the peer asked or of the network as a whole,
 * within bounds. Pure.
 */
import { addressKey } from '../primitives/address.js'
import type { Exchange } from './exchange.js'
import {
  createEstimate,
  type RetryBounds,
  retryTimeoutMs,
  type RoundTripEstimate,
  updateEstimate,
} from './round-trip.js'

/** Least timeout for commands of the application, whose handlers may take their time (500 ms: half of dht-rpc's). */
const APPLICATION_FLOOR_MS = 500

/**
 * After this an answer is slow, though it may still be in time: a lookup then asks somebody else as well, which costs
 * one request where waiting for a dead node costs the user half a second. Bounds of srtt + 4 rttvar, of which no more
 * than one answer in a hundred takes longer; 40 ms keep a busy event loop from making everybody slow.
 */
const SLOW_BOUNDS: RetryBounds = { initialMs: 400, minMs: 40, maxMs: 1000 }

export class Patience {
  readonly #estimateOf: (key: number) => RoundTripEstimate | null
  readonly #bounds: RetryBounds
  readonly #applicationBounds: RetryBounds
  readonly #network = createEstimate()

  /** @param estimateOf round-trip estimate of the peer at an address key, or null */
  constructor(estimateOf: (key: number) => RoundTripEstimate | null, bounds: RetryBounds) {
    this.#estimateOf = estimateOf
    this.#bounds = bounds
    this.#applicationBounds = {
      ...bounds,
      minMs: Math.max(bounds.minMs, APPLICATION_FLOOR_MS),
      maxMs: Math.max(bounds.maxMs, APPLICATION_FLOOR_MS),
    }
  }

  /** Round-trip estimate over all peers. */
  get networkEstimate(): Readonly<RoundTripEstimate> {
    return this.#network
  }

  /** An answer came after `rttMs`. One with a chosen delay is no round trip, and teaches nothing. */
  onAnswer({ message, options }: Exchange, rttMs: number): void {
    if (options.timeoutMs > 0) return
    updateEstimate(this.#network, rttMs)
    const peer = this.#estimateOf(addressKey(message.ip, message.port))
    if (peer !== null) updateEstimate(peer, rttMs)
  }

  /** Milliseconds the latest transmission may stay unanswered before the next one. */
  timeoutMs({ message, options, transmissions }: Exchange): number {
    if (options.timeoutMs > 0) return options.timeoutMs
    const peer = this.#estimateOf(addressKey(message.ip, message.port))
    return retryTimeoutMs(peer, this.#network, transmissions, message.internal ? this.#bounds : this.#applicationBounds)
  }

  /** Milliseconds after which the first transmission is slow. */
  slowMs({ message }: Exchange): number {
    const peer = this.#estimateOf(addressKey(message.ip, message.port))
    return retryTimeoutMs(peer, this.#network, 1, SLOW_BOUNDS)
  }
}
