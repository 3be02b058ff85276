/**
 * A look at what the nodes closest to a key hold. Reading and writing begin with it: readers want the newest version,
 * writers its number, and the tokens of the holders.
 */
import b4a from 'b4a'
import { verify } from '../../primitives/ed25519.js'
import { sameId } from '../../primitives/id.js'
import type { Peer, Reply } from '../../rpc/reply.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { decodeGetReply, encodeGet } from '../codec/messages.js'
import { recordPlace, recordSignable, type SignedRecord } from '../codec/record.js'
import type { EntryKey } from '../entry.js'
import { servedRecord } from '../holder/served-record.js'
import { endOf } from '../rules/lifetime.js'
import { rankOf } from '../rules/placement.js'
import { HOLDERS } from '../rules/quorum.js'
import type { Version } from '../rules/version.js'
import type { CallContext } from './context.js'

/** One of the closest nodes. */
export interface Holder {
  readonly peer: Peer
  /** null: our own node. */
  readonly token: Uint8Array | null
  /** What it says it has, not verified; null: nothing, or nothing newer than what we know. */
  readonly record: SignedRecord | null
}

export interface Survey {
  /** The closest nodes that answered, nearest first, at most twenty; our own node, where it is one of them. */
  readonly holders: readonly Holder[]
  /** What other nodes on the way had. BOUNDED: by the nodes a lookup asks. */
  readonly others: readonly Holder[]
}

export interface SurveyOptions {
  readonly headOnly: boolean
  readonly known: Version | null
  /** Called with each record as it comes; true ends the walk. */
  readonly onRecord?: (record: SignedRecord) => Promise<boolean>
}

export async function survey(context: CallContext, key: EntryKey, options: SurveyOptions): Promise<Survey> {
  const { node, session } = context
  const { channel, target, subkey } = key
  const { headOnly, known, onRecord } = options
  const value = encodeGet({ channel, subkey, headOnly, known })
  const own = await ownHolder(context, key, headOnly)
  const query = session.query({ target, command: RECORD_COMMAND.GET, value })
  const all = new Map<Reply, Holder>()
  if (own?.record && onRecord && (await onRecord(own.record))) return { holders: [own], others: [] }
  for await (const reply of query) {
    const holder = holderOf(reply)
    all.set(reply, holder)
    if (holder.record !== null && onRecord !== undefined && (await onRecord(holder.record))) break
  }
  const closest = query.closestReplies
  const holders = closest.map((reply) => all.get(reply) ?? holderOf(reply))
  for (const reply of closest) all.delete(reply)
  const others = [...all.values()].filter(({ record }) => record !== null)
  if (own !== null && node.id !== null) {
    const ids = closest.map(({ from }) => from.id!)
    const rank = rankOf(target, node.id, ids)
    if (rank < HOLDERS) holders.splice(rank, 0, own)
    else others.push(own)
  }
  // A walk that was broken off has not found them all.
  if (onRecord === undefined) context.expectedHolders.note(holders.length)
  return { holders: holders.slice(0, HOLDERS), others }
}

function holderOf(reply: Reply): Holder {
  const answer = reply.value === null ? null : decodeGetReply(reply.value)
  return { peer: reply.from, token: reply.token, record: answer?.status === 'found' ? answer.record : null }
}

/** Our own node as a holder, where it keeps records; else null. */
export async function ownHolder(context: CallContext, key: EntryKey, headOnly: boolean): Promise<Holder | null> {
  const { local, node } = context
  if (local === null || node.id === null) return null
  const entry = await local.store.get(key)
  const record = entry === null ? null : servedRecord(entry, context.clock.wallTime(), headOnly)
  return { peer: { id: node.id, host: node.host ?? '', port: node.port }, token: null, record }
}

/** Whether a record is one of this key, and signed by its owner. */
export async function isAuthentic(record: SignedRecord, key: EntryKey): Promise<boolean> {
  const { target, subkey } = recordPlace(record)
  if (record.channel !== key.channel || !sameId(target, key.target) || !b4a.equals(subkey, key.subkey)) return false
  const { signature, publicKey } = record
  return verify({ message: recordSignable(record), signature, publicKey })
}

/** What a reader goes by, of all that a survey has found. */
export interface Newest {
  /** The newest authentic version; null: there is none. */
  readonly record: SignedRecord | null
  /** Records that were forged, or withheld. */
  readonly rejected: number
}

/**
 * The newest authentic version.
 *
 * Of several values of one seq and round (writers who raced and were not settled) it is the one that most holders have.
 *
 * @param isWhole values are wanted: a version that should have one and came without does not count
 */
export async function newestOf(
  records: readonly SignedRecord[],
  key: EntryKey,
  { isWhole, nowMs, maxClockSkewMs }: { isWhole: boolean; nowMs: number; maxClockSkewMs: number },
): Promise<Newest> {
  const votes = new Map<string, number>()
  for (const record of records) votes.set(ballot(record), (votes.get(ballot(record)) ?? 0) + 1)
  const ordered = [...records].sort(
    (a, b) =>
      b.seq - a.seq ||
      b.round - a.round ||
      votes.get(ballot(b))! - votes.get(ballot(a))! ||
      (ballot(a) < ballot(b) ? -1 : ballot(a) > ballot(b) ? 1 : 0) ||
      b.signedAtMs - a.signedAtMs ||
      Number(a.value === null) - Number(b.value === null),
  )
  const refused = new Set<string>()
  let rejected = 0
  for (const record of ordered) {
    const isWithheld = isWhole && record.value === null && !record.tombstone && endOf(record) > nowMs + maxClockSkewMs
    const name = b4a.toString(record.signature, 'hex')
    const isFuture = record.signedAtMs > nowMs + 2 * maxClockSkewMs
    if (!isWithheld && !isFuture && !refused.has(name)) {
      if (await isAuthentic(record, key)) return { record, rejected }
      refused.add(name)
    }
    rejected++
  }
  return { record: null, rejected }
}

function ballot({ seq, round, valueHash, tombstone }: SignedRecord): string {
  return `${seq}/${round}/${tombstone}/${b4a.toString(valueHash, 'hex')}`
}
