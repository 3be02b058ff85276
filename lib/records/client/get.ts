/** Reading one record: the newest version that a quorum of the closest nodes knows, or the first valid one. */
import type { Peer } from '../../rpc/reply.js'
import type { SignedRecord } from '../codec/record.js'
import type { EntryKey } from '../entry.js'
import { RecordsError } from '../records-error.js'
import { endOf, isAlive } from '../rules/lifetime.js'
import { getQuorum } from '../rules/quorum.js'
import { compareVersions } from '../rules/version.js'
import { askFirst } from './ask-around.js'
import type { CallContext } from './context.js'
import { deliver } from './deliver.js'
import { decodeAddress, type LargeAddress } from './large-members.js'
import { type Holder, holderOf, isAuthentic, newestOf, ownHolder, readMessage, type Survey, survey } from './survey.js'

/**
 * - `found`: there is a value
 * - `none`: no node has any version
 * - `deleted`: the owner has deleted it
 * - `ended`: its life is over
 */
export type RecordState = 'found' | 'none' | 'deleted' | 'ended'

/** How sure it is that this is the newest version. */
export interface Freshness {
  /** `quorum`: no write that counted can be newer. `first`: the first valid version that came in. */
  readonly basis: 'quorum' | 'first'
  /** Closest nodes that answered. */
  readonly answered: number
  /** Answers that were needed. */
  readonly needed: number
  /** Closest nodes that have this version. */
  readonly agreeing: readonly Peer[]
  /** Closest nodes that have an older one, or none. */
  readonly behind: readonly Peer[]
  /** Records that came in and were forged, or withheld their value. */
  readonly rejected: number
}

export interface GetOutcome {
  readonly state: RecordState
  /** The value; null unless `state` is `found`, and where it is a large one. */
  readonly value: Uint8Array | null
  /** Of a member of a set with a large value: where that is, for `records.large.get`. Else null. */
  readonly large: LargeAddress | null
  /** Number of the version; null where there is none. */
  readonly seq: number | null
  /** What the owner says that the value is; `''`: nothing. */
  readonly schema: string
  /** Wall time in ms of the signing, and of the end; null where there is no version. */
  readonly signedAtMs: number | null
  readonly expiresAtMs: number | null
  readonly freshness: Freshness
  /** The record itself, signature included; null where there is none. */
  readonly record: SignedRecord | null
}

/** The same as a survey and an outcome, for those who go on with it. */
export interface Read {
  readonly outcome: GetOutcome
  readonly survey: Survey
}

/** @returns rejects with RecordsError TOO_FEW_ANSWERED */
export async function readNewest(context: CallContext, key: EntryKey): Promise<Read> {
  const found = await survey(context, key, { headOnly: false, known: null })
  const nowMs = context.clock.wallTime()
  const records = [...found.holders, ...found.others].flatMap(({ record }) => (record === null ? [] : [record]))
  const rules = { isWhole: true, nowMs, maxClockSkewMs: context.maxClockSkewMs }
  const { record, rejected } = await newestOf(records, key, rules)
  const { holders } = found
  const needed = getQuorum(context.expectedHolders.count, context.quorum)
  const isHere = (holder: Holder): boolean =>
    record !== null && holder.record !== null && compareVersions(holder.record, record) === 0
  const outcome = outcomeOf(record, nowMs, {
    basis: 'quorum',
    answered: holders.length,
    needed,
    agreeing: holders.filter(isHere).map(({ peer }) => peer),
    behind: holders.filter((holder) => record !== null && !isHere(holder)).map(({ peer }) => peer),
    rejected,
  })
  if (holders.length < needed) {
    const text = `${holders.length} of the closest nodes answered, ${needed} are needed`
    throw new RecordsError('TOO_FEW_ANSWERED', text, { outcome })
  }
  return { outcome, survey: found }
}

export async function readFirst(context: CallContext, key: EntryKey): Promise<GetOutcome> {
  const nowMs = context.clock.wallTime()
  let first: SignedRecord | null = null
  let rejected = 0
  const onRecord = async (record: SignedRecord): Promise<boolean> => {
    if (first !== null) return true
    if (record.value === null || !isAlive(endOf(record), nowMs)) return false
    if (await isAuthentic(record, key)) first ??= record
    else rejected++
    return first !== null
  }
  const holders = await findFirst(context, key, onRecord)
  const agreeing = holders.filter(({ record }) => record === first && record !== null).map(({ peer }) => peer)
  return outcomeOf(first, nowMs, {
    basis: 'first',
    answered: holders.length,
    needed: 1,
    agreeing,
    behind: [],
    rejected,
  })
}

/** Here, then with the nearest of the nodes that are known, then by a lookup. @returns who was asked */
async function findFirst(
  context: CallContext,
  key: EntryKey,
  onRecord: (record: SignedRecord) => Promise<boolean>,
): Promise<readonly Holder[]> {
  const { session, knownNodes, clock } = context
  const question = { headOnly: false, known: null }
  const own = await ownHolder(context, key, false)
  if (own?.record && (await onRecord(own.record))) return [own]
  const message = readMessage(key, question)
  const found = await askFirst(clock, knownNodes.records, key.target, {
    send: ({ peer }) => session.request(message, peer),
    read: async (reply) => {
      const holder = holderOf(reply)
      return holder.record !== null && (await onRecord(holder.record)) ? holder : null
    },
  })
  return found === null ? (await survey(context, key, { ...question, onRecord })).holders : [found]
}

/**
 * Brings the newest version, or the word that it is deleted, to those of the closest nodes that lack it. Never rejects: a
 * reader has what it wanted.
 *
 * @returns how many took it
 */
export async function repair(context: CallContext, key: EntryKey, { outcome, survey: found }: Read): Promise<number> {
  const record = handable(outcome)
  if (record === null || outcome.freshness.behind.length === 0) return 0
  const lacking = found.holders.filter((holder) => holder.record === null || compareVersions(holder.record, record) < 0)
  const delivered = await Promise.allSettled(
    lacking.map((holder) => deliver(context, holder, { key, record, expected: null })),
  )
  return delivered.filter((each) => each.status === 'fulfilled' && each.value.status === 'stored').length
}

/** As holders take it; null: they do not. A tombstone is signed with an empty value, and shown without one. */
function handable({ record, state }: GetOutcome): SignedRecord | null {
  if (record === null || state === 'found') return record
  return state === 'deleted' ? { ...record, value: new Uint8Array(0) } : null
}

export function outcomeOf(record: SignedRecord | null, nowMs: number, freshness: Freshness): GetOutcome {
  const state = stateOf(record, nowMs)
  const value = state === 'found' ? record!.value : null
  const isLarge = record?.large === true
  return {
    state,
    value: isLarge ? null : value,
    large: isLarge && value !== null ? decodeAddress(value) : null,
    seq: record?.seq ?? null,
    schema: record?.schema ?? '',
    signedAtMs: record?.signedAtMs ?? null,
    expiresAtMs: record === null ? null : endOf(record),
    freshness,
    record,
  }
}

function stateOf(record: SignedRecord | null, nowMs: number): RecordState {
  if (record === null) return 'none'
  if (record.tombstone) return 'deleted'
  return record.value !== null && isAlive(endOf(record), nowMs) ? 'found' : 'ended'
}
