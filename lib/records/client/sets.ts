/** Many values under one key, one or more of each owner, as users see them. */
import type { Peer } from '../../rpc/reply.js'
import type { SignedRecord } from '../codec/record.js'
import { toHex } from '../hex.js'
import { LARGE_CHANNEL } from '../holder/claim.js'
import { checkNumber, type RecordsConfig } from '../options.js'
import {
  checkTopic,
  type DeleteOptions,
  deletionDraft,
  keyOfMembers,
  type PutOptions,
  putDraft,
} from '../record-options.js'
import type { PutResult } from '../records.js'
import { RecordsError } from '../records-error.js'
import { endOf, isAlive } from '../rules/lifetime.js'
import { DEFAULT_LIMITS } from '../rules/limits.js'
import { checkWait } from './calls.js'
import type { CallContext, WaitOptions } from './context.js'
import type { RecordState } from './get.js'
import {
  decodeAddress,
  encodeAddress,
  fetchValues,
  type LargeAddress,
  type LargeStore,
  MAX_MEMBER_BYTES,
} from './large-members.js'
import { checkKnown, type KnownSet, readSet, type SetContent, type SetFreshness } from './set-read.js'
import { repairSet } from './set-repair.js'
import type { Draft } from './write.js'

export interface MemberPutOptions extends PutOptions {
  /**
   * The value, up to 131,071 bytes; not to be changed until the write has settled, or for as long as it is republished. What is
   * longer than the limit of a record is written as a large value first.
   */
  value: Uint8Array
  /** 32-byte key of the set. */
  topic: Uint8Array
}

export interface MemberDeleteOptions extends DeleteOptions {
  /** 32-byte key of the set. */
  topic: Uint8Array
}

export interface SetReadOptions extends WaitOptions {
  /** Namespace of the members, up to 32 bytes of UTF-8. Default `''`. */
  channel?: string
  /** Most members of a page: 1 to 100000. Default 10000. A page may have fewer, or none, and not be the last one. */
  limit?: number
  /** `next` of the page before. Default: from the first one. */
  after?: Uint8Array | null
  /**
   * Only what was signed at or after this wall time in ms, deleted members too. Clocks differ, so what was signed within
   * `maxClockSkewMs` before is given as well. Not with `after` and `known`, and without `limit`.
   */
  since?: number
  /** What an earlier read of all of it gave: only what has changed since is fetched. All members are given. */
  known?: SetRead | null
  /** Bytes of large values that are fetched, all together, in the order of the members. Default 16 MiB. */
  largeBytes?: number
}

/** A member of a set. */
export interface SetMember {
  /** 32 bytes: the owner. */
  readonly publicKey: Uint8Array
  /** What tells the members of one owner apart. */
  readonly salt: Uint8Array
  /** Only with `since` is it anything but `found`. */
  readonly state: RecordState
  /** null unless `state` is `found`; and for a large value that was not fetched, or that nobody gives. */
  readonly value: Uint8Array | null
  /** Of a large value: where it is. Else null. */
  readonly large: LargeAddress | null
  readonly seq: number
  readonly schema: string
  /** Wall time in ms of the signing, and of the end. */
  readonly signedAtMs: number
  readonly expiresAtMs: number
  readonly record: SignedRecord
}

/** A page of a set, or all of it. */
export interface SetRead extends KnownSet {
  /** Each once, in the order of public keys and salts. */
  readonly members: readonly SetMember[]
  /** Pass it as `after` for the next page; null: this was the last one. */
  readonly next: Uint8Array | null
  /** The signed records, those of deleted and ended members too. */
  readonly records: readonly SignedRecord[]
  /** The nodes that hold the set, nearest first. */
  readonly nodes: readonly Peer[]
  /** Wall time in ms at which the reading began: `since` for the next one. */
  readonly readAtMs: number
  readonly freshness: SetFreshness
}

export interface RecordSetsOptions {
  readonly config: RecordsConfig
  /** `goesOn` takes what is done in the background after the result. */
  readonly call: <T>(
    wait: WaitOptions,
    work: (context: CallContext, goesOn: (rest: Promise<unknown>) => void) => Promise<T>,
  ) => Promise<T>
  /** @param prepare called before each writing */
  readonly write: (draft: Draft, wait: WaitOptions, isRepublished: boolean, prepare?: Prepare) => Promise<PutResult>
  readonly delete: (draft: Draft, wait: WaitOptions) => Promise<PutResult>
  readonly large: LargeStore
}

