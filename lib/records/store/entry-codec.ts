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
import c from 'compact-encoding'
import { ByteReader } from '../codec/byte-reader.js'
import { encodeWith, SIZED } from '../codec/fields.js'
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

/** Written only: what is read may be anything. */
const ENTRY = {
  preencode(state: c.State, entry: Entry): void {
    state.end += 2 + KEY_BYTES + (entry.owner === null ? 0 : KEY_BYTES)
    SIZED.preencode(state, entry.subkey)
    for (const name of NUMBERS) c.uint.preencode(state, entry[name])
    for (const name of BUFFERS) SIZED.preencode(state, entry[name])
  },
  encode(state: c.State, entry: Entry): void {
    const { kind, tombstone, target, subkey, owner } = entry
    c.uint8.encode(state, VERSION)
    const flags = (tombstone ? IS_TOMBSTONE : 0) | (owner === null ? 0 : HAS_OWNER)
    c.uint8.encode(state, ENTRY_KINDS.indexOf(kind) | flags)
    c.fixed32.encode(state, target)
    SIZED.encode(state, subkey)
    if (owner !== null) c.fixed32.encode(state, owner)
    for (const name of NUMBERS) c.uint.encode(state, entry[name])
    for (const name of BUFFERS) SIZED.encode(state, entry[name])
  },
}

/** The bytes of an entry, in a buffer of their own. */
export function encodeEntry(entry: Entry): Uint8Array {
  return encodeWith(ENTRY, entry)
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
  const subkey = reader.sized()
  const owner = (flags & HAS_OWNER) === 0 ? null : reader.take(KEY_BYTES)
  const seq = reader.uint()
  const round = reader.uint()
  const signedAtMs = reader.uint()
  const expiresAtMs = reader.uint()
  const heldUntilMs = reader.uint()
  const storedAtMs = reader.uint()
  const value = reader.sized()
  const proof = reader.sized()
  const signature = reader.sized()
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
