/**
 * How two nodes find out cheaply in what their copies of a set differ: they compare digests of parts of it, of smaller and
 * smaller ones where they differ (after Merkle, "A Digital Signature Based on a Conventional Encryption Function", 1987).
 *
 * The members are divided by the leading bits of their subkeys, five bits at a time: for a set keyed by public keys these
 * are as good as random. Somebody may choose keys that crowd one part; that costs a reader more requests, and nothing else.
 *
 * A digest is BLAKE2b of every subkey and version in a part, cut to 16 bytes: whoever could make two parts with the same
 * digest could hide a member, so it has to be out of reach to find any two.
 *
 * Pure: takes members in bytewise order of their subkeys.
 */
import b4a from 'b4a'
import c from 'compact-encoding'
import { blake2b } from '../../primitives/hash.js'
import { encodeFields, encodeWith, raw, SIZED, uint } from '../codec/fields.js'
import type { Version } from './version.js'

/** What is compared of a member. */
export interface TreeMember extends Version {
  readonly subkey: Uint8Array
  /** 32 bytes. */
  readonly valueHash: Uint8Array
}

/** A part of a set: the members whose subkeys begin with these bits. `value`: the bits as a number. */
export interface Prefix {
  readonly bits: number
  readonly value: number
}

/** What lies in a part. */
export interface TreeNode {
  readonly count: number
  /** 16 bytes; null for an empty part. */
  readonly digest: Uint8Array | null
}

export const WHOLE: Prefix = { bits: 0, value: 0 }
export const LEVEL_BITS = 5
export const CHILDREN = 1 << LEVEL_BITS
/** Where the division ends; ranges of pages may be finer, up to 30 bits. */
export const MAX_TREE_BITS = 25
export const MAX_PREFIX_BITS = 30
export const DIGEST_BYTES = 16

/** The leading bits of a subkey, up to 32; a short one is followed by zeros. */
export function leadingBits(subkey: Uint8Array, bits: number): number {
  if (bits === 0) return 0
  const [first = 0, second = 0, third = 0, fourth = 0] = subkey
  return (((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0) >>> (32 - bits)
}

export function isUnder(subkey: Uint8Array, { bits, value }: Prefix): boolean {
  return leadingBits(subkey, bits) === value
}

/** Part `index` of those that a part is divided into. @param bits of the division */
export function childOf({ bits, value }: Prefix, index: number, levelBits: number = LEVEL_BITS): Prefix {
  return { bits: bits + levelBits, value: value * 2 ** levelBits + index }
}

/** Longest subkey that a store takes. */
const MAX_SUBKEY_BYTES = 128

/** What every subkey in a part, and none before it, lies behind; null: behind nothing. */
export function boundBefore({ bits, value }: Prefix): Uint8Array | null {
  if (value === 0) return null
  const start = b4a.alloc(4)
  new DataView(start.buffer, start.byteOffset).setUint32(0, value * 2 ** (32 - bits))
  // A short subkey stands for one with zeros behind it, so the part begins where the zeros do.
  let length = 4
  while (start[length - 1] === 0) length--
  const bound = b4a.alloc(MAX_SUBKEY_BYTES, 0xff)
  bound.set(start.subarray(0, length))
  bound[length - 1]! -= 1
  return bound
}

/** The digest of a part. @param members those in it */
export function nodeOf(members: readonly TreeMember[]): TreeNode {
  if (members.length === 0) return { count: 0, digest: null }
  return {
    count: members.length,
    digest: blake2b(encodeWith(MEMBERS, members)).slice(0, DIGEST_BYTES),
  }
}

/** The parts that a part is divided into. @param members those in it, in order */
export function childrenOf(members: readonly TreeMember[], { bits }: Prefix): TreeNode[] {
  const children: TreeMember[][] = Array.from({ length: CHILDREN }, () => [])
  for (const member of members) children[leadingBits(member.subkey, bits + LEVEL_BITS) % CHILDREN]!.push(member)
  return children.map(nodeOf)
}

/** Counts and digests as bytes: the same for the same set. */
export function encodeNodes(nodes: readonly TreeNode[]): Uint8Array {
  const fields = nodes.flatMap(({ count, digest }) => (digest === null ? [uint(count)] : [uint(count), raw(digest)]))
  return encodeFields(fields)
}

/** The digest of a part by those of its own parts: tells two copies apart without a look at the members. */
export function digestOfChildren(children: readonly TreeNode[]): Uint8Array {
  return blake2b(encodeNodes(children)).slice(0, DIGEST_BYTES)
}

export function sameNode(a: TreeNode, b: TreeNode): boolean {
  return a.count === b.count && (a.digest === null || b.digest === null || b4a.equals(a.digest, b.digest))
}

const MEMBERS = {
  preencode(state: c.State, members: readonly TreeMember[]): void {
    for (const { subkey, seq, round, signedAtMs, valueHash } of members) {
      SIZED.preencode(state, subkey)
      c.uint.preencode(state, seq)
      c.uint.preencode(state, round)
      c.uint.preencode(state, signedAtMs)
      c.raw.preencode(state, valueHash)
    }
  },
  encode(state: c.State, members: readonly TreeMember[]): void {
    for (const { subkey, seq, round, signedAtMs, valueHash } of members) {
      SIZED.encode(state, subkey)
      c.uint.encode(state, seq)
      c.uint.encode(state, round)
      c.uint.encode(state, signedAtMs)
      c.raw.encode(state, valueHash)
    }
  },
}
