/**
 * How long to wait for an answer before sending again (RFC 6298, with bounds for a network of strangers).
 *
 * An estimate is two numbers, smoothed round-trip time and its deviation. One belongs to the node as a whole; a contact
 * that has answered before may have its own, which then decides. Sample unambiguous round trips only (Karn): of a
 * request sent once, or one whose transmissions had different transaction ids.
 */

/** Two numbers in milliseconds. `srttMs` is NaN until the first sample; every value but a number from 0 means that. */
export interface RoundTripEstimate {
  srttMs: number
  rttvarMs: number
}

/** Limits of a waiting time, in milliseconds. */
export interface RetryBounds {
  /** Waiting time of every transmission while nothing is known. Default 1000. */
  readonly initialMs: number
  /** Least waiting time of a first transmission. Default 250. */
  readonly minMs: number
  /** Most waiting time of any transmission. Default 1500. */
  readonly maxMs: number
}

/**
 * Four transmissions into the unknown give up after 4 s, six after 6 s, as existing requesters do. In a network known
 * to be fast they take 250 + 500 + 1000 + 1500 = 3.25 s, six 6.25 s: the first repetition comes four times sooner, the
 * patience stays. 250 ms leaves room for a busy peer; 1500 ms covers a satellite link and keeps the sum in order.
 */
export const DEFAULT_RETRY_BOUNDS: RetryBounds = { initialMs: 1000, minMs: 250, maxMs: 1500 }

/** Gains of RFC 6298: the mean follows an eighth, the deviation a quarter of the way. */
const MEAN_GAIN = 1 / 8
const DEVIATION_GAIN = 1 / 4

/** Deviations above the mean that are still waited for (RFC 6298, K). */
const DEVIATIONS = 4

/** An estimate without samples. */
export function createEstimate(): RoundTripEstimate {
  return { srttMs: NaN, rttvarMs: 0 }
}

/** Whether an estimate has had a sample. */
function isKnown(estimate: RoundTripEstimate): boolean {
  return estimate.srttMs >= 0
}

/** Takes a measured round trip into `estimate`, in place. What is no time (negative, NaN, infinite) is ignored. */
export function updateEstimate(estimate: RoundTripEstimate, rttMs: number): void {
  if (!(rttMs >= 0 && rttMs < Infinity)) return
  if (!isKnown(estimate)) {
    estimate.srttMs = rttMs
    estimate.rttvarMs = rttMs / 2
    return
  }
  // The deviation first: it is measured from the mean before this sample.
  estimate.rttvarMs += (Math.abs(estimate.srttMs - rttMs) - estimate.rttvarMs) * DEVIATION_GAIN
  estimate.srttMs += (rttMs - estimate.srttMs) * MEAN_GAIN
}

/** Milliseconds within which an answer is due: the mean and four deviations. NaN without samples. */
export function expectedMs({ srttMs, rttvarMs }: RoundTripEstimate): number {
  return srttMs + DEVIATIONS * rttvarMs
}

/**
 * How long to wait for an answer to one transmission: doubled with each, up to `maxMs`.
 *
 * @param peer estimate of the contact asked, which decides where it is known; null when there is none
 * @param network estimate over all contacts
 * @param attempt 1 for the first transmission
 * @param bounds default {@link DEFAULT_RETRY_BOUNDS}
 * @returns milliseconds
 */
export function retryTimeoutMs(
  peer: RoundTripEstimate | null,
  network: RoundTripEstimate,
  attempt: number,
  bounds: RetryBounds = DEFAULT_RETRY_BOUNDS,
): number {
  const known = peer !== null && isKnown(peer) ? peer : isKnown(network) ? network : null
  if (known === null) return bounds.initialMs
  const longMs = expectedMs(known)
  const firstMs = longMs < bounds.minMs ? bounds.minMs : longMs
  const waitMs = firstMs * 2 ** (attempt - 1)
  // A NaN from a spoilt record passes the first comparison and fails this one: wait long, never not at all.
  return waitMs < bounds.maxMs ? waitMs : bounds.maxMs
}
