/**
 * Brings a copy of a set up to date with what the closest nodes hold.
 *
 * Every node has said what it has as counts and digests of parts (rules/member-tree.ts). Nodes that say the same about a
 * part are a class: one of them is read, and if what it gives is what the digest says, the others need not be. Where a
 * copy is there already, only what differs is fetched. Who says one thing and gives another is passed over, and the
 * next of his class is asked; so a member that one honest node of those asked has is found, whatever the others say.
 */
import b4a from 'b4a'
import { toHex } from '../hex.js'
import { BRIEF_PAGE_BYTES, type ListReply, type SummaryReply } from '../codec/set-messages.js'
import type { SignedRecord } from '../codec/record.js'
import {
  childOf,
  isUnder,
  MAX_TREE_BITS,
  nodeOf,
  type Prefix,
  sameNode,
  type TreeNode,
  WHOLE,
} from '../rules/member-tree.js'
import type { Found, SetCopy } from './set-copy.js'
import type { SetSource } from './set-sources.js'

/** What a node says about a part. */
interface Claim {
  readonly source: SetSource
  readonly node: TreeNode
  /** Bytes of a record, as far as it says. */
  readonly recordBytes: number
}

export interface SetReadingOptions {
  readonly copy: SetCopy
  /** A random integer below `limit`. */
  readonly below: (limit: number) => number
}

/** Requests at a time. */
const WINDOW = 64

/** Ranges that a part is read in at the same time, as a power of two. */
const MAX_PIECE_BITS = 5

/** What takes less is fetched whole rather than compared. */
const COMPARE_BYTES = 400

/** A record takes so much at least; who claims less wants us to ask in large pieces. */
const LEAST_RECORD_BYTES = 100

/** Records that are taken from one node in one reading: several times what lies under a key. */
const MAX_OF_SOURCE = 50_000

/** Records that a list may have beyond what was claimed: members that came meanwhile. */
const LATE_RECORDS = 64

export class SetReading {
  /** Records that came in and were forged, withheld, or out of place. */
  rejected = 0
  /** Parts that nodes claimed to have, and none of them gave. */
  missing = 0
  readonly #options: SetReadingOptions
  readonly #distrusted = new Set<SetSource>()
  /** Records that each node gave. */
  readonly #counts = new Map<SetSource, number>()
  #running = 0
  /** BOUNDED: by the requests of this reading. */
  readonly #queue: (() => void)[] = []

  constructor(options: SetReadingOptions) {
    this.#options = options
  }

