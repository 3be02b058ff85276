/**
 * Large values (docs/RECORDS.md, "Large values"): cut into segments, each of which lies on the ten nodes nearest to its
 * hash, and found again by one 32-byte root that every byte is verified against.
 */
import { HASH_BYTES } from '../../primitives/hash.js'
import { SEGMENT_BYTES, treeOf } from '../codec/chunk-tree.js'
import { decodeTop, MAX_LARGE_BYTES } from '../codec/large-top.js'
import { toHex } from '../hex.js'
import { LARGE_CHANNEL } from '../holder/claim.js'
import { checkNumber, type RecordsConfig } from '../options.js'
import { checkChannel } from '../record-options.js'
import { RecordsError } from '../records-error.js'
import { DEFAULT_LIMITS } from '../rules/limits.js'
import { type Call, checkWait } from './calls.js'
import type { CallContext, WaitOptions } from './context.js'
import { type LargeProgress, LargeReading, type ReadingHost } from './large-reading.js'
import { checkSource, type LargeSource, openSource, segmentsOf, type SourceSegment } from './large-source.js'
import type { Kept } from './republisher.js'
import { RequestPool } from './request-pool.js'
import { fetchSegment } from './segment-download.js'
import { placeSegment, type SegmentPlaced } from './segment-placing.js'
import type { Segment } from './segment-upload.js'

export interface LargePutOptions extends WaitOptions {
  /** Namespace with limits of its own, up to 32 bytes of UTF-8. Default `'large'`: no value crowds out records. */
  channel?: string
  /** Life in ms. Default: the module's `defaultTtlMs`. */
  ttlMs?: number
  /** Prolong its life before it ends, for as long as this process lives; the source is not needed again. Default true. */
  republish?: boolean
  /** Called when more of it is on as many holders as are needed. What it throws, the call rejects with. */
  onProgress?: (progress: LargeProgress) => void
}

export interface LargePutResult {
  /** 32 bytes: what it is found by, and what every byte is verified against. */
  readonly root: Uint8Array
  readonly sizeBytes: number
  /** Wall time in ms at which it ends. */
  readonly expiresAtMs: number
  /** Segments of up to 128 KiB. */
  readonly segments: number
  /** Nodes that keep the segment which the fewest keep. */
  readonly fewestHolders: number
  /** Segments that a holder had already, all holders together: only their lives were prolonged. */
  readonly known: number
  /** Bytes sent to holders, all together, without what surrounds them in a datagram. */
  readonly sentBytes: number
}

export interface LargeGetOptions extends WaitOptions {
  /** Where it was put. Default `'large'`. */
  channel?: string
  /** First byte that is wanted: of a reading that broke off, as many as came in. Default 0. */
  from?: number
  /** The byte behind the last that is wanted. Default: the end. */
  to?: number
  /** A longer value is refused before it is fetched. Default 500 MiB, the most there is. */
  maxBytes?: number
  /** Called for each chunk that has come in and been verified; `totalBytes` is never null. */
  onProgress?: (progress: LargeProgress) => void
}

export interface LargeRenewOptions extends WaitOptions {
  /** Where it was put. Default `'large'`. */
  channel?: string
  /** Life in ms, from now on. Default: the module's `defaultTtlMs`. */
  ttlMs?: number
}

export type LargeRenewed = Pick<LargePutResult, 'expiresAtMs' | 'segments' | 'fewestHolders' | 'known' | 'sentBytes'>

export interface LargeHost extends ReadingHost {
  readonly config: RecordsConfig
  readonly keepAlive: (kept: Kept) => void
}

/** Segments that are brought to their holders at the same time: most of each one's time is waiting. 1 MiB of memory. */
const AT_A_TIME = 8

interface Place {
  readonly channel: string
  readonly ttlMs: number
}

/** What has become of the segments so far. */
interface Tally {
  segments: number
  fewestHolders: number
  known: number
}

export class LargeValues {
  readonly #host: LargeHost

  /** @internal */
  constructor(host: LargeHost) {
    this.#host = host
  }

