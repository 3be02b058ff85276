/**
 * The segment that a large value begins at, whose address is the root of the value (docs/RECORDS.md, "Large values"):
 * the value itself where that fits, else its size and the addresses of the segments that it is made of.
 *
 * The same bytes always have the same root: it follows from them alone.
 */
import { HASH_BYTES } from '../../primitives/hash.js'
import { ByteReader } from './byte-reader.js'
import { SEGMENT_BYTES } from './chunk-tree.js'
import { byte, encodeFields, raw, uint } from './fields.js'

/** What a large value begins with. */
export type LargeTop =
  | { readonly kind: 'value'; readonly value: Uint8Array }
  | { readonly kind: 'index'; readonly sizeBytes: number; readonly addresses: readonly Uint8Array[] }

const KIND = { value: 1, index: 2 } as const

/** Up to so many bytes, a value is one segment. */
export const MAX_INLINE_BYTES = SEGMENT_BYTES - 1

/** Segments of a value: their addresses fit one segment. */
const MAX_SEGMENTS = 4000

/** Longest large value: 500 MiB. */
export const MAX_LARGE_BYTES = MAX_SEGMENTS * SEGMENT_BYTES

export function encodeTop(top: LargeTop): Uint8Array {
  if (top.kind === 'value') return encodeFields([byte(KIND.value), raw(top.value)])
  return encodeFields([byte(KIND.index), uint(top.sizeBytes), ...top.addresses.map(raw)])
}

/** null: malformed. The result has views into the bytes. */
export function decodeTop(bytes: Uint8Array): LargeTop | null {
  const reader = new ByteReader(bytes)
  const kind = reader.byte()
  if (reader.failed) return null
  if (kind === KIND.value) return { kind: 'value', value: reader.take(reader.rest) }
  if (kind !== KIND.index) return null
  const sizeBytes = reader.uint()
  if (reader.failed || sizeBytes <= MAX_INLINE_BYTES || sizeBytes > MAX_LARGE_BYTES) return null
  const count = Math.ceil(sizeBytes / SEGMENT_BYTES)
  if (reader.rest !== count * HASH_BYTES) return null
  return { kind: 'index', sizeBytes, addresses: Array.from({ length: count }, () => reader.take(HASH_BYTES)) }
}
