/**
 * How much a host may have rewritten by prolonging the lives of segments. Anybody may prolong one, with a request of some
 * sixty bytes; an engine on a disk writes up to 128 KiB for it. Without a limit, one host that asks 500 times a second
 * would have it write 64 MB a second.
 *
 * A token bucket for each host. Pure: takes the time.
 */
import { BoundedMap } from './bounded-map.js'

/** Thirty-two of the longest segments a second: what a writer of a large value in a network of ten nodes comes to. */
const BYTES_PER_MS = (4 * 1024 * 1024) / 1000

/** At once: what a holder among forty has of the longest value there is. */
const BURST_BYTES = 128 * 1024 * 1024

/** Hosts that are remembered; who is forgotten has a burst again. */
const MAX_HOSTS = 1024

interface Bucket {
  bytes: number
  /** Monotonic ms. */
  at: number
}

export class RenewalBudget {
  /** BOUNDED: by MAX_HOSTS. */
  readonly #hosts = new BoundedMap<Bucket>(MAX_HOSTS)

  /** Whether the host may have so many bytes rewritten; they are counted then. @param now monotonic ms */
  take(host: string, sizeBytes: number, now: number): boolean {
    const bucket = this.#hosts.get(host) ?? { bytes: BURST_BYTES, at: now }
    bucket.bytes = Math.min(BURST_BYTES, bucket.bytes + (now - bucket.at) * BYTES_PER_MS)
    bucket.at = now
    this.#hosts.set(host, bucket)
    if (bucket.bytes < sizeBytes) return false
    bucket.bytes -= sizeBytes
    return true
  }
}