  /**
   * Writes a value of up to 500 MiB. The same bytes have the same root, whoever writes them and wherever they come from;
   * what of them is there already is not sent again. So an attempt that was broken off is resumed by making it again.
   *
   * @param source a Uint8Array, not to be changed until the call has settled; or an iterable, an async iterable or a web
   *   ReadableStream of such, which is read as fast as the holders take it
   * @returns rejects with RecordsError TOO_FEW_STORED (fewer holders than a quorum took a segment), RECORD_REFUSED (more
   *   than 500 MiB), RECORDS_CLOSED, DEADLINE_EXCEEDED, the signal's reason, or what the source throws
   * @throws TypeError or RangeError for bad arguments
   * @example
   * const { root } = await records.large.put(createReadStream('film.mp4'), { ttlMs: 86_400_000 })
   */
  put(source: LargeSource, options: LargePutOptions = {}): Promise<LargePutResult> {
    const bytes = checkSource(source)
    const place = this.#placeOf(options)
    const { onProgress, republish } = options
    checkCallback(onProgress)
    return this.#run(options, (context, pool, call) =>
      this.#write(bytes, place, onProgress, { context, pool, call }),
    ).then((result) => {
      if (republish !== false) this.#keepAlive(result.root, place)
      return result
    })
  }

  /**
   * Reads a value. Nothing is asked before the result is read.
   *
   * @param root 32 bytes, as `put` gave it
   * @throws TypeError or RangeError for bad arguments
   * @example
   * const bytes = await records.large.get(root).bytes()
   */
  get(root: Uint8Array, options: LargeGetOptions = {}): LargeReading {
    checkWait(options)
    const { onProgress } = options
    checkCallback(onProgress)
    const from = checkNumber(options.from, 'from', 0, 0, MAX_LARGE_BYTES)
    return new LargeReading(this.#host, {
      root: checkRoot(root),
      channel: checkChannel(options.channel ?? LARGE_CHANNEL),
      from,
      to: checkNumber(options.to, 'to', Number.MAX_SAFE_INTEGER, from, Number.MAX_SAFE_INTEGER),
      maxBytes: checkNumber(options.maxBytes, 'maxBytes', MAX_LARGE_BYTES, 0, Number.MAX_SAFE_INTEGER),
      wait: options,
      onProgress: onProgress ?? null,
    })
  }

  /**
   * Prolongs the life of a value, whoever wrote it: a lookup and some ten datagrams for each segment. Nodes that should
   * hold one and do not get it.
   *
   * @param root 32 bytes
   * @returns rejects with RecordsError VALUE_UNAVAILABLE, TOO_FEW_STORED, RECORDS_CLOSED, DEADLINE_EXCEEDED, or the
   *   signal's reason
   * @throws TypeError or RangeError for bad arguments
   */
  renew(root: Uint8Array, options: LargeRenewOptions = {}): Promise<LargeRenewed> {
    checkRoot(root)
    const place = this.#placeOf(options)
    return this.#run(options, async (context, pool, call) => {
      const fetch = (address: Uint8Array, sizeBytes: number | null): Promise<Uint8Array> =>
        fetchSegment(context, pool, { channel: place.channel, address, sizeBytes, ...WHOLE })
      const top = await fetch(root, null)
      const opened = decodeTop(top)
      if (opened === null) throw new RecordsError('VALUE_UNAVAILABLE', 'the root is not that of a large value')
      const addresses = opened.kind === 'index' ? opened.addresses : []
      const last = opened.kind === 'index' ? opened.sizeBytes - (addresses.length - 1) * SEGMENT_BYTES : 0
      const placing = new Placing(context, pool, { ...place, expiresAtMs: this.#endOf(place) })
      await call.race(placing.add(root, async () => top))
      for (const [i, address] of addresses.entries()) {
        await call.race(placing.add(address, () => fetch(address, i === addresses.length - 1 ? last : SEGMENT_BYTES)))
      }
      await call.race(placing.finish())
      return { ...placing.tally, expiresAtMs: placing.expiresAtMs, sentBytes: pool.sentBytes }
    })
  }

  /**
   * The root that a value has, computed here: nothing is sent.
   *
   * @param source as for {@link put}
   * @returns rejects with RecordsError RECORD_REFUSED for more than 500 MiB, or what the source throws
   */
  async rootOf(source: LargeSource): Promise<{ root: Uint8Array; sizeBytes: number }> {
    let sizeBytes = 0
    for await (const { isTop, valueBytes, tree } of segmentsOf(openSource(checkSource(source)).items)) {
      sizeBytes += valueBytes
      if (isTop) return { root: tree.address, sizeBytes }
    }
    throw new Error('a value without a top')
  }

  async #write(
    source: LargeSource,
    place: Place,
    onProgress: LargePutOptions['onProgress'],
    { context, pool, call }: { context: CallContext; pool: RequestPool; call: Call },
  ): Promise<LargePutResult> {
    const placing = new Placing(context, pool, { ...place, expiresAtMs: this.#endOf(place) })
    const progress = new Progress(source instanceof Uint8Array ? source.length : null, onProgress)
    const { items, cancel } = openSource(source)
    const segments = segmentsOf(items)
    let top: SourceSegment | null = null
    let sizeBytes = 0
    try {
      for (;;) {
        const { done, value } = await call.race(segments.next())
        if (done === true) break
        sizeBytes += value.valueBytes
        if (value.isTop) {
          top = value
          progress.totalBytes = sizeBytes
        }
        const onShare = progress.ofSegment(value.valueBytes)
        await call.race(placing.add(value.tree.address, async () => value.bytes, value, onShare))
      }
      await call.race(placing.finish())
    } catch (error) {
      cancel(call.failureOf(error))
      throw error
    }
    const { expiresAtMs, tally } = placing
    return { root: top!.tree.address, sizeBytes, expiresAtMs, ...tally, sentBytes: pool.sentBytes }
  }

  #keepAlive(root: Uint8Array, place: Place): void {
    this.#host.keepAlive({
      name: `large/${toHex(root)}/${place.channel}`,
      ttlMs: place.ttlMs,
      write: async () => {
        await this.renew(root, place)
        return 'written'
      },
    })
  }

  #placeOf({ channel = LARGE_CHANNEL, ttlMs }: LargeRenewOptions): Place {
    const { config } = this.#host
    const name = checkChannel(channel)
    const { maxTtlMs } = config.limitsOf(name) ?? DEFAULT_LIMITS
    return { channel: name, ttlMs: checkNumber(ttlMs, 'ttlMs', config.defaultTtlMs, 1, maxTtlMs) }
  }

  #endOf({ ttlMs }: Place): number {
    return this.#host.context.clock.wallTime() + ttlMs
  }

  #run<T>(wait: WaitOptions, work: (context: CallContext, pool: RequestPool, call: Call) => Promise<T>): Promise<T> {
    const { calls, context, ready } = this.#host
    return calls.run(wait, async (session, _, call) => {
      const pool = new RequestPool({ session, clock: context.clock, maxWindow: context.node.config.maxWindow })
      try {
        await call.race(ready())
        return await work({ ...context, session }, pool, call)
      } catch (error) {
        // Nothing of it goes on.
        pool.fail(error)
        session.destroy()
        throw error
      }
    })
  }
}

