/** Where a large value comes from, cut into the segments that it is stored as. */
import b4a from 'b4a'
import { SEGMENT_BYTES, type ChunkTree, treeOf } from '../codec/chunk-tree.js'
import { encodeTop, MAX_INLINE_BYTES, MAX_LARGE_BYTES } from '../codec/large-top.js'
import { RecordsError } from '../records-error.js'
import type { Segment } from './segment-upload.js'

/** The part of a web `ReadableStream` that is used; any is one. */
export interface ReadableStreamLike {
  getReader(): {
    read(): Promise<{ done: boolean; value?: unknown }>
    cancel(reason?: unknown): Promise<unknown>
  }
}

/** The bytes of a value: all at once, or one Uint8Array after the other, of any lengths. */
export type LargeSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array> | ReadableStreamLike

/** A source that is being read. */
export interface OpenSource {
  readonly items: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** Nothing more is wanted, even while it is waited for. */
  readonly cancel: (reason: unknown) => void
}

/** A segment of a value. The last one is the top, whose address is the root. */
export interface SourceSegment extends Segment {
  readonly isTop: boolean
  /** Bytes of the value that are in it, or in the segments that it lists and that have not been given before. */
  readonly valueBytes: number
}

/** @throws TypeError; RecordsError RECORD_REFUSED for a value that is known to be too long */
export function checkSource(source: unknown): LargeSource {
  if (source instanceof Uint8Array) {
    checkLength(source.length)
    return source
  }
  const shape = (source ?? {}) as Partial<
    Record<'getReader' | typeof Symbol.iterator | typeof Symbol.asyncIterator, unknown>
  >
  const reads = shape[Symbol.asyncIterator] ?? shape[Symbol.iterator] ?? shape.getReader
  if (typeof source === 'string' || typeof reads !== 'function') {
    throw new TypeError('source must be a Uint8Array, an iterable of such, or a ReadableStream')
  }
  return source as LargeSource
}

/** Begins to read a source. */
export function openSource(source: LargeSource): OpenSource {
  if (source instanceof Uint8Array) return { items: [source], cancel: () => {} }
  if (Symbol.asyncIterator in source) {
    const iterator = source[Symbol.asyncIterator]()
    // One that is asked for something that it has not got stays so: what waits for that goes with it.
    const cancel = (): void => void Promise.resolve(iterator.return?.()).catch(() => {})
    return { items: { [Symbol.asyncIterator]: () => iterator }, cancel }
  }
  if (Symbol.iterator in source) return { items: source, cancel: () => {} }
  const reader = source.getReader()
  return { items: readAll(reader), cancel: (reason) => void reader.cancel(reason).catch(() => {}) }
}

/**
 * The segments of a value, in the order of its bytes, then the top.
 *
 * @param items their buffers are copied
 * @returns throws TypeError for an item that is no Uint8Array, RecordsError RECORD_REFUSED for a value that is too long
 */
export async function* segmentsOf(items: OpenSource['items']): AsyncGenerator<SourceSegment> {
  const addresses: Uint8Array[] = []
  let sizeBytes = 0
  for await (const bytes of cut(items)) {
    sizeBytes += bytes.length
    checkLength(sizeBytes)
    if (addresses.length === 0 && bytes.length <= MAX_INLINE_BYTES) {
      // Shorter than a segment: there is no other.
      yield { ...segmentOf(encodeTop({ kind: 'value', value: bytes })), isTop: true, valueBytes: bytes.length }
      return
    }
    const segment = segmentOf(bytes)
    addresses.push(segment.tree.address)
    yield { ...segment, isTop: false, valueBytes: bytes.length }
  }
  yield { ...segmentOf(encodeTop({ kind: 'index', sizeBytes, addresses })), isTop: true, valueBytes: 0 }
}

function segmentOf(bytes: Uint8Array): Segment {
  return { bytes, tree: treeOf(bytes) satisfies ChunkTree }
}

/** Pieces of SEGMENT_BYTES each, the last one shorter; one of no bytes where there are none at all. */
async function* cut(items: OpenSource['items']): AsyncGenerator<Uint8Array> {
  let piece = b4a.alloc(SEGMENT_BYTES)
  let filled = 0
  let isEmpty = true
  for await (const item of items) {
    if (!((item as unknown) instanceof Uint8Array)) throw new TypeError('a source must give Uint8Arrays')
    for (let at = 0; at < item.length;) {
      const part = item.subarray(at, at + SEGMENT_BYTES - filled)
      piece.set(part, filled)
      filled += part.length
      at += part.length
      if (filled < SEGMENT_BYTES) continue
      yield piece
      isEmpty = false
      piece = b4a.alloc(SEGMENT_BYTES)
      filled = 0
    }
  }
  if (filled > 0 || isEmpty) yield piece.slice(0, filled)
}

async function* readAll(reader: ReturnType<ReadableStreamLike['getReader']>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value as Uint8Array
  }
}

function checkLength(sizeBytes: number): void {
  if (sizeBytes <= MAX_LARGE_BYTES) return
  const refusal = { reason: 'VALUE_TOO_LARGE', limit: MAX_LARGE_BYTES, size: sizeBytes } as const
  const text = `VALUE_TOO_LARGE: ${sizeBytes} bytes, the limit is ${MAX_LARGE_BYTES}`
  throw new RecordsError('RECORD_REFUSED', text, { refusal })
}
