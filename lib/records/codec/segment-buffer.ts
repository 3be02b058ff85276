/**
 * A segment that comes in chunk by chunk, in any order and from anybody. Nothing gets into it that is not proved to be
 * part of it. Pure: the holder's and the reader's side both collect in one.
 */
import b4a from 'b4a'
import { CHUNK_BYTES, chunkCount, GROUP_CHUNKS, groupCount, isChunk, verifyGroupProof } from './chunk-tree.js'

/**
 * - `taken`: it is in
 * - `known`: it was in before
 * - `forged`: it is not part of this segment
 * - `unproved`: the hashes of its group are not known yet, so nothing can be said
 */
export type ChunkVerdict = 'taken' | 'known' | 'forged' | 'unproved'

export class SegmentBuffer {
  /** 32 bytes. */
  readonly address: Uint8Array
  readonly sizeBytes: number
  /** Number of chunks. */
  readonly count: number
  /** Number of groups. */
  readonly groups: number
  /** The bytes; zeros where a chunk is missing. */
  readonly bytes: Uint8Array
  /** By group. BOUNDED: by the groups of a segment. */
  readonly #proofs: (Uint8Array | null)[]
  /** By chunk: 1 where it is in. */
  readonly #has: Uint8Array
  #taken = 0

  /** @param sizeBytes one that `isSegmentSize` is true of */
  constructor(address: Uint8Array, sizeBytes: number) {
    this.address = address
    this.sizeBytes = sizeBytes
    this.count = chunkCount(sizeBytes)
    this.groups = groupCount(sizeBytes)
    this.bytes = b4a.alloc(sizeBytes)
    this.#proofs = Array.from({ length: this.groups }, () => null)
    this.#has = new Uint8Array(this.count)
  }

  /** Chunks that are in. */
  get taken(): number {
    return this.#taken
  }

  get isWhole(): boolean {
    return this.#taken === this.count
  }

  has(index: number): boolean {
    return this.#has[index] === 1
  }

  /** Whether the hashes of a group are known. */
  isProved(group: number): boolean {
    return this.#proofs[group] != null
  }

  /** Takes the hashes of a group; false: they are not those of this segment. */
  addProof(group: number, proof: Uint8Array): boolean {
    if (this.isProved(group)) return true
    const hashes = verifyGroupProof(this, group, proof)
    if (hashes === null) return false
    this.#proofs[group] = hashes.slice()
    return true
  }

  /** Takes a chunk; its bytes are copied. */
  addChunk(index: number, chunk: Uint8Array): ChunkVerdict {
    if (!(index >= 0 && index < this.count)) return 'forged'
    if (this.has(index)) return 'known'
    const start = index * CHUNK_BYTES
    if (chunk.length !== Math.min(CHUNK_BYTES, this.sizeBytes - start)) return 'forged'
    const hashes = this.#proofs[Math.floor(index / GROUP_CHUNKS)] ?? null
    if (hashes === null) return 'unproved'
    if (!isChunk(chunk, hashes, index % GROUP_CHUNKS)) return 'forged'
    this.bytes.set(chunk, start)
    this.#has[index] = 1
    this.#taken++
    return 'taken'
  }

  /** One flag per chunk. */
  chunkFlags(): boolean[] {
    return Array.from(this.#has, (flag) => flag === 1)
  }

  /** One flag per group whose hashes are known. */
  groupFlags(): boolean[] {
    return this.#proofs.map((proof) => proof !== null)
  }
}