const WHOLE = { from: 0, to: Infinity, onBytes: (): void => {}, onRejected: (): void => {} }

/** Segments of one value on their way, a few at a time. */
class Placing {
  readonly expiresAtMs: number
  readonly tally: Tally = { segments: 0, fewestHolders: Infinity, known: 0 }
  readonly #context: CallContext
  readonly #pool: RequestPool
  readonly #channel: string
  /** BOUNDED: by AT_A_TIME. */
  readonly #running = new Set<Promise<void>>()

  constructor(context: CallContext, pool: RequestPool, place: { channel: string; expiresAtMs: number }) {
    this.#context = context
    this.#pool = pool
    this.#channel = place.channel
    this.expiresAtMs = place.expiresAtMs
  }

  /** Resolves when there is room for the next one; rejects when one has failed. */
  async add(
    address: Uint8Array,
    fetch: () => Promise<Uint8Array>,
    known: Segment | null = null,
    onShare: (share: number) => void = () => {},
  ): Promise<void> {
    const segment = onceOnly(async () => known ?? withTree(await fetch()))
    const { channel, expiresAtMs } = { channel: this.#channel, expiresAtMs: this.expiresAtMs }
    const delivery = { channel, expiresAtMs, address, segment, onShare }
    const placing: Promise<void> = placeSegment(this.#context, this.#pool, delivery).then((placed) => {
      this.#running.delete(placing)
      this.#note(placed)
    })
    placing.catch(() => {}) // heard below
    this.#running.add(placing)
    while (this.#running.size >= AT_A_TIME) await Promise.race(this.#running)
  }

  async finish(): Promise<void> {
    await Promise.all(this.#running)
  }

  #note({ holders, known }: SegmentPlaced): void {
    this.tally.segments++
    this.tally.known += known
    this.tally.fewestHolders = Math.min(this.tally.fewestHolders, holders)
  }
}

/** Bytes that enough holders have, of all segments together. */
class Progress {
  totalBytes: number | null
  readonly #onProgress: LargePutOptions['onProgress']
  #done = 0

  constructor(totalBytes: number | null, onProgress: LargePutOptions['onProgress']) {
    this.totalBytes = totalBytes
    this.#onProgress = onProgress
  }

  ofSegment(sizeBytes: number): (share: number) => void {
    let before = 0
    return (share) => {
      const bytes = Math.floor(share * sizeBytes)
      if (bytes === before) return
      this.#done += bytes - before
      before = bytes
      this.#onProgress?.({ doneBytes: this.#done, totalBytes: this.totalBytes })
    }
  }
}

function withTree(bytes: Uint8Array): Segment {
  return { bytes, tree: treeOf(bytes) }
}

function onceOnly<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => (made ??= make())
}

function checkCallback(onProgress: unknown): void {
  if (onProgress !== undefined && typeof onProgress !== 'function') throw new TypeError('onProgress must be a function')
}

function checkRoot(root: unknown): Uint8Array {
  if (!(root instanceof Uint8Array)) throw new TypeError('root must be a 32-byte Uint8Array')
  if (root.length !== HASH_BYTES) throw new RangeError(`root must be 32 bytes, got ${root.length}`)
  return root
}
