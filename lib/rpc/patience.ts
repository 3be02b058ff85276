/**
 * How long to wait for an answer: what the round trips so far say, of the peer asked or of the network as a whole,
 * within bounds. Pure.
 *
 * Two paces. A request of its own waits long enough not to bother a peer that is merely slow. One of a lookup is one of
 * many, and the lookup waits for the slowest of them: it is sent again as soon as nearly all peers would have answered.
 */
import { addressKey } from '../primitives/address.js'
import type { Exchange } from './exchange.js'
import { RecentRoundTrips } from './recent-round-trips.js'
import {
  createEstimate,
  expectedMs,
  type RetryBounds,
  retryTimeoutMs,
  type RoundTripEstimate,
  updateEstimate,
} from './round-trip.js'

/** Least timeout for commands of the application, whose handlers may take their time (500 ms: half of dht-rpc's). */
const APPLICATION_FLOOR_MS = 500

/**
 * Share of the recent round trips that a lookup waits for. Measured on simulated networks with 1 % loss: one request in 25
 * is sent twice, and 20 % dead nodes cost a lookup one living node in 1,600. With 0.9 for the second transmission lookups among
 * them end 4 % sooner, but half of what they miss then has answered the second one, and a tenth of a second too late.
 */
const SHARE = 0.97
/**
 * Most that a later transmission is waited for, in usual round trips: more than the share where all are honest. Where a fifth of
 * 150 nodes answers a second or two late on purpose, a lookup takes 1.0 instead of 1.3 s.
 */
const MOST_MEDIANS = 3
/** The quantile comes from few samples, of other peers. */
const MARGIN = 1.05

/** While the network is unknown: three times a usual round trip. */
const UNKNOWN_MS = 400
/** On a local network a busy event loop takes longer than any round trip. */
const LOOKUP_MIN_MS = 100
const LOOKUP_MAX_MS = 1000

/**
 * How long a lookup's request that was given up is still listened to: its answer counts as long as the lookup runs,
 * and tells the routing table that the peer lives.
 */
export const LATE_MS = 1000

/** A known peer gets at least this much more time than it usually takes. */
const PEER_MARGIN = 1.5

export class Patience {
  readonly #estimateOf: (key: number) => RoundTripEstimate | null
  readonly #bounds: RetryBounds
  readonly #applicationBounds: RetryBounds
  readonly #network = createEstimate()
  readonly #internal = new RecentRoundTrips()
  /** Apart, as it includes the time that handlers take. */
  readonly #application = new RecentRoundTrips()

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
    const recent = message.internal ? this.#internal : this.#application
    recent.add(rttMs)
    updateEstimate(this.#network, rttMs)
    const peer = this.#estimateOf(addressKey(message.ip, message.port))
    if (peer !== null) updateEstimate(peer, rttMs)
  }

  /** Milliseconds the latest transmission may stay unanswered before the next one. */
  timeoutMs(exchange: Exchange): number {
    const { message, options, transmissions } = exchange
    if (options.timeoutMs > 0) return options.timeoutMs
    if (options.lookup) return message.internal ? this.#internalLookupMs(exchange) : this.#applicationLookupMs(exchange)
    const peer = this.#estimateOf(addressKey(message.ip, message.port))
    return retryTimeoutMs(peer, this.#network, transmissions, message.internal ? this.#bounds : this.#applicationBounds)
  }

  #internalLookupMs({ message, transmissions }: Exchange): number {
    const network = mostMs(this.#internal, transmissions)
    const peer = this.#estimateOf(addressKey(message.ip, message.port))
    if (peer === null || !(peer.srttMs >= 0)) return withinBounds(network)
    return withinBounds(Math.min(expectedMs(peer), Math.max(PEER_MARGIN * peer.srttMs, network)))
  }

  /** Handlers differ: a repetition is cheap, but nobody is given up before the usual patience with them. */
  #applicationLookupMs({ options, transmissions }: Exchange): number {
    const wait = this.#application.known ? mostMs(this.#application, transmissions) : APPLICATION_FLOOR_MS
    const isRepeated = transmissions === 1 && options.retries > 0
    return withinBounds(isRepeated ? wait : Math.max(wait, APPLICATION_FLOOR_MS))
  }
}

/** What most answers take. */
function mostMs(recent: RecentRoundTrips, transmissions: number): number {
  if (!recent.known) return UNKNOWN_MS
  const most = recent.quantile(SHARE)
  return MARGIN * (transmissions === 1 ? most : Math.min(most, MOST_MEDIANS * recent.quantile(0.5)))
}

function withinBounds(waitMs: number): number {
  const long = waitMs < LOOKUP_MIN_MS ? LOOKUP_MIN_MS : waitMs
  // A NaN from a spoilt record fails both comparisons: wait long, never not at all.
  return long < LOOKUP_MAX_MS ? long : LOOKUP_MAX_MS
}
