/**
 * Counts the requests a host sends, as the network sees them: all of them, or those of one lookup, retransmissions
 * included. It knows nothing of the implementation that sends them.
 *
 * Requests of a lookup are told from others by their target. A target with one bit flipped belongs to it as well: that
 * is how our lookups ask for what a node has left out. Random targets are never that near to each other.
 */
import type { Datagram } from '../../lib/simulation/in-flight.js'
import type { Tap } from '../../lib/simulation/network.js'

/** First byte of a request (wire protocol, section 4). */
const REQUEST = 0x03

/** Flags of the fields before the command, and of the target behind it (section 5). */
const FLAG_ID = 0x01
const FLAG_TOKEN = 0x02
const FLAG_TARGET = 0x08

const FIELD_BYTES = 32
const TARGET_BYTES = 32

/** First byte, flags, transaction id and destination. */
const HEAD_BYTES = 10

/** Commands are one byte long: the protocol's own are, and the application's here too. */
const COMMAND_BYTES = 1

/** Requests counted so far; it goes on until it is stopped. */
export interface Count {
  readonly requests: number
  /** Keeps its value from now on. Idempotent. */
  stop(): void
}

interface Watch {
  requests: number
  /** null: any request of the host. */
  readonly target: Uint8Array | null
}

/** Sees all datagrams through the network's tap. */
export class RequestCounter {
  /** By address of the asking host. BOUNDED: by the counts that were not stopped. */
  readonly #watches = new Map<string, Set<Watch>>()

  /** Give it to the network. */
  readonly tap: Tap = (datagram) => this.#see(datagram)

  /**
   * Counts from now on.
   *
   * @param host address of the sender
   * @param target 32-byte Uint8Array of a lookup, kept; null counts all requests of the host
   */
  watch(host: string, target: Uint8Array | null = null): Count {
    const watch: Watch = { requests: 0, target }
    const ofHost = this.#watches.get(host)
    if (ofHost === undefined) this.#watches.set(host, new Set([watch]))
    else ofHost.add(watch)
    return {
      get requests() {
        return watch.requests
      },
      stop: () => this.#forget(host, watch),
    }
  }

  #forget(host: string, watch: Watch): void {
    const ofHost = this.#watches.get(host)
    if (ofHost?.delete(watch) && ofHost.size === 0) this.#watches.delete(host)
  }

  #see({ bytes, fromHost }: Datagram): void {
    if (bytes[0] !== REQUEST) return
    const watches = this.#watches.get(fromHost)
    if (watches === undefined) return
    const targetAt = targetOffset(bytes)
    for (const watch of watches) {
      if (watch.target === null || (targetAt !== -1 && isNear(bytes, targetAt, watch.target))) watch.requests++
    }
  }
}

/** Where the target of a request begins; -1 when it has none. */
function targetOffset(bytes: Uint8Array): number {
  const flags = bytes[1]!
  if ((flags & FLAG_TARGET) === 0) return -1
  let offset = HEAD_BYTES + COMMAND_BYTES
  if ((flags & FLAG_ID) !== 0) offset += FIELD_BYTES
  if ((flags & FLAG_TOKEN) !== 0) offset += FIELD_BYTES
  return offset
}

/** Whether the target at this offset is the same, but for one bit at most. */
function isNear(bytes: Uint8Array, offset: number, target: Uint8Array): boolean {
  let flipped = 0
  for (let i = 0; i < TARGET_BYTES && flipped <= 1; i++) {
    for (let rest = bytes[offset + i]! ^ target[i]!; rest !== 0; rest &= rest - 1) flipped++
  }
  return flipped <= 1
}
