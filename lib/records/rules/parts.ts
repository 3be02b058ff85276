/**
 * How the entries of a collection are divided into parts, each a signed record of its own.
 *
 * Parts form a tree: the root covers every entry, and a part that has grown too large is split into four by the next two
 * bits of the hash of an entry's key. The deepest part there is decides about an entry. A split goes in steps, each
 * of which leaves a whole collection, whoever stops in between: the part is marked as split, and keeps its entries; its
 * four children are written; its entries are taken out. As the mark is a new version of the part, somebody else who was
 * about to write an entry there is refused, looks again, and writes it to a child.
 *
 * Pure.
 */
import b4a from 'b4a'
import { blake2b } from '../../primitives/hash.js'
import { uintBytes } from '../../wire/varint.js'
import { ByteReader } from '../codec/byte-reader.js'
import { byte, encodeFields, sized } from '../codec/fields.js'

/** Bits of the hash that a split goes by. */
const SPLIT_BITS = 2
const SPLIT_PARTS = 1 << SPLIT_BITS

/** Deepest parts: 2^24 of them. */
const MAX_BITS = 24

const PART_BYTES = 4
const IS_SPLIT = 1

/** Which entries a part covers: those with these leading bits of the hash of their keys. */
export interface PartRange {
  readonly bits: number
  readonly value: number
}

/** What a part says. */
export interface PartContent {
  /** Entries that come new belong to its children. */
  readonly isSplit: boolean
  /** By the hex of the key. */
  readonly entries: ReadonlyMap<string, CollectionEntry>
}

export interface CollectionEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** A part as it was read. */
export interface Part extends PartRange {
  readonly content: PartContent
}

export const ROOT: PartRange = { bits: 0, value: 0 }

/** The name of a part: three bytes of leading bits, and their number. */
export function partName({ bits, value }: PartRange): Uint8Array {
  const name = b4a.alloc(PART_BYTES)
  const start = value * 2 ** (MAX_BITS - bits)
  name[0] = start >>> 16
  name[1] = start >>> 8
  name[2] = start
  name[3] = bits
  return name
}

/** @returns null: it is no name of a part */
export function rangeOfPart(name: Uint8Array): PartRange | null {
  if (name.length !== PART_BYTES) return null
  const bits = name[3]!
  if (bits > MAX_BITS || bits % SPLIT_BITS !== 0) return null
  const start = (name[0]! << 16) | (name[1]! << 8) | name[2]!
  const value = start / 2 ** (MAX_BITS - bits)
  return Number.isInteger(value) ? { bits, value } : null
}

/** Where an entry's key lies, as 24 bits. */
export function placeOfKey(key: Uint8Array): number {
  const hash = blake2b(key)
  return (hash[0]! << 16) | (hash[1]! << 8) | hash[2]!
}

export function covers({ bits, value }: PartRange, place: number): boolean {
  return Math.floor(place / 2 ** (MAX_BITS - bits)) === value
}

/** The child of a part that covers a place; null: it cannot be divided further. */
export function childFor({ bits }: PartRange, place: number): PartRange | null {
  const deeper = bits + SPLIT_BITS
  return deeper > MAX_BITS ? null : { bits: deeper, value: Math.floor(place / 2 ** (MAX_BITS - deeper)) }
}

export function childrenOfPart({ bits, value }: PartRange): PartRange[] {
  if (bits + SPLIT_BITS > MAX_BITS) return []
  return Array.from({ length: SPLIT_PARTS }, (_, i) => ({ bits: bits + SPLIT_BITS, value: value * SPLIT_PARTS + i }))
}

/** Parts by where they are in the tree. */
export class PartIndex<P extends PartRange> {
  /** BOUNDED: by the parts it is made of. */
  readonly #parts = new Map<string, P>()

  constructor(parts: Iterable<P>) {
    for (const part of parts) this.#parts.set(nameOf(part), part)
  }

  /** The deepest part that covers a place; null: none does. */
  deepestAt(place: number): P | null {
    for (let bits = MAX_BITS; bits >= 0; bits -= SPLIT_BITS) {
      const part = this.#parts.get(nameOf({ bits, value: Math.floor(place / 2 ** (MAX_BITS - bits)) }))
      if (part !== undefined) return part
    }
    return null
  }
}

function nameOf({ bits, value }: PartRange): string {
  return `${bits}/${value}`
}

/** The entries of a collection, by the hex of their keys: of each the one in the deepest part that covers it. */
export function entriesOf(parts: readonly Part[]): Map<string, CollectionEntry> {
  const index = new PartIndex(parts)
  const entries = new Map<string, CollectionEntry>()
  for (const part of parts) {
    // An entry that has no business in its part is covered by another.
    for (const [name, entry] of part.content.entries) {
      if (index.deepestAt(placeOfKey(entry.key)) === part) entries.set(name, entry)
    }
  }
  return entries
}

/** The entries of a part that a child of it takes over. */
export function inheritedBy(child: PartRange, { entries }: PartContent): Map<string, CollectionEntry> {
  return new Map([...entries].filter(([, { key }]) => covers(child, placeOfKey(key))))
}

/** A part as the value of a record: flags, then each entry's key and value with their lengths, in the order of the keys. */
export function encodePart({ isSplit, entries }: PartContent): Uint8Array {
  const ordered = [...entries.values()].sort((a, b) => b4a.compare(a.key, b.key))
  const fields = ordered.flatMap(({ key, value }) => [sized(key), sized(value)])
  return encodeFields([byte(isSplit ? IS_SPLIT : 0), ...fields])
}

/** Bytes that an entry takes in a part. */
export function entryBytes({ key, value }: CollectionEntry): number {
  return uintBytes(key.length) + key.length + uintBytes(value.length) + value.length
}

/** Reads a part; null: malformed. The fields are views into the bytes. */
export function decodePart(bytes: Uint8Array): PartContent | null {
  const reader = new ByteReader(bytes)
  const flags = reader.byte()
  const entries = new Map<string, CollectionEntry>()
  // Ends with the bytes: each entry takes two of them at least.
  while (reader.rest > 0 && !reader.failed) {
    const key = reader.sized()
    const value = reader.sized()
    entries.set(b4a.toString(key, 'hex'), { key, value })
  }
  return reader.failed || (flags & ~IS_SPLIT) !== 0 ? null : { isSplit: (flags & IS_SPLIT) !== 0, entries }
}