/** Does what has to be done before a record is written. */
export type Prepare = (wait: WaitOptions) => Promise<unknown>

const NOTHING = new Uint8Array(0)
const MAX_LIMIT = 100_000
const DEFAULT_LIMIT = 10_000
const DEFAULT_LARGE_BYTES = 16 * 1024 * 1024

/** A large value outlives the record that names it, which is signed after it was written. */
const LARGE_MARGIN_MS = 60_000

/**
 * Sets: many values under one 32-byte key, each signed by its owner. Made by `records`.
 *
 * @example
 * await records.sets.put({ keyPair, topic, value })
 * for await (const { publicKey, value } of records.sets.members(topic)) use(publicKey, value)
 */
export class RecordSets {
  readonly #options: RecordSetsOptions

  /** @internal */
  constructor(options: RecordSetsOptions) {
    this.#options = options
  }

  /**
   * Writes a version of a member: one for each owner, or for each salt of an owner.
   *
   * @returns as `records.put`
   * @throws TypeError or RangeError for bad arguments
   */
  put(options: MemberPutOptions): Promise<PutResult> {
    checkTopic(options?.topic)
    const { config, write } = this.#options
    const { value } = options
    const { maxValueBytes } = config.limitsOf(options.channel ?? '') ?? DEFAULT_LIMITS
    const isLarge = value instanceof Uint8Array && value.length > maxValueBytes
    if (isLarge) return this.#putLarge(options)
    return write(putDraft(options, config), options, options.republish !== false)
  }

  /** Takes a member out. @returns as `records.delete` */
  delete(options: MemberDeleteOptions): Promise<PutResult> {
    checkTopic(options?.topic)
    return this.#options.delete(deletionDraft(options, this.#options.config), options)
  }

  /**
   * Reads a set, or a page of it.
   *
   * @param topic 32 bytes
   * @returns rejects with RecordsError TOO_FEW_ANSWERED, RECORDS_CLOSED, DEADLINE_EXCEEDED, or the signal's reason
   * @throws TypeError or RangeError for bad arguments
   */
  read(topic: Uint8Array, options: SetReadOptions = {}): Promise<SetRead> {
    const { channel, target } = keyOfMembers(topic, options.channel)
    const limit = checkNumber(options.limit, 'limit', DEFAULT_LIMIT, 1, MAX_LIMIT)
    const since = checkNumber(options.since, 'since', 0, 0, Number.MAX_SAFE_INTEGER)
    const largeBytes = checkNumber(options.largeBytes, 'largeBytes', DEFAULT_LARGE_BYTES, 0, Number.MAX_SAFE_INTEGER)
    const { after = null } = options
    const known = checkKnown(options.known)
    if (after !== null && !(after instanceof Uint8Array)) throw new TypeError('after must be a Uint8Array')
    if (after !== null && known !== null) throw new TypeError('known is of a whole set, and after for a page of one')
    if (since > 0 && (after !== null || known !== null)) throw new TypeError('since goes without after and known')
    const sinceMs = since === 0 ? 0 : Math.max(1, since - this.#options.config.maxClockSkewMs)
    const isWhole = since > 0 || known !== null
    const left = this.#timeLeft(options)
    const reading = this.#options.call(options, async (context, goesOn) => {
      const range = isWhole ? { sinceMs, known } : { after, limit }
      const place = { channel, target }
      const content = await readSet(context, place, range)
      if (this.#options.config.repair && content.evidence !== null) goesOn(repairSet(context, place, content.evidence))
      const read = readOf(content, context.clock.wallTime(), since > 0)
      // What a node was handed lately, from another one, is new there, and old.
      return since === 0 ? read : { ...read, members: read.members.filter(({ signedAtMs }) => signedAtMs >= sinceMs) }
    })
    return reading.then((read) => this.#fetchLarge(read, known, { maxBytes: largeBytes, waitOf: left }))
  }

  /** @throws TypeError, RangeError; RecordsError RECORD_REFUSED */
  #putLarge(options: MemberPutOptions): Promise<PutResult> {
    const { config, large, write } = this.#options
    const { value } = options
    if (value.length > MAX_MEMBER_BYTES) {
      const refusal = { reason: 'VALUE_TOO_LARGE', limit: MAX_MEMBER_BYTES, size: value.length } as const
      const text = `VALUE_TOO_LARGE: ${value.length} bytes, the limit is ${MAX_MEMBER_BYTES}`
      throw new RecordsError('RECORD_REFUSED', text, { refusal })
    }
    const draft = putDraft({ ...options, value: NOTHING }, config)
    checkWait(options)
    const { maxTtlMs } = config.limitsOf(LARGE_CHANNEL) ?? DEFAULT_LIMITS
    const ttlMs = Math.min(maxTtlMs, draft.ttlOf(null, 0) + LARGE_MARGIN_MS)
    // What the holders have of it already is not sent again.
    const prepare: Prepare = (wait) => large.put(value, { ...wait, ttlMs, republish: false })
    const left = this.#timeLeft(options)
    return large.rootOf(value).then((address) => {
      const named = { ...draft, large: true, value: encodeAddress(address) }
      return write(named, left(), options.republish !== false, prepare)
    })
  }

