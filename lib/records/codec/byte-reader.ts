/** Reads fields one after the other. Never throws: what goes beyond the end sets `failed`, and reads as nothing. */
import { readUint, uintBytesFrom } from '../../wire/varint.js'

const NOTHING = new Uint8Array(0)

export class ByteReader {
  readonly #bytes: Uint8Array
  /** Offset of the next field. */
  at = 0
  /** Whether a field was not there, or malformed. */
  failed = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes that have not been read. */
  get rest(): number {
    return this.#bytes.length - this.at
  }

  /** The next byte; 0 when it failed. */
  byte(): number {
    return this.take(1)[0] ?? 0
  }

  /** A varint; 0 when it failed. */
  uint(): number {
    const value = this.failed ? -1 : readUint(this.#bytes, this.at)
    if (value === -1) {
      this.failed = true
      return 0
    }
    this.at += uintBytesFrom(this.#bytes[this.at]!)
    return value
  }

  /** A view of the next `sizeBytes` bytes; an empty one when it failed. */
  take(sizeBytes: number): Uint8Array {
    if (this.failed || sizeBytes > this.rest) {
      this.failed = true
      return NOTHING
    }
    this.at += sizeBytes
    return this.#bytes.subarray(this.at - sizeBytes, this.at)
  }

  /** A view of what was read since `start`. */
  slice(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.at)
  }
}
