/**
 * Entries as bytes, for engines that keep them on a disk and for dumps: everything but the channel, which is where they
 * lie. The bytes say what was kept, and prove nothing: whoever reads them from a place that others can write to verifies
 * the entry as if it came from the network.
 *
 *     version(1) flags(1) target(32) subkey:bytes [owner(32)] seq round signedAt expiresAt heldUntil storedAt
 *     value:bytes proof:bytes signature:bytes
 *
 * Numbers are varints as in datagrams, times are whole milliseconds, `:bytes` has its length in front.
 */
import b4a from 'b4a'
import { uintBytes, writeUint } from '../../wire/varint.js'
import { ByteReader } from '../codec/byte-reader.js'
import { type Entry, ENTRY_KINDS } from '../entry.js'

const VERSION = 1

const KEY_BYTES = 32

/** The kind is in the low bits. */
const KIND_MASK = 0x0f
const IS_TOMBSTONE = 0x10
const HAS_OWNER = 0x20
const KNOWN_FLAGS = KIND_MASK | IS_TOMBSTONE | HAS_OWNER

const NUMBERS = ['seq', 'round', 'signedAtMs', 'expiresAtMs', 'heldUntilMs', 'storedAtMs'] as const
const BUFFERS = ['value', 'proof', 'signature'] as const

/** The bytes of an entry, in a buffer of their own. */
export function encodeEntry(entry: Entry): Uint8Array {
  const { kind, tombstone, target, subkey, owner } = entry
  const bytes = b4a.allocUnsafe(encodedBytes(entry))
  bytes[0] = VERSION
  bytes[1] = ENTRY_KINDS.indexOf(kind) | (tombstone ? IS_TOMBSTONE : 0) | (owner === null ? 0 : HAS_OWNER)
  bytes.set(target, 2)
  let at = writeBuffer(bytes, 2 + KEY_BYTES, subkey)
  if (owner !== null) {
    bytes.set(owner, at)
    at += KEY_BYTES
  }
  for (const name of NUMBERS) at = writeUint(bytes, at, entry[name])
  for (const name of BUFFERS) at = writeBuffer(bytes, at, entry[name])
  return bytes
}

/**
 * The entry of such bytes, its buffers views of them.
 *
 * @returns null where they are anything else
 */
export function decodeEntry(bytes: Uint8Array, channel: string): Entry | null {
  const reader = new ByteReader(bytes)
  if (reader.byte() !== VERSION) return null
  const flags = reader.byte()
  const kind = ENTRY_KINDS[flags & KIND_MASK]
  if (kind === undefined || (flags & ~KNOWN_FLAGS) !== 0) return null
  const target = reader.take(KEY_BYTES)
  const subkey = readBuffer(reader)
  const owner = (flags & HAS_OWNER) === 0 ? null : reader.take(KEY_BYTES)
  const seq = reader.uint()
  const round = reader.uint()
  const signedAtMs = reader.uint()
  const expiresAtMs = reader.uint()
  const heldUntilMs = reader.uint()
  const storedAtMs = reader.uint()
  const value = readBuffer(reader)
  const proof = readBuffer(reader)
  const signature = readBuffer(reader)
  if (reader.failed || reader.rest > 0) return null
  const tombstone = (flags & IS_TOMBSTONE) !== 0
  // Spelled out: with a spread in it, making the object takes ten times as long as all of the above.
  return {
    channel,
    target,
    subkey,
    kind,
    owner,
    seq,
    round,
    signedAtMs,
    tombstone,
    value,
    proof,
    signature,
    expiresAtMs,
    heldUntilMs,
    storedAtMs,
  }
}

function encodedBytes(entry: Entry): number {
  let size = 2 + KEY_BYTES + bufferBytes(entry.subkey) + (entry.owner === null ? 0 : KEY_BYTES)
  for (const name of NUMBERS) size += uintBytes(entry[name])
  for (const name of BUFFERS) size += bufferBytes(entry[name])
  return size
}

function bufferBytes({ length }: Uint8Array): number {
  return uintBytes(length) + length
}

function writeBuffer(bytes: Uint8Array, at: number, buffer: Uint8Array): number {
  const start = writeUint(bytes, at, buffer.length)
  bytes.set(buffer, start)
  return start + buffer.length
}

function readBuffer(reader: ByteReader): Uint8Array {
  return reader.take(reader.uint())
}