  async #fetchLarge(
    read: SetRead,
    known: SetRead | null,
    limits: { maxBytes: number; waitOf: () => WaitOptions },
  ): Promise<SetRead> {
    const lacking = read.members.filter(({ large, value }) => large !== null && value === null)
    if (lacking.length === 0) return read
    const values = new Map<string, Uint8Array | null>()
    for (const { large, value } of known?.members ?? []) if (large !== null) values.set(toHex(large.root), value)
    const wanted = lacking.flatMap(({ large, state }) =>
      state === 'found' && !values.get(toHex(large!.root)) ? [large!] : [],
    )
    const fetched = await fetchValues(this.#options.large, wanted, limits)
    for (const [i, { root }] of wanted.entries()) values.set(toHex(root), fetched[i]!)
    const members = read.members.map((member) => {
      const { large, state } = member
      if (large === null || state !== 'found') return member
      return { ...member, value: values.get(toHex(large.root)) ?? null }
    })
    return { ...read, members }
  }

  /** How long what is done next may wait, of what the whole call may. */
  #timeLeft({ signal, deadlineMs }: WaitOptions): () => WaitOptions {
    const { clock } = this.#options.config
    const start = clock.now()
    const ended = signal === undefined ? {} : { signal }
    if (deadlineMs === undefined) return () => ended
    return () => ({ ...ended, deadlineMs: Math.max(0, Math.floor(deadlineMs - (clock.now() - start))) })
  }

  /**
   * The members of a set, page by page.
   *
   * @param topic 32 bytes
   * @throws as {@link read}, when it is consumed
   */
  async *members(topic: Uint8Array, options: Omit<SetReadOptions, 'known'> = {}): AsyncGenerator<SetMember, void> {
    let after = options.after ?? null
    do {
      const page = await this.read(topic, { ...options, after })
      yield* page.members
      after = page.next
    } while (after !== null)
  }
}

function readOf(content: SetContent, nowMs: number, isAnyState: boolean): SetRead {
  const { records, nodes, readAtMs, freshness, next } = content
  const members = records.map((record) => memberOf(record, nowMs))
  return {
    members: isAnyState ? members : members.filter(({ state }) => state === 'found'),
    next,
    records,
    nodes,
    readAtMs,
    freshness,
  }
}

function memberOf(record: SignedRecord, nowMs: number): SetMember {
  const { publicKey, salt, seq, schema, signedAtMs, tombstone } = record
  const expiresAtMs = endOf(record)
  const isFound = !tombstone && record.value !== null && isAlive(expiresAtMs, nowMs)
  const large = record.large && record.value !== null ? decodeAddress(record.value) : null
  const value = isFound && !record.large ? record.value : null
  const state = tombstone ? 'deleted' : isFound ? 'found' : 'ended'
  return { publicKey, salt, state, value, large, seq, schema, signedAtMs, expiresAtMs, record }
}
