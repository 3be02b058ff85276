/**
 * Memory for short-lived copies: many in one buffer. A buffer for each costs a browser, and the collector of any runtime,
 * more than the copy itself.
 *
 * Not for what users get: a page may hand a buffer over to a Worker, and whatever shares it would be gone as well.
 */

/** What a copy keeps in memory at most. */
const SLAB_BYTES = 8192

/** Longer ones get a buffer of their own, so that little of a slab is left empty. */
const MAX_SHARED_BYTES = SLAB_BYTES / 8

export class Slab {
  #bytes = new Uint8Array(SLAB_BYTES)
  #used = 0
  #at = 0

  /** Where the last copy is: from {@link at} on. */
  bytes: Uint8Array = this.#bytes

  get at(): number {
    return this.#at
  }

  /** Makes a copy, which {@link bytes} and {@link at} tell of until the next one is made. */
  copy(source: Uint8Array): void {
    const size = source.length
    if (size > MAX_SHARED_BYTES) {
      this.bytes = Uint8Array.from(source)
      this.#at = 0
      return
    }
    if (this.#used + size > SLAB_BYTES) {
      this.#bytes = new Uint8Array(SLAB_BYTES)
      this.#used = 0
    }
    this.#bytes.set(source, this.#used)
    this.bytes = this.#bytes
    this.#at = this.#used
    this.#used += size
  }
}
