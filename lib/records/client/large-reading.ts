/** Reading a large value: its segments in order, some of them fetched ahead, each chunk verified against the root. */
import b4a from 'b4a'
import { SEGMENT_BYTES } from '../codec/chunk-tree.js'
import { decodeTop, type LargeTop } from '../codec/large-top.js'
import { RecordsError } from '../records-error.js'
import type { Call, Calls } from './calls.js'
import type { CallContext, ClientContext, WaitOptions } from './context.js'
import { RequestPool } from './request-pool.js'
import { fetchSegment } from './segment-download.js'

export interface LargeProgress {
  readonly doneBytes: number
  /** null where it is not known yet. */
  readonly totalBytes: number | null
}

/** Arguments of a reading, checked. */
export interface ReadingOptions {
  readonly root: Uint8Array
  readonly channel: string
  readonly from: number
  readonly to: number
  readonly maxBytes: number
  readonly wait: WaitOptions
  readonly onProgress: ((progress: LargeProgress) => void) | null
}

/** What a reading needs of the module. */
export interface ReadingHost {
  readonly calls: Calls
  readonly context: ClientContext
  /** Resolves when the store is open. */
  readonly ready: () => Promise<void>
}

/** Segments on the way at the same time: most of each one's time is waiting. */
const AHEAD = 16

/**
 * A large value as it comes in. An async iterable of verified pieces, in order; it fetches no more than 16 pieces (2 MiB)
 * ahead of who reads. Can be read once.
 *
 * @example
 * for await (const bytes of records.large.get(root)) process.stdout.write(bytes)
 */
export class LargeReading implements AsyncIterable<Uint8Array> {
  readonly #host: ReadingHost
  readonly #options: ReadingOptions
  #isStarted = false
  #sizeBytes: number | null = null
  #rejected = 0
  #doneBytes = 0

  /** @internal Made by `records.large.get`. */
  constructor(host: ReadingHost, options: ReadingOptions) {
    this.#host = host
    this.#options = options
  }

  /** Bytes of the whole value; null until that is known. */
  get sizeBytes(): number | null {
    return this.#sizeBytes
  }

  /** Chunks that came in and were not what they should have been: they were fetched elsewhere. */
  get rejected(): number {
    return this.#rejected
  }

  /**
   * All that is wanted, in one buffer.
   *
   * @returns rejects as reading does: RecordsError VALUE_UNAVAILABLE, RECORD_REFUSED for more than `maxBytes`,
   *   RECORDS_CLOSED, DEADLINE_EXCEEDED, or the signal's reason
   */
  async bytes(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const piece of this) pieces.push(piece)
    return pieces.length === 1 ? pieces[0]! : b4a.concat(pieces)
  }

  /** @throws TypeError when it is read a second time */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#isStarted) throw new TypeError('a large value can be read once; call get again')
    this.#isStarted = true
    return this.#read()
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    const { calls, context, ready } = this.#host
    const call = calls.open(this.#options.wait)
    try {
      await call.race(ready())
      yield* this.#readIn(call, { ...context, session: call.session })
    } catch (error) {
      throw call.failureOf(error)
    } finally {
      call.end()
      // Whoever has stopped reading wants nothing of what is still on the way.
      call.session.destroy()
    }
  }

  async *#readIn(call: Call, context: CallContext): AsyncGenerator<Uint8Array> {
    const { root, from, to } = this.#options
    const { session, clock, node } = context
    const pool = new RequestPool({ session, clock, maxWindow: node.config.maxWindow })
    const fetch = (address: Uint8Array, sizeBytes: number | null, first = 0, end = Infinity, counts = true) =>
      fetchSegment(context, pool, {
        channel: this.#options.channel,
        address,
        sizeBytes,
        from: first,
        to: end,
        onBytes: (size) => counts && this.#note(size),
        onRejected: () => void this.#rejected++,
      })
    try {
      const top = this.#open(await call.race(fetch(root, null, 0, Infinity, false)))
      if (top.kind === 'value') {
        const value = top.value.slice(from, to)
        this.#note(value.length)
        if (value.length > 0) yield value
        return
      }
      const end = Math.min(to, top.sizeBytes)
      const ahead: Promise<Uint8Array>[] = []
      let next = Math.floor(from / SEGMENT_BYTES)
      for (let at = next; at * SEGMENT_BYTES < end; at++) {
        for (; ahead.length < AHEAD && next * SEGMENT_BYTES < end; next++) {
          const start = next * SEGMENT_BYTES
          const sizeBytes = Math.min(SEGMENT_BYTES, top.sizeBytes - start)
          const fetching = fetch(
            top.addresses[next]!,
            sizeBytes,
            Math.max(0, from - start),
            Math.min(sizeBytes, end - start),
          )
          fetching.catch(() => {}) // heard when it is its turn
          ahead.push(fetching)
        }
        const start = at * SEGMENT_BYTES
        const segment = await call.race(ahead.shift()!)
        yield segment.slice(Math.max(0, from - start), end - start)
      }
    } finally {
      pool.fail(new Error('the reading is over'))
    }
  }

  /** @throws RecordsError */
  #open(bytes: Uint8Array): LargeTop {
    const top = decodeTop(bytes)
    if (top === null) throw new RecordsError('VALUE_UNAVAILABLE', 'the root is not that of a large value')
    const sizeBytes = top.kind === 'value' ? top.value.length : top.sizeBytes
    const { maxBytes } = this.#options
    this.#sizeBytes = sizeBytes
    if (sizeBytes <= maxBytes) return top
    const refusal = { reason: 'VALUE_TOO_LARGE', limit: maxBytes, size: sizeBytes } as const
    const text = `VALUE_TOO_LARGE: ${sizeBytes} bytes, the limit is ${maxBytes}`
    throw new RecordsError('RECORD_REFUSED', text, { refusal })
  }

  #note(sizeBytes: number): void {
    this.#doneBytes += sizeBytes
    const { from, to, onProgress } = this.#options
    const end = Math.min(to, this.#sizeBytes!)
    onProgress?.({ doneBytes: this.#doneBytes, totalBytes: Math.max(0, end - from) })
  }
}
