/**
 * Frames of the tunnel that carry datagrams, many in one message, the same in both directions (docs/PROTOCOL.md, "The
 * tunnel"):
 *
 * ```
 * frame  = type (1) · consumed (4) · record*
 * record = socket (1) · ttl (1) · IPv4 address (4, in reading order) · port (2) · size (2) · datagram
 * ```
 *
 * Numbers are little-endian. `consumed` is the credit: bytes of records that the sender of this frame has taken in since
 * the connection began, modulo 2^32. A frame without records carries nothing but that.
 *
 * Invariants: a frame is read as a whole or refused as a whole; reading never throws and copies nothing.
 */
import b4a from 'b4a'

/** First byte of a frame with datagrams. */
export const DATAGRAMS = 0x04

/** Type and credit. */
export const FRAME_HEADER_BYTES = 5

/** What a record has before its datagram. */
export const RECORD_HEADER_BYTES = 10

/** First size of a batch: about ten requests; it grows by doubling. */
const FIRST_BATCH_BYTES = 1024

/**
 * A frame is not made longer than this. The cost of a message is shared by a hundred datagrams by then, and what is
 * behind it in the connection does not wait for long.
 */
export const MAX_FRAME_BYTES = 32 * 1024

/** Datagrams that become one frame. */
export class DatagramBatch {
  #bytes: Uint8Array = b4a.allocUnsafe(FIRST_BATCH_BYTES)
  #size = FRAME_HEADER_BYTES

  /** Bytes of the records in it. */
  get recordBytes(): number {
    return this.#size - FRAME_HEADER_BYTES
  }

  get isEmpty(): boolean {
    return this.#size === FRAME_HEADER_BYTES
  }

  /** Whether one more datagram of this size would make the frame too long; never so while it is empty. */
  isFull(datagramBytes: number): boolean {
    return !this.isEmpty && this.#size + RECORD_HEADER_BYTES + datagramBytes > MAX_FRAME_BYTES
  }

  /** Adds a copy of a datagram of at most 65535 bytes. */
  add(socket: number, ip: number, port: number, datagram: Uint8Array, ttl = 0): void {
    const at = this.#size
    const end = at + RECORD_HEADER_BYTES + datagram.length
    if (end > this.#bytes.length) this.#grow(end)
    const bytes = this.#bytes
    bytes[at] = socket
    bytes[at + 1] = ttl
    bytes[at + 2] = ip >>> 24
    bytes[at + 3] = ip >>> 16
    bytes[at + 4] = ip >>> 8
    bytes[at + 5] = ip
    bytes[at + 6] = port
    bytes[at + 7] = port >>> 8
    bytes[at + 8] = datagram.length
    bytes[at + 9] = datagram.length >>> 8
    bytes.set(datagram, at + RECORD_HEADER_BYTES)
    this.#size = end
  }

  /** The frame, which is the caller's from here on; the batch begins anew. */
  take(consumed: number): Uint8Array {
    const frame = this.#bytes.subarray(0, this.#size)
    frame[0] = DATAGRAMS
    frame[1] = consumed
    frame[2] = consumed >>> 8
    frame[3] = consumed >>> 16
    frame[4] = consumed >>> 24
    // The next one is likely to be as long.
    this.#bytes = b4a.allocUnsafe(Math.max(FIRST_BATCH_BYTES, this.#size))
    this.#size = FRAME_HEADER_BYTES
    return frame
  }

  #grow(least: number): void {
    const bytes = b4a.allocUnsafe(Math.max(least, this.#bytes.length * 2))
    bytes.set(this.#bytes.subarray(0, this.#size))
    this.#bytes = bytes
  }
}

/** Reads the records of a frame one after the other: `while (reader.next())` its fields are those of the next one. */
export class DatagramReader {
  /** The credit in the frame. */
  readonly consumed: number
  /** Bytes of all records. */
  readonly recordBytes: number
  socket = 0
  ttl = 0
  /** IPv4 number. */
  ip = 0
  port = 0
  /** A view into the frame. */
  datagram: Uint8Array
  readonly #frame: Uint8Array
  #at = FRAME_HEADER_BYTES

  private constructor(frame: Uint8Array) {
    this.#frame = frame
    this.datagram = frame
    this.recordBytes = frame.length - FRAME_HEADER_BYTES
    this.consumed = (frame[1]! | (frame[2]! << 8) | (frame[3]! << 16) | (frame[4]! << 24)) >>> 0
  }

  /** @returns null where the frame is not made of whole records */
  static open(frame: Uint8Array): DatagramReader | null {
    const { length } = frame
    if (length < FRAME_HEADER_BYTES || frame[0] !== DATAGRAMS) return null
    let at = FRAME_HEADER_BYTES
    while (at + RECORD_HEADER_BYTES <= length) at += RECORD_HEADER_BYTES + sizeAt(frame, at)
    return at === length ? new DatagramReader(frame) : null
  }

  next(): boolean {
    const frame = this.#frame
    const at = this.#at
    if (at >= frame.length) return false
    this.socket = frame[at]!
    this.ttl = frame[at + 1]!
    this.ip = ((frame[at + 2]! << 24) | (frame[at + 3]! << 16) | (frame[at + 4]! << 8) | frame[at + 5]!) >>> 0
    this.port = frame[at + 6]! | (frame[at + 7]! << 8)
    const from = at + RECORD_HEADER_BYTES
    this.#at = from + sizeAt(frame, at)
    this.datagram = frame.subarray(from, this.#at)
    return true
  }
}

/** Size of the datagram of the record at `at`. */
function sizeAt(frame: Uint8Array, at: number): number {
  return frame[at + 8]! | (frame[at + 9]! << 8)
}
