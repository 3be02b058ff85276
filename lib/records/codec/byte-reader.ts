/**
 * Reads fields one after the other, as compact-encoding writes them. That package throws where bytes are missing or
 * malformed, and what comes from strangers often is. Nothing is thrown here: it sets `failed`, and reads as nothing; and
 * whether there are enough bytes is seen before they are read, for an exception costs as much as fifty fields.
 */
import c from 'compact-encoding'
import { uintBytesFrom } from '../../wire/varint.js'

const NOTHING = new Uint8Array(0)

export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #state: c.State
  /** Whether a field was not there, or malformed. */
  failed = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#state = c.state(0, bytes.length, bytes)
  }

  /** Offset of the next field. */
  get at(): number {
    return this.#state.start
  }

  /** Bytes that have not been read. */
  get rest(): number {
    return this.#state.end - this.#state.start
  }

  /** The next byte; 0 when it failed. */
  byte(): number {
    if (!this.#has(1)) return 0
    return c.uint8.decode(this.#state)
  }

  /** A uint; 0 when it failed. */
  uint(): number {
    if (!this.#has(1) || !this.#has(uintBytesFrom(this.#bytes[this.#state.start]!))) return 0
    return this.read(c.uint) ?? 0
  }

  /** A view of the next `sizeBytes` bytes; an empty one when it failed. */
  take(sizeBytes: number): Uint8Array {
    if (!this.#has(sizeBytes)) return NOTHING
    const state = this.#state
    state.start += sizeBytes
    return this.#bytes.subarray(state.start - sizeBytes, state.start)
  }

  /** A view of bytes with their number in front; an empty one when it failed, or when they are more than `maxBytes`. */
  sized(maxBytes: number = Infinity): Uint8Array {
    const sizeBytes = this.uint()
    if (sizeBytes > maxBytes) this.failed = true
    return this.take(sizeBytes)
  }

  /** Whatever an encoding of compact-encoding reads; null when it failed. It must check each length before it allocates. */
  read<T>({ decode }: { decode: (state: c.State) => T }): T | null {
    if (this.failed) return null
    try {
      return decode(this.#state)
    } catch {
      this.failed = true
      return null
    }
  }

  #has(sizeBytes: number): boolean {
    if (this.failed || sizeBytes > this.rest) this.failed = true
    return !this.failed
  }

  /** A view of what was read since `start`. */
  slice(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.at)
  }
}
