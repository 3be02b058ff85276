/**
 * Flow control by credit: the receiver says how many bytes it has taken in, and the sender drops, as UDP would, what
 * would put more than the window on the way. Pure; one of each at both ends.
 *
 * A socket's own measure (`bufferedAmount`) sees the queue of this process alone. Behind it lie the buffers of two
 * systems and of the browser, megabytes in all: a page that stood still for two seconds would get two seconds of old
 * datagrams. With the window it gets 64 KiB of them.
 *
 * Invariant: bytes on the way never exceed the window, whatever the other side says.
 */

/** Half a second of a busy node. */
export const DEFAULT_WINDOW_BYTES = 64 * 1024

/** Two of the longest datagrams. */
export const MIN_WINDOW_BYTES = 4096

/** More is no flow control. */
export const MAX_WINDOW_BYTES = 16 * 1024 * 1024

/** Credit is returned when this part of the window was consumed: often enough, and no message for each message. */
const RETURN_PARTS = 4

export class SendCredit {
  readonly #windowBytes: number
  #sent = 0
  #consumed = 0

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes
  }

  /** Bytes sent and not known to be consumed. */
  get onTheWay(): number {
    return (this.#sent - this.#consumed) >>> 0
  }

  /** Whether this many bytes may be sent; they count as sent then. */
  take(sizeBytes: number): boolean {
    if (this.onTheWay + sizeBytes > this.#windowBytes) return false
    this.#sent = (this.#sent + sizeBytes) >>> 0
    return true
  }

  /**
   * The other side has consumed this many bytes in all, modulo 2^32.
   *
   * @returns false where that cannot be: more than was sent, or less than it said before
   */
  onConsumed(total: number): boolean {
    const step = (total - this.#consumed) >>> 0
    if (step > this.onTheWay) return false
    this.#consumed = total >>> 0
    return true
  }
}

export class ReceiveCredit {
  readonly #returnBytes: number
  #consumed = 0
  #told = 0

  constructor(windowBytes: number) {
    this.#returnBytes = windowBytes / RETURN_PARTS
  }

  /** Whether it is time to tell. */
  get isDue(): boolean {
    return (this.#consumed - this.#told) >>> 0 >= this.#returnBytes
  }

  onConsumed(sizeBytes: number): void {
    this.#consumed = (this.#consumed + sizeBytes) >>> 0
  }

  /** What to tell: bytes consumed in all, modulo 2^32. */
  tell(): number {
    this.#told = this.#consumed
    return this.#consumed
  }
}
