/** Brings one segment of a large value to the nodes nearest to its address, our own node among them where it is one. */
import { encodeFind, type FindReply, decodeFindReply } from '../codec/chunk-messages.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { RecordsError } from '../records-error.js'
import { LARGE_HOLDERS, rankOf } from '../rules/placement.js'
import { putQuorum } from '../rules/quorum.js'
import type { CallContext } from './context.js'
import { describePut, PutTally } from './put-outcome.js'
import type { Lane, RequestPool } from './request-pool.js'
import { type SegmentDelivered, type SegmentDelivery, SegmentUpload } from './segment-upload.js'

/** What became of a segment. */
export interface SegmentPlaced {
  /** Nodes that keep it. */
  readonly holders: number
  /** Of these, those that had it before. */
  readonly known: number
}

/** When enough have it, the others get as long as it took so far once more, and at least this. */
const LEAST_PATIENCE_MS = 2_000

interface Candidate {
  /** null: our own node. */
  readonly lane: Lane | null
  readonly found: FindReply
}

/** @returns rejects with RecordsError TOO_FEW_STORED */
export async function placeSegment(
  context: CallContext,
  pool: RequestPool,
  delivery: SegmentDelivery,
): Promise<SegmentPlaced> {
  const candidates = await findCandidates(context, pool, delivery)
  const startedAt = context.clock.now()
  const tally = new PutTally(candidates.length, putQuorum(candidates.length, context.quorum))
  const shares = new Shares(delivery.onShare, tally.needed)
  const uploads: SegmentUpload[] = []
  let known = 0
  let reached = (): void => {}
  const enough = new Promise<void>((resolve) => (reached = resolve))
  const one = async ({ lane, found }: Candidate, index: number): Promise<void> => {
    const onShare = (share: number): void => shares.note(index, share)
    const own = { ...delivery, onShare }
    let delivered: SegmentDelivered
    if (lane === null) delivered = await storeHere(context, own)
    else {
      const upload = new SegmentUpload(pool, lane, own)
      uploads.push(upload)
      delivered = await upload.run(found)
    }
    tally.add(delivered)
    if (delivered.status === 'stored') shares.note(index, 1)
    if (delivered.status === 'stored' && delivered.known) known++
    if (tally.isStored) reached()
  }
  const all = Promise.all(candidates.map(one))
  await Promise.race([enough, all])
  if (tally.pending > 0) {
    const patienceMs = Math.max(LEAST_PATIENCE_MS, 2 * (context.clock.now() - startedAt))
    const cancel = context.clock.after(patienceMs, () => uploads.forEach((upload) => upload.cancel()))
    await all.finally(cancel)
  }
  if (!tally.isStored) {
    const outcome = tally.outcome({ seq: 0, signedAtMs: delivery.expiresAtMs, ttlMs: 0 })
    throw new RecordsError('TOO_FEW_STORED', describePut(outcome), { outcome })
  }
  return { holders: tally.stored.length, known }
}

async function findCandidates(
  context: CallContext,
  pool: RequestPool,
  delivery: SegmentDelivery,
): Promise<Candidate[]> {
  const { session, node, local } = context
  const { address, channel } = delivery
  const query = session.query({ target: address, command: RECORD_COMMAND.CHUNK_FIND, value: encodeFind(channel) })
  await query.finished()
  const closest = query.closestReplies
  const candidates: Candidate[] = closest.map(({ from, token, value }) => ({
    lane: pool.lane(from, token),
    found: (value === null ? null : decodeFindReply(value)) ?? { status: 'none' },
  }))
  if (local !== null && node.id !== null) {
    const ids = closest.map(({ from }) => from.id!)
    candidates.splice(rankOf(address, node.id, ids), 0, { lane: null, found: { status: 'none' } })
  }
  return candidates.slice(0, LARGE_HOLDERS)
}

async function storeHere({ node, local }: CallContext, delivery: SegmentDelivery): Promise<SegmentDelivered> {
  const { channel, address, expiresAtMs } = delivery
  const peer = { id: node.id, host: node.host ?? '', port: node.port }
  const segment = await delivery.segment()
  if (segment === null) return { node: peer, status: 'timed-out', known: false }
  const claim = { kind: 'chunk', channel, target: address, value: segment.bytes, expiresAtMs } as const
  const { refusal, changed } = await local!.admission.admit(claim)
  if (refusal === null) return { node: peer, status: 'stored', known: !changed }
  return { node: peer, status: 'refused', refusal, current: null, known: false }
}

/** How far it is: the share that as many holders have as are needed. */
class Shares {
  readonly #onShare: ((share: number) => void) | undefined
  readonly #needed: number
  /** By holder. BOUNDED: by the holders of a segment. */
  readonly #shares = new Map<number, number>()
  #told = 0

  constructor(onShare: ((share: number) => void) | undefined, needed: number) {
    this.#onShare = onShare
    this.#needed = needed
  }

  note(holder: number, share: number): void {
    if (this.#onShare === undefined || share <= (this.#shares.get(holder) ?? 0)) return
    this.#shares.set(holder, share)
    const told = [...this.#shares.values()].sort((a, b) => b - a)[this.#needed - 1] ?? 0
    if (told <= this.#told) return
    this.#told = told
    this.#onShare(told)
  }
}
