/** Reading what lies under one key: all of it, what came since, or what has changed since an earlier reading. */
import b4a from 'b4a'
import { sameId } from '../../primitives/id.js'
import type { Peer } from '../../rpc/reply.js'
import type { SharedPlace, SignedRecord } from '../codec/record.js'
import type { SummaryReply } from '../codec/set-messages.js'
import { RecordsError } from '../records-error.js'
import {
  boundBefore,
  childOf,
  CHILDREN,
  childrenOf,
  digestOfChildren,
  leadingBits,
  LEVEL_BITS,
  type TreeNode,
  WHOLE,
} from '../rules/member-tree.js'
import { getQuorum } from '../rules/quorum.js'
import type { CallContext } from './context.js'
import { foundOf, SetCopy } from './set-copy.js'
import { SetReading } from './set-reading.js'
import type { SetEvidence } from './set-repair.js'
import { ownSource, pageSources, remoteSource, type SetSource, summarySources } from './set-sources.js'

/** How sure it is that nothing is missing. */
export interface SetFreshness {
  /** Closest nodes that answered. */
  readonly answered: number
  /** Answers that were needed, so that every write that counted is on one of them at least. */
  readonly needed: number
  /** Records that came in and were forged, withheld, or out of place. */
  readonly rejected: number
  /** Parts that nodes said they had, and none of them gave. */
  readonly missing: number
}

/** What an earlier reading found. */
export interface KnownSet {
  readonly records: readonly SignedRecord[]
  readonly nodes: readonly Peer[]
  readonly readAtMs: number
}

export interface SetContent extends KnownSet {
  /** Newest versions in the order of their subkeys, those of deleted and ended members too. */
  readonly records: readonly SignedRecord[]
  /** The nodes that hold the set, nearest first, for a later reading. */
  readonly nodes: readonly Peer[]
  /** The same, with tokens, where there was a walk. */
  readonly holders: readonly SetSource[]
  /** Wall time in ms at which the reading began. */
  readonly readAtMs: number
  readonly freshness: SetFreshness
  /** What the next page begins behind; null: there is none. */
  readonly next: Uint8Array | null
  /** Who has what, as far as it shows; null: it does not, where only what came since was read. */
  readonly evidence: SetEvidence | null
}

export interface ReadSetOptions {
  /** Only what came to the nodes at or after this wall time in ms; 0: all. */
  readonly sinceMs?: number
  readonly known?: KnownSet | null
  /** Walk to the key even where the nodes are known. */
  readonly isWalkNeeded?: boolean
  /** Only members behind this subkey. */
  readonly after?: Uint8Array | null
  /** Members of a page; a page may have fewer. */
  readonly limit?: number
}

/** @throws TypeError for what is no earlier result */
export function checkKnown<K extends KnownSet>(known: K | null | undefined): K | null {
  if (known === undefined || known === null) return null
  if (!Array.isArray(known.records) || !Array.isArray(known.nodes) || typeof known.readAtMs !== 'number') {
    throw new TypeError('known must be the result of an earlier read')
  }
  return known
}

/** The nodes of an earlier reading are asked again for so long; later there may be closer ones. */
const KNOWN_NODES_MS = 600_000

/** @returns rejects with RecordsError TOO_FEW_ANSWERED */
export async function readSet(
  context: CallContext,
  place: SharedPlace,
  options: ReadSetOptions = {},
): Promise<SetContent> {
  const { sinceMs = 0, known = null, isWalkNeeded = false, after = null, limit = Infinity } = options
  const { clock, maxClockSkewMs, random } = context
  const readAtMs = clock.wallTime()
  const copy = new SetCopy({ place, nowMs: readAtMs, maxClockSkewMs })
  if (known !== null) copy.restore(known.records)
  const reading = new SetReading({ copy, below: (most) => random.below(most) })
  const run: Run = { context, place, copy, reading, claims: new Map() }
  const isRecent = known !== null && !isWalkNeeded && readAtMs - known.readAtMs < KNOWN_NODES_MS
  const again = isRecent ? await askAgain(run, known.nodes) : null
  const isLast = { part: CHILDREN - 1 }
  let holders: readonly SetSource[] = []
  if (again === null) holders = sinceMs > 0 ? await walkSince(run, sinceMs) : await walkAll(run, after, limit, isLast)
  const answered = again?.answered ?? holders.length
  const needed = again?.needed ?? getQuorum(context.expectedHolders.count, context.quorum)
  const { rejected, missing } = reading
  const freshness = { answered, needed, rejected, missing }
  if (answered < needed) {
    throw new RecordsError('TOO_FEW_ANSWERED', `${answered} of the closest nodes answered, ${needed} are needed`)
  }
  const page = takePage(copy, after, limit, isLast.part)
  const nodes = again?.nodes ?? holders.map(({ peer }) => peer)
  const first = after === null ? 0 : leadingBits(after, LEVEL_BITS)
  const evidence = sinceMs > 0 ? null : { copy, claims: run.claims, first, last: isLast.part }
  return { ...page, nodes, holders, readAtMs, freshness, evidence }
}

