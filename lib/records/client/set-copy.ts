/**
 * A reader's copy of a set: what its owners have signed, the newest version of each member.
 *
 * Whatever comes in is verified before it gets here: that it lies under this key, that its owner signed it, that a
 * living member comes with its value, and that it is not from the future.
 */
import b4a from 'b4a'
import { verify } from '../../primitives/ed25519.js'
import { sameId } from '../../primitives/id.js'
import { encodeProof, recordPlace, recordSignable, type SharedPlace, type SignedRecord } from '../codec/record.js'
import { toHex } from '../hex.js'
import { endOf, isAlive } from '../rules/lifetime.js'
import {
  CHILDREN,
  childrenOf,
  isUnder,
  leadingBits,
  LEVEL_BITS,
  type Prefix,
  type TreeMember,
  type TreeNode,
  WHOLE,
} from '../rules/member-tree.js'

/** A verified record, as it counts in digests. */
export interface Found extends TreeMember {
  readonly record: SignedRecord
}

export interface CopyOptions {
  readonly place: SharedPlace
  /** Wall time in ms. */
  readonly nowMs: number
  readonly maxClockSkewMs: number
}

export class SetCopy {
  readonly #options: CopyOptions
  /** By the leading bits, then by the hex of the subkey. BOUNDED: by what a reading takes in. */
  readonly #members: Map<string, Found>[] = Array.from({ length: CHILDREN }, () => new Map<string, Found>())

  constructor(options: CopyOptions) {
    this.#options = options
  }

  /** Puts in what was verified in an earlier reading. What has ended meanwhile the holders forget as well. */
  restore(records: Iterable<SignedRecord>): void {
    const { nowMs } = this.#options
    for (const record of records) {
      if (isAlive(endOf(record), nowMs) && this.#isHere(record)) this.#merge(foundOf(record))
    }
  }

  /**
   * Verifies a record, and puts it in where it is the newest of its member.
   *
   * @returns null: it is forged, withheld, or from the future
   */
  async take(record: SignedRecord): Promise<Found | null> {
    const { nowMs, maxClockSkewMs } = this.#options
    if (!this.#isHere(record)) return null
    if (record.signedAtMs > nowMs + 2 * maxClockSkewMs) return null
    if (record.value === null && !record.tombstone && endOf(record) > nowMs + maxClockSkewMs) return null
    const found = foundOf(record)
    if (!this.#has(found)) {
      const { signature, publicKey } = record
      if (!(await verify({ message: recordSignable(record), signature, publicKey }))) return null
    }
    this.#merge(found)
    return found
  }

  /** The members in a part, in order. */
  under(prefix: Prefix): Found[] {
    const first = prefix.bits < LEVEL_BITS ? 0 : Math.floor(prefix.value / 2 ** (prefix.bits - LEVEL_BITS))
    const parts = prefix.bits < LEVEL_BITS ? this.#members : [this.#members[first]!]
    const found: Found[] = []
    for (const part of parts) for (const one of part.values()) if (isUnder(one.subkey, prefix)) found.push(one)
    return found.sort((a, b) => b4a.compare(a.subkey, b.subkey))
  }

  /** Its 32 parts, which tell it apart from other copies. */
  get children(): readonly TreeNode[] {
    return childrenOf(this.under(WHOLE), WHOLE)
  }

  #isHere(record: SignedRecord): boolean {
    const { place } = this.#options
    return record.channel === place.channel && sameId(recordPlace(record).target, place.target)
  }

  /** Whether this very record is there, which has been verified then. */
  #has({ subkey, record }: Found): boolean {
    const here = this.#members[leadingBits(subkey, LEVEL_BITS)]!.get(toHex(subkey))?.record
    return (
      here !== undefined &&
      b4a.equals(here.signature, record.signature) &&
      b4a.equals(encodeProof(here), encodeProof(record))
    )
  }

  #merge(found: Found): void {
    const part = this.#members[leadingBits(found.subkey, LEVEL_BITS)]!
    const name = toHex(found.subkey)
    const here = part.get(name)
    if (here === undefined || isNewer(found, here)) part.set(name, found)
  }
}

/** @param record that is verified, or will be */
export function foundOf(record: SignedRecord): Found {
  const { seq, round, signedAtMs, valueHash } = record
  return { seq, round, signedAtMs, valueHash, subkey: recordPlace(record).subkey, record }
}

/** Of two values of one seq and round, whose writers have not settled it, the smaller hash is the one they settle on. */
function isNewer(a: Found, b: Found): boolean {
  const order = a.seq - b.seq || a.round - b.round || b4a.compare(b.valueHash, a.valueHash)
  return (
    order > 0 || (order === 0 && (a.signedAtMs > b.signedAtMs || (b.record.value === null && a.record.value !== null)))
  )
}
