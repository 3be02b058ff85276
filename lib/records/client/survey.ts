/**
 * A look at what the nodes closest to a key hold. Reading and writing begin with it: readers want the newest version,
 * writers its number, and the tokens of the holders.
 */
import b4a from 'b4a'
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
import { compareVersions, type Version } from '../rules/version.js'
import { type Answer, askAround } from './ask-around.js'
import type { CallContext } from './context.js'
import { verifyOnce } from '../verified.js'

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
  return (await surveyKnown(context, key, options)) ?? surveyByLookup(context, key, options)
}

/**
 * The same, of the nodes that are known to be closest. What a lookup sees beside them counts where they disagree, or have
 * nothing; so this is for the case that all of them have the same version.
 */
async function surveyKnown(context: CallContext, key: EntryKey, options: SurveyOptions): Promise<Survey | null> {
  const { session, knownNodes } = context
  const { target } = key
  // Who is content with the first has it before the others are heard.
  if (options.onRecord !== undefined) return null
  const own = await ownHolder(context, key, options.headOnly)
  const rank = own === null ? HOLDERS : ownRank(context, target)
  const message = readMessage(key, options)
  const around = await askAround(context, knownNodes.records, target, {
    count: rank < HOLDERS ? HOLDERS - 1 : HOLDERS,
    send: ({ peer }) => session.request(message, peer),
  })
  if (around === null) return null
  const holders = holdersOf(around.answers.map(({ reply }) => reply))
  if (rank < HOLDERS) holders.splice(rank, 0, own!)
  if (!areAlike(holders) && !isNothingNew(around.answers, rank < HOLDERS ? own : null, options.known)) return null
  context.expectedHolders.note(holders.length)
  return { holders, others: [] }
}

/** How many of the nodes that are known to be closest are closer than we are. */
export function ownRank({ node, knownNodes }: CallContext, target: Uint8Array): number {
  const near = node.id === null ? null : knownNodes.records.closest(target, HOLDERS)
  if (near === null) return HOLDERS
  const ids = near.map(({ peer }) => peer.id)
  return rankOf(target, node.id!, ids)
}

/** Whether all of them have the very same version. */
function areAlike(holders: readonly Holder[]): boolean {
  const first = holders[0]?.record ?? null
  if (first === null) return false
  return holders.every(({ record }) => record === first || isSameSigning(record, first))
}

function isSameSigning(record: SignedRecord | null, other: SignedRecord): boolean {
  return record !== null && b4a.equals(record.signature, other.signature)
}

/** Whether all of them say that nothing is newer than what the reader knows. */
function isNothingNew(answers: readonly Answer[], own: Holder | null, known: Version | null): boolean {
  if (known === null) return false
  if (own !== null && (own.record === null || compareVersions(own.record, known) !== 0)) return false
  return answers.every(({ reply: { value } }) => value !== null && decodeGetReply(value)?.status === 'same')
}

async function surveyByLookup(context: CallContext, key: EntryKey, options: SurveyOptions): Promise<Survey> {
  const { node, session } = context
  const { target } = key
  const { headOnly, onRecord } = options
  const own = await ownHolder(context, key, headOnly)
  const query = session.query(readMessage(key, options))
  const all = new Map<Reply, Holder>()
  if (own?.record && onRecord && (await onRecord(own.record))) return { holders: [own], others: [] }
  for await (const reply of query) {
    const holder = holderOf(reply)
    all.set(reply, holder)
    context.knownNodes.records.note(reply)
    if (holder.record !== null && onRecord !== undefined && (await onRecord(holder.record))) break
  }
  const closest = query.closestReplies
  if (onRecord === undefined && closest.length >= HOLDERS) {
    context.knownNodes.records.noteLookup(target, closest[HOLDERS - 1]!.from.id!)
  }
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

/** The request that asks what lies under a key. */
export function readMessage(
  { channel, target, subkey }: EntryKey,
  { headOnly, known }: Pick<SurveyOptions, 'headOnly' | 'known'>,
): { target: Uint8Array; command: number; value: Uint8Array } {
  return { target, command: RECORD_COMMAND.GET, value: encodeGet({ channel, subkey, headOnly, known }) }
}

export function holderOf(reply: Reply): Holder {
  return { peer: reply.from, token: reply.token, record: recordIn(reply.value) }
}

/** The same for many: most of them say the same, so what has been read once is the same object from then on. */
function holdersOf(replies: readonly Reply[]): Holder[] {
  let last: { value: Uint8Array; record: SignedRecord | null } | null = null
  return replies.map((reply) => {
    const { value } = reply
    if (value !== null && (last === null || !b4a.equals(last.value, value))) last = { value, record: recordIn(value) }
    return { peer: reply.from, token: reply.token, record: value === null ? null : last!.record }
  })
}

function recordIn(value: Uint8Array | null): SignedRecord | null {
  const answer = value === null ? null : decodeGetReply(value)
  return answer?.status === 'found' ? answer.record : null
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
  return verifyOnce({ message: recordSignable(record), signature, publicKey })
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
  const ballots = new Map<SignedRecord, string>()
  // What was read once and came from many is one object.
  for (const record of records) {
    let name = ballots.get(record)
    if (name === undefined) ballots.set(record, (name = ballot(record)))
    votes.set(name, (votes.get(name) ?? 0) + 1)
  }
  const votesOf = (record: SignedRecord): number => votes.get(ballots.get(record)!)!
  const ordered = [...records].sort((a, b) => {
    if (a === b) return 0
    const order = b.seq - a.seq || b.round - a.round || votesOf(b) - votesOf(a)
    if (order !== 0) return order
    const [one, two] = [ballots.get(a)!, ballots.get(b)!]
    if (one !== two) return one < two ? -1 : 1
    return b.signedAtMs - a.signedAtMs || Number(a.value === null) - Number(b.value === null)
  })
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
