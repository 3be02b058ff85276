/**
 * The short way to write: a version that is most likely the next one goes to the nodes that are known to be closest, at
 * once. Where they know a newer version, they refuse it and say so, and it is as if they had been asked first.
 */
import type { SignedRecord } from '../codec/record.js'
import { encodeRecord } from '../codec/record.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { encodePut } from '../codec/messages.js'
import type { EntryKey } from '../entry.js'
import { HOLDERS, putQuorum } from '../rules/quorum.js'
import { type Answer, askAround, UNKNOWN_TOKEN } from './ask-around.js'
import type { CallContext } from './context.js'
import { readDelivered, requestWithToken, storeHere } from './deliver.js'
import { type Delivered, type PutOutcome, PutTally } from './put-outcome.js'
import { type Holder, ownRank, type Survey } from './survey.js'

export interface KnownWrite {
  /** null: it does not count. */
  readonly written: { readonly outcome: PutOutcome; readonly settled: Promise<PutOutcome> } | null
  /** A holder refused it for another version. */
  readonly isContested: boolean
  /** What the holders have now. */
  readonly survey: Survey
}

/**
 * Writes a record that nothing is expected of.
 *
 * @returns null where it takes a lookup to find the holders; some may have stored it then
 */
export async function writeKnown(
  context: CallContext,
  key: EntryKey,
  record: SignedRecord,
): Promise<KnownWrite | null> {
  const { session, knownNodes, node } = context
  const { target } = key
  const rank = context.local === null ? HOLDERS : ownRank(context, target)
  const isHere = rank < HOLDERS
  const value = encodePut({ kind: 'record', expected: null, kept: null, body: encodeRecord(record), wantsCloser: true })
  const message = { command: RECORD_COMMAND.PUT, target, value }
  const around = await askAround(context, knownNodes.records, target, {
    count: isHere ? HOLDERS - 1 : HOLDERS,
    send: ({ peer, token }) => requestWithToken({ session }, message, peer, token ?? UNKNOWN_TOKEN),
  })
  if (around === null) return null
  const { answers, waiting, silent, late } = around
  const asked = answers.length + waiting.length + silent.length + (isHere ? 1 : 0)
  const tally = new PutTally(asked, putQuorum(Math.min(asked, HOLDERS), context.quorum))
  const holders: Holder[] = []
  for (const answer of answers) {
    const delivered = deliveredBy(answer)
    tally.add(delivered)
    holders.push({ peer: answer.reply.from, token: answer.reply.token, record: heldAfter(delivered, record) })
  }
  if (isHere) {
    const peer = { id: node.id, host: node.host ?? '', port: node.port }
    const delivered = await storeHere(context, peer, { key, record, expected: null })
    tally.add(delivered)
    holders.splice(rank, 0, { peer, token: null, record: heldAfter(delivered, record) })
  }
  for (const { peer } of silent) tally.add({ node: peer, status: 'timed-out' })
  context.expectedHolders.note(holders.length)
  const survey = { holders, others: [] }
  const { isContested } = tally
  if (!tally.isStored || isContested) return { written: null, isContested, survey }
  const settled = late.then((more) => {
    for (const answer of more) tally.add(deliveredBy(answer))
    const heard = new Set(more.map(({ node: each }) => each))
    for (const each of waiting) if (!heard.has(each)) tally.add({ node: each.peer, status: 'timed-out' })
    return tally.outcome(record)
  })
  return { written: { outcome: tally.outcome(record), settled }, isContested, survey }
}

function deliveredBy({ reply }: Answer): Delivered {
  return readDelivered(reply, reply.from)
}

/** The version that a holder has after it was asked to store this one. */
function heldAfter(delivered: Delivered, record: SignedRecord): SignedRecord | null {
  if (delivered.status === 'stored') return record
  return delivered.status === 'refused' ? delivered.current : null
}