  /**
   * Reads what these nodes have and the copy has not.
   *
   * @param answers to the question for a summary of the whole
   * @param isWanted of the 32 parts by number, which to read
   */
  async read(
    answers: ReadonlyMap<SetSource, SummaryReply>,
    isWanted: (part: number) => boolean = () => true,
  ): Promise<void> {
    const claims: Claim[][] = []
    for (const [source, answer] of answers) {
      if (answer.status === 'same') continue
      if (answer.status === 'whole') {
        await this.#takeAll(source, answer.records, WHOLE)
        continue
      }
      const { children, bytes } = answer
      const count = children.reduce((sum, child) => sum + child.count, 0)
      const recordBytes = Math.min(BRIEF_PAGE_BYTES, Math.max(LEAST_RECORD_BYTES, bytes / Math.max(1, count)))
      for (const [i, node] of children.entries()) {
        if (node.count > 0 && isWanted(i)) (claims[i] ??= []).push({ source, node, recordBytes })
      }
    }
    await Promise.all(claims.map((some, i) => this.#reconcile(childOf(WHOLE, i), some)))
  }

  /** The same of one node, before others have answered: what it does not give counts for nothing yet. */
  async readAhead(source: SetSource, answer: SummaryReply, isWanted: (part: number) => boolean): Promise<void> {
    const missing = this.missing
    await this.read(new Map([[source, answer]]), isWanted)
    this.missing = missing
  }

  /** Takes all that a node gives of what came since, from its first page on. */
  async readPages(source: SetSource, first: ListReply, sinceMs: number): Promise<void> {
    let after: Uint8Array | null = null
    for (let page: ListReply | null = first; page !== null;) {
      const found = await this.#takeAll(source, page.records, WHOLE, after)
      if (found === null || !page.more || found.length === 0) return
      const last = found.at(-1)!.subkey
      after = last
      page = await this.#inWindow(() => source.list(WHOLE, last, sinceMs))
    }
  }

  async #reconcile(prefix: Prefix, claims: readonly Claim[]): Promise<void> {
    const classes = new Map<string, Claim[]>()
    for (const claim of claims) {
      const name = `${claim.node.count}/${toHex(claim.node.digest!)}`
      const same = classes.get(name)
      if (same === undefined) classes.set(name, [claim])
      else same.push(claim)
    }
    const [first, ...rest] = [...classes.values()].sort(
      (a, b) => b.length - a.length || b[0]!.node.count - a[0]!.node.count,
    )
    // What most have comes first, for then the others need to give only what is missing there.
    await this.#satisfy(prefix, first!)
    await Promise.all(rest.map((claimsOfClass) => this.#satisfy(prefix, claimsOfClass)))
  }

  async #satisfy(prefix: Prefix, claims: readonly Claim[]): Promise<void> {
    const { node } = claims[0]!
    const own = this.#options.copy.under(prefix)
    if (sameNode(nodeOf(own), node)) return
    const start = this.#options.below(claims.length)
    const order = [...claims.slice(start), ...claims.slice(0, start)]
    if (own.length === 0 && (await this.#listInPieces(prefix, order))) return
    for (const claim of order) {
      const copied = this.#distrusted.has(claim.source) ? null : await this.#copyFrom(claim, prefix)
      if (copied !== null && sameNode(nodeOf(copied), node)) return
    }
    this.missing++
  }

  /** What a node has in a part, of which what we have need not come again; null: it does not give it. */
  async #copyFrom({ source, node, recordBytes }: Claim, prefix: Prefix): Promise<Found[] | null> {
    const own = this.#options.copy.under(prefix)
    const isSmall = node.count === 1 || node.count * recordBytes < COMPARE_BYTES
    if (own.length === 0 || isSmall || prefix.bits >= MAX_TREE_BITS) {
      return this.#list(source, prefix, node.count)
    }
    const summary = await this.#inWindow(() => source.summary(prefix, null))
    if (summary === null || summary.status === 'same') return null
    if (summary.status === 'whole') return this.#takeAll(source, summary.records, prefix)
    const parts = await Promise.all(
      summary.children.map(async (child, i) => {
        if (child.count === 0) return []
        const part = childOf(prefix, i)
        const here = this.#options.copy.under(part)
        return sameNode(nodeOf(here), child) ? here : this.#copyFrom({ source, node: child, recordBytes }, part)
      }),
    )
    return parts.every((part) => part !== null) ? parts.flat() : null
  }

  /** Reads a part of which we have nothing, in ranges, from all who say the same about it. */
  async #listInPieces(prefix: Prefix, claims: readonly Claim[]): Promise<boolean> {
    const { node, recordBytes } = claims[0]!
    const pages = (node.count * recordBytes) / BRIEF_PAGE_BYTES
    const bits = Math.min(MAX_PIECE_BITS, Math.max(0, Math.ceil(Math.log2(pages))))
    const pieces = await Promise.all(
      Array.from({ length: 2 ** bits }, async (_, i) => {
        const { source } = claims[i % claims.length]!
        const piece = bits === 0 ? prefix : childOf(prefix, i, bits)
        return this.#distrusted.has(source) ? null : this.#list(source, piece, node.count)
      }),
    )
    return pieces.every((piece) => piece !== null) && sameNode(nodeOf(pieces.flat()), node)
  }

  async #list(source: SetSource, prefix: Prefix, count: number): Promise<Found[] | null> {
    const all: Found[] = []
    for (;;) {
      const after = all.at(-1)?.subkey ?? null
      const page = await this.#inWindow(() => source.list(prefix, after, 0))
      const found = page === null ? null : await this.#takeAll(source, page.records, prefix, after)
      if (page === null || found === null) return null
      all.push(...found)
      if (!page.more) return all
      if (found.length === 0 || all.length > count + LATE_RECORDS) return null
    }
  }

  /** Verifies what a node gave. @returns null: something was wrong, and it is asked no more */
  async #takeAll(
    source: SetSource,
    records: readonly SignedRecord[],
    prefix: Prefix,
    after: Uint8Array | null = null,
  ): Promise<Found[] | null> {
    const count = (this.#counts.get(source) ?? 0) + records.length
    this.#counts.set(source, count)
    if (count > MAX_OF_SOURCE) this.#distrusted.add(source)
    if (this.#distrusted.has(source)) return null
    const taken = await Promise.all(records.map((record) => this.#options.copy.take(record)))
    const found = taken.filter((one) => one !== null)
    const isInOrder = found.every(({ subkey }, i) => {
      const before = i === 0 ? after : found[i - 1]!.subkey
      return isUnder(subkey, prefix) && (before === null || b4a.compare(before, subkey) < 0)
    })
    if (found.length === records.length && isInOrder) return found
    this.rejected += Math.max(1, records.length - found.length)
    this.#distrusted.add(source)
    return null
  }

  async #inWindow<T>(request: () => Promise<T>): Promise<T> {
    if (this.#running >= WINDOW) await new Promise<void>((resolve) => void this.#queue.push(resolve))
    this.#running++
    try {
      return await request()
    } finally {
      this.#running--
      this.#queue.shift()?.()
    }
  }
}
