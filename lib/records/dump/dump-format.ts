/**
 * A dump: the entries of a channel as a sequence of bytes that tells whether it is whole (docs/RECORDS.md, "Dumps").
 *
 *     header   "xorpcdmp" version(1) createdAtMs:uint channel:bytes checksum(32)
 *     block    length(4, big-endian, not 0) { entry:bytes } … checksum(32)
 *     end      0(4) count:uint checksum(32)
 *
 * Each checksum is the BLAKE2b of the one before it and of what stands between the two, so a block that was changed, left
 * out, or put elsewhere is found where it is, and what was cut off has no end. It is against accidents: whoever can write
 * the file can write checksums, so entries are verified by their own signatures when they are restored.
 */
import b4a from 'b4a'
import { blake2b, HASH_BYTES } from '../../primitives/hash.js'
import { ByteReader } from '../codec/byte-reader.js'
import { byte, encodeFields, raw, sized, text, uint } from '../codec/fields.js'
import type { Entry } from '../entry.js'
import { decodeEntry, encodeEntry } from '../store/entry-codec.js'

const MAGIC = b4a.from('xorpcdmp')
const VERSION = 1
const LENGTH_BYTES = 4

/** A block is written when it has so many bytes: small enough to be hashed in a tenth of a millisecond. */
export const BLOCK_BYTES = 65_536

/** BOUNDED: a longer block is no block. One entry can be longer than BLOCK_BYTES by itself. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024

/** The longest header there is. BOUNDED: by the longest channel name. */
const MAX_HEADER_BYTES = 256

const NO_CHECKSUM = b4a.alloc(HASH_BYTES)

/** What a dump is of. */
export interface DumpHeader {
  readonly channel: string
  /** Wall time in ms when it was begun. */
  readonly createdAtMs: number
}

/** Why bytes are no dump: cut off, changed, of another kind. */
export class DumpDamage extends Error {
  override readonly name = 'DumpDamage'
}

/** The bytes of a dump, block by block. @param onEntry called for each entry that is in it */
export async function* encodeDump(
  { channel, createdAtMs }: DumpHeader,
  entries: AsyncIterable<Entry>,
  onEntry: () => void = () => {},
): AsyncGenerator<Uint8Array> {
  const header = encodeFields([raw(MAGIC), byte(VERSION), uint(createdAtMs), text(channel)])
  let checksum = chain(NO_CHECKSUM, header)
  yield b4a.concat([header, checksum])
  let parts: Uint8Array[] = []
  let size = 0
  let count = 0
  const takeBlock = (): Uint8Array => {
    const block = b4a.concat([length(size), ...parts])
    checksum = chain(checksum, block)
    parts = []
    size = 0
    return b4a.concat([block, checksum])
  }
  for await (const entry of entries) {
    const bytes = encodeFields([sized(encodeEntry(entry))])
    parts.push(bytes)
    size += bytes.length
    count++
    onEntry()
    if (size >= BLOCK_BYTES) yield takeBlock()
  }
  if (size > 0) yield takeBlock()
  const end = encodeFields([raw(length(0)), uint(count)])
  yield b4a.concat([end, chain(checksum, end)])
}

/**
 * Reads a dump from its bytes, in pieces of any length. The entries of a block come when its checksum is right.
 *
 * @throws DumpDamage where the bytes are no dump, as soon as that shows; entries before it have been yielded already
 */
export async function* decodeDump(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<DumpHeader | Entry> {
  const bytes = new ChunkReader(chunks)
  try {
    yield* decode(bytes)
  } finally {
    await bytes.close()
  }
}

async function* decode(bytes: ChunkReader): AsyncGenerator<DumpHeader | Entry> {
  const { header, size } = parseHeader(await bytes.peek(MAX_HEADER_BYTES))
  const first = await bytes.take(size)
  let checksum = await verify(bytes, NO_CHECKSUM, first)
  yield header
  let count = 0
  for (;;) {
    const blockBytes = readLength(await bytes.peek(LENGTH_BYTES))
    if (blockBytes === 0) break
    if (blockBytes > MAX_BLOCK_BYTES) throw new DumpDamage('a block is too long')
    const block = await bytes.take(LENGTH_BYTES + blockBytes)
    checksum = await verify(bytes, checksum, block)
    for (const entry of parseBlock(block.subarray(LENGTH_BYTES), header.channel)) {
      count++
      yield entry
    }
  }
  const reader = new ByteReader((await bytes.peek(LENGTH_BYTES + 9)).subarray(LENGTH_BYTES))
  const expected = reader.uint()
  await verify(bytes, checksum, await bytes.take(LENGTH_BYTES + reader.at))
  if (reader.failed || expected !== count) {
    throw new DumpDamage(`it holds ${count} entries, and should hold ${expected}`)
  }
  if ((await bytes.peek(1)).length > 0) throw new DumpDamage('something stands behind its end')
}

function parseHeader(bytes: Uint8Array): { header: DumpHeader; size: number } {
  const reader = new ByteReader(bytes)
  if (!b4a.equals(reader.take(MAGIC.length), MAGIC)) throw new DumpDamage('it is no dump')
  const version = reader.byte()
  if (version !== VERSION) throw new DumpDamage(`it has the form ${version}, not ${VERSION}`)
  const createdAtMs = reader.uint()
  const channel = b4a.toString(reader.sized())
  if (reader.failed) throw new DumpDamage('it is cut off')
  return { header: { channel, createdAtMs }, size: reader.at }
}

function* parseBlock(block: Uint8Array, channel: string): Generator<Entry> {
  const reader = new ByteReader(block)
  while (reader.rest > 0) {
    const entry = decodeEntry(reader.sized(), channel)
    if (entry === null) throw new DumpDamage('something in it is no entry')
    yield entry
  }
}

/** @returns the checksum behind `bytes` */
async function verify(reader: ChunkReader, previous: Uint8Array, bytes: Uint8Array): Promise<Uint8Array> {
  const expected = chain(previous, bytes)
  if (!b4a.equals(await reader.take(HASH_BYTES), expected)) throw new DumpDamage('a checksum is wrong')
  return expected
}

function chain(previous: Uint8Array, bytes: Uint8Array): Uint8Array {
  return blake2b(b4a.concat([previous, bytes])).slice()
}

function length(value: number): Uint8Array {
  const bytes = b4a.alloc(LENGTH_BYTES)
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, value)
  return bytes
}

function readLength(bytes: Uint8Array): number {
  if (bytes.length < LENGTH_BYTES) throw new DumpDamage('it is cut off')
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}

/** Takes pieces of any length from chunks of any length. */
class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #bytes: Uint8Array = b4a.alloc(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next bytes, fewer where there are no more; they stay. */
  async peek(sizeBytes: number): Promise<Uint8Array> {
    const parts = [this.#bytes]
    let size = this.#bytes.length
    while (size < sizeBytes) {
      const { done, value } = await this.#chunks.next()
      if (done === true) break
      parts.push(value)
      size += value.length
    }
    if (parts.length > 1) this.#bytes = b4a.concat(parts)
    return this.#bytes.subarray(0, sizeBytes)
  }

  /** The next bytes, in a buffer that is not reused. @throws DumpDamage where there are fewer */
  async take(sizeBytes: number): Promise<Uint8Array> {
    const bytes = await this.peek(sizeBytes)
    if (bytes.length < sizeBytes) throw new DumpDamage('it is cut off')
    this.#bytes = this.#bytes.subarray(sizeBytes)
    return bytes
  }

  /** Lets go of the source, wherever the reading ended. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}
