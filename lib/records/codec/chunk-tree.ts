/**
 * The tree of hashes over a segment of a large value (docs/RECORDS.md, "Large values"): chunks of what fits a datagram,
 * groups of 32 of them, and the segment, whose hash is its address. With the hashes of its group, which fit a datagram
 * themselves, each chunk can be verified on its own the moment it comes.
 *
 *     chunk hash     H("chunk", bytes of the chunk)
 *     group hash     H("group", the hashes of up to 32 chunks)
 *     address        H("segment", size in bytes as 4 bytes little-endian, the hashes of up to 4 groups)
 *
 * H(name, bytes) is BLAKE2b-256 keyed with the hash of `xorpc/records/` and the name, so that no level can pass for another.
 */
import b4a from 'b4a'
import { blake2b, HASH_BYTES } from '../../primitives/hash.js'

/** With everything around it, a chunk fits a datagram that nobody splits. */
export const CHUNK_BYTES = 1024

/** As many hashes as a chunk has room for. */
export const GROUP_CHUNKS = 32

/**
 * Longest segment. Each is looked up once, which costs as many datagrams as 25 chunks: a fifth of its own. Longer ones
 * would save little, and cost holders more memory while they come in.
 */
export const SEGMENT_BYTES = 131_072

const GROUP_BYTES = GROUP_CHUNKS * CHUNK_BYTES
const MAX_GROUPS = SEGMENT_BYTES / GROUP_BYTES

const KEY = { chunk: keyOf('chunk'), group: keyOf('group'), segment: keyOf('segment') }

function keyOf(name: string): Uint8Array {
  return blake2b(b4a.from(`xorpc/records/${name}`)).slice()
}

/** Every hash of a segment. */
export interface ChunkTree {
  /** 32 bytes: what the segment is stored under. */
  readonly address: Uint8Array
  readonly sizeBytes: number
  /** The hashes of all groups, one after the other. */
  readonly groupHashes: Uint8Array
  /** Of each group, the hashes of its chunks, one after the other. */
  readonly chunkHashes: readonly Uint8Array[]
}

/** How many chunks a segment of so many bytes has. */
export function chunkCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / CHUNK_BYTES)
}

/** How many groups a segment of so many bytes has. */
export function groupCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / GROUP_BYTES)
}

/** Whether a segment can have so many bytes. */
export function isSegmentSize(sizeBytes: number): boolean {
  return Number.isInteger(sizeBytes) && sizeBytes > 0 && sizeBytes <= SEGMENT_BYTES
}

/** A view of one chunk of a segment. */
export function chunkOf(segment: Uint8Array, index: number): Uint8Array {
  return segment.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
}

/** @param segment 1 to SEGMENT_BYTES bytes */
export function treeOf(segment: Uint8Array): ChunkTree {
  const sizeBytes = segment.length
  const chunkHashes: Uint8Array[] = []
  const groupHashes = b4a.alloc(groupCount(sizeBytes) * HASH_BYTES)
  for (let start = 0, group = 0; start < sizeBytes; start += GROUP_BYTES, group++) {
    const hashes = hashChunks(segment.subarray(start, start + GROUP_BYTES))
    chunkHashes.push(hashes)
    groupHashes.set(blake2b(hashes, KEY.group), group * HASH_BYTES)
  }
  return { address: addressOf(sizeBytes, groupHashes), sizeBytes, groupHashes, chunkHashes }
}

/** The address alone. */
export function segmentAddress(segment: Uint8Array): Uint8Array {
  return treeOf(segment).address
}

/** What proves the chunks of one group: the hashes of all groups, then those of its chunks. At most 1152 bytes. */
export function encodeGroupProof({ groupHashes, chunkHashes }: ChunkTree, group: number): Uint8Array {
  return b4a.concat([groupHashes, chunkHashes[group]!])
}

/**
 * The hashes of the chunks of a group, if they are those of the segment with this address and size; else null.
 *
 * @returns a view of `proof`
 */
export function verifyGroupProof(
  { address, sizeBytes }: Pick<ChunkTree, 'address' | 'sizeBytes'>,
  group: number,
  proof: Uint8Array,
): Uint8Array | null {
  if (!isSegmentSize(sizeBytes)) return null
  const groups = groupCount(sizeBytes)
  if (group < 0 || group >= groups) return null
  const count = Math.min(GROUP_CHUNKS, chunkCount(sizeBytes) - group * GROUP_CHUNKS)
  const hashesAt = groups * HASH_BYTES
  if (proof.length !== hashesAt + count * HASH_BYTES) return null
  const groupHashes = proof.subarray(0, hashesAt)
  const hashes = proof.subarray(hashesAt)
  const expected = groupHashes.subarray(group * HASH_BYTES, (group + 1) * HASH_BYTES)
  const isProved =
    b4a.equals(blake2b(hashes, KEY.group), expected) && b4a.equals(addressOf(sizeBytes, groupHashes), address)
  return isProved ? hashes : null
}

/** Whether a chunk is the one with this hash among those of its group. @param indexInGroup 0 to 31 */
export function isChunk(chunk: Uint8Array, hashes: Uint8Array, indexInGroup: number): boolean {
  const at = indexInGroup * HASH_BYTES
  return b4a.equals(blake2b(chunk, KEY.chunk), hashes.subarray(at, at + HASH_BYTES))
}

function hashChunks(bytes: Uint8Array): Uint8Array {
  const count = chunkCount(bytes.length)
  const hashes = b4a.alloc(count * HASH_BYTES)
  for (let i = 0; i < count; i++) hashes.set(blake2b(chunkOf(bytes, i), KEY.chunk), i * HASH_BYTES)
  return hashes
}

function addressOf(sizeBytes: number, groupHashes: Uint8Array): Uint8Array {
  const bytes = b4a.alloc(SIZE_BYTES + groupHashes.length)
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, sizeBytes, true)
  bytes.set(groupHashes, SIZE_BYTES)
  return blake2b(bytes, KEY.segment).slice()
}

const SIZE_BYTES = 4

/** BOUNDED: what verifyGroupProof takes. */
export const MAX_PROOF_BYTES = (MAX_GROUPS + GROUP_CHUNKS) * HASH_BYTES