interface Run {
  readonly context: CallContext
  readonly place: SharedPlace
  readonly copy: SetCopy
  readonly reading: SetReading
  /** What the closest nodes said that they have. BOUNDED: by these. */
  readonly claims: Map<SetSource, readonly TreeNode[]>
}

/** @param isLast gets the last of the 32 parts that were read */
async function walkAll(
  { context, place, copy, reading, claims }: Run,
  after: Uint8Array | null,
  limit: number,
  isLast: { part: number },
): Promise<readonly SetSource[]> {
  const before = copy.children
  const known = after === null && before.some(({ count }) => count > 0) ? digestOfChildren(before) : null
  const first = after === null ? 0 : leadingBits(after, LEVEL_BITS)
  const ahead: Promise<void>[] = []
  const { holders, answers } = await summarySources(context, place, known, (source, answer) => {
    // What the first one has is fetched while the walk goes on, which saves most readers its time.
    if (ahead.length > 0 || answer.status !== 'parts') return
    const last = partOfLimit([answer], first, limit)
    const reads = reading.readAhead(source, answer, (part) => part >= first && part <= last)
    reads.catch(() => {}) // heard below, unless the walk fails as well
    ahead.push(reads)
  })
  await Promise.all(ahead)
  isLast.part = partOfLimit(answers.values(), first, limit)
  await reading.read(answers, (part) => part >= first && part <= isLast.part)
  for (const holder of holders) claims.set(holder, claimedBy(answers.get(holder)!, before))
  return holders
}

/** The 32 parts of a node, going by its summary. @param asked those of the copy that it was asked to compare with */
function claimedBy(answer: SummaryReply, asked: readonly TreeNode[]): readonly TreeNode[] {
  if (answer.status === 'same') return asked
  return answer.status === 'parts' ? answer.children : childrenOf(answer.records.map(foundOf), WHOLE)
}

/** Up to which part to read, for so many members, if the nodes have what they say. */
function partOfLimit(answers: Iterable<SummaryReply>, first: number, limit: number): number {
  const counts = Array.from({ length: CHILDREN }, () => 0)
  for (const answer of answers) {
    if (answer.status !== 'parts') continue
    for (const [i, { count }] of answer.children.entries()) counts[i] = Math.max(counts[i]!, count)
  }
  let sum = 0
  for (let part = first; part < CHILDREN; part++) {
    sum += counts[part]!
    if (sum >= limit) return part
  }
  return CHILDREN - 1
}

async function walkSince({ context, place, reading }: Run, sinceMs: number): Promise<readonly SetSource[]> {
  const { holders, answers } = await pageSources(context, place, sinceMs)
  await Promise.all([...answers].map(([source, page]) => reading.readPages(source, page, sinceMs)))
  return holders
}

interface Again {
  readonly answered: number
  readonly needed: number
  readonly nodes: readonly Peer[]
}

/**
 * Asks nodes that are known: one first, and when we have what it has, as many as are needed whether they have the same.
 *
 * @returns null: too few of them answer
 */
async function askAgain({ context, place, copy, reading, claims }: Run, nodes: readonly Peer[]): Promise<Again | null> {
  const needed = getQuorum(Math.max(nodes.length, context.expectedHolders.count), context.quorum)
  const ownId = context.node.id
  const sources = nodes.map((peer) => {
    const isOwn = ownId !== null && peer.id !== null && sameId(ownId, peer.id)
    return isOwn ? ownSource(context, place) : remoteSource(context, place, peer, null)
  })
  const silent = new Set<number>()
  let answered = 0
  for (let next = 0; answered < needed;) {
    // The first alone: what it gives, the others need not.
    const count = answered === 0 ? 1 : needed - answered
    if (next + count > sources.length) return null
    const before = copy.children
    const digest = digestOfChildren(before)
    const asked = sources.slice(next, next + count)
    const replies = await Promise.all(asked.map(async (source) => (await source?.summary(WHOLE, digest)) ?? null))
    const answers = new Map<SetSource, SummaryReply>()
    for (const [i, reply] of replies.entries()) {
      if (reply === null) {
        silent.add(next + i)
        continue
      }
      answers.set(asked[i]!, reply)
      claims.set(asked[i]!, claimedBy(reply, before))
    }
    await reading.read(answers)
    answered += answers.size
    next += count
  }
  return { answered, needed, nodes: nodes.filter((_, i) => !silent.has(i)) }
}

function takePage(copy: SetCopy, after: Uint8Array | null, limit: number, lastPart: number) {
  const records: SignedRecord[] = []
  let last: Uint8Array | null = null
  for (const { subkey, record } of copy.under(WHOLE)) {
    if (after !== null && b4a.compare(subkey, after) <= 0) continue
    if (leadingBits(subkey, LEVEL_BITS) > lastPart) break
    if (records.length === limit) return { records, next: last }
    records.push(record)
    last = subkey
  }
  return { records, next: lastPart === CHILDREN - 1 ? null : boundBefore(childOf(WHOLE, lastPart + 1)) }
}
