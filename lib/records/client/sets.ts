/** Many values under one key, one or more of each owner, as users see them. */
import type { Peer } from '../../rpc/reply.js'
import type { SignedRecord } from '../codec/record.js'
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
import { endOf, isAlive } from '../rules/lifetime.js'
import type { CallContext, WaitOptions } from './context.js'
import type { RecordState } from './get.js'
import { type KnownSet, readSet, type SetContent, type SetFreshness } from './set-read.js'
import type { Draft } from './write.js'

export interface MemberPutOptions extends PutOptions {
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
}

/** A member of a set. */
export interface SetMember {
  /** 32 bytes: the owner. */
  readonly publicKey: Uint8Array
  /** What tells the members of one owner apart. */
  readonly salt: Uint8Array
  /** Only with `since` is it anything but `found`. */
  readonly state: RecordState
  /** null unless `state` is `found`. */
  readonly value: Uint8Array | null
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
  readonly call: <T>(wait: WaitOptions, work: (context: CallContext) => Promise<T>) => Promise<T>
  readonly write: (draft: Draft, wait: WaitOptions, isRepublished: boolean) => Promise<PutResult>
  readonly delete: (draft: Draft, wait: WaitOptions) => Promise<PutResult>
}

const MAX_LIMIT = 100_000
const DEFAULT_LIMIT = 10_000

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
    return this.#options.write(putDraft(options, this.#options.config), options, options.republish !== false)
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
    const { after = null, known = null } = options
    if (after !== null && !(after instanceof Uint8Array)) throw new TypeError('after must be a Uint8Array')
    if (after !== null && known !== null) throw new TypeError('known is of a whole set, and after for a page of one')
    if (since > 0 && (after !== null || known !== null)) throw new TypeError('since goes without after and known')
    const sinceMs = since === 0 ? 0 : Math.max(1, since - this.#options.config.maxClockSkewMs)
    const isWhole = since > 0 || known !== null
    return this.#options.call(options, async (context) => {
      const range = isWhole ? { sinceMs, known } : { after, limit }
      const content = await readSet(context, { channel, target }, range)
      const read = readOf(content, context.clock.wallTime(), since > 0)
      // What a node was handed lately, from another one, is new there, and old.
      return since === 0 ? read : { ...read, members: read.members.filter(({ signedAtMs }) => signedAtMs >= sinceMs) }
    })
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
  const { publicKey, salt, seq, schema, signedAtMs, value, tombstone } = record
  const expiresAtMs = endOf(record)
  const isFound = !tombstone && value !== null && isAlive(expiresAtMs, nowMs)
  const state = tombstone ? 'deleted' : isFound ? 'found' : 'ended'
  return { publicKey, salt, state, value: isFound ? value : null, seq, schema, signedAtMs, expiresAtMs, record }
}
