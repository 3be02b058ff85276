/** Brings one record to one holder. */
import { DHTError, hasCode } from '../../primitives/errors.js'
import type { Peer, Reply } from '../../rpc/reply.js'
import { ERROR } from '../../wire/commands.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { decodePutReply, encodePut } from '../codec/messages.js'
import { encodeRecord, recordOfProof, type SignedRecord } from '../codec/record.js'
import type { EntryKey } from '../entry.js'
import type { Expected } from '../rules/acceptance.js'
import { refusalOf } from '../rules/refusal.js'
import type { CallContext } from './context.js'
import type { Delivered } from './put-outcome.js'
import type { Holder } from './survey.js'

export interface Delivery {
  readonly key: EntryKey
  readonly record: SignedRecord
  readonly expected: Expected
}

/** Never rejects but when the module or its node is closed, or our own store fails. */
export async function deliver(context: CallContext, holder: Holder, delivery: Delivery): Promise<Delivered> {
  return holder.token === null && holder.peer.id === context.node.id
    ? storeHere(context, holder.peer, delivery)
    : sendThere(context, holder, delivery)
}

/** The same for our own store. */
export async function storeHere(
  context: CallContext,
  node: Peer,
  { record, key, expected }: Delivery,
): Promise<Delivered> {
  const claim = { kind: 'record', record, target: key.target } as const
  const { refusal, entry } = await context.local!.admission.admit(claim, expected)
  if (refusal === null) return { node, status: 'stored' }
  return { node, status: 'refused', refusal, current: entry && recordOfProof(entry.proof, entry.signature, null) }
}

async function sendThere(context: CallContext, holder: Holder, delivery: Delivery): Promise<Delivered> {
  const { record, key, expected } = delivery
  const { peer: node } = holder
  const value = encodePut({ kind: 'record', expected, kept: null, body: encodeRecord(record) })
  const message = { command: RECORD_COMMAND.PUT, target: key.target, value }
  try {
    return readDelivered(await requestWithToken(context, message, node, holder.token), node)
  } catch (error) {
    if (isOfOneNode(error)) return { node, status: 'timed-out' }
    throw error
  }
}

/** A request with a token; one that has expired meanwhile is replaced by the fresh one that came with the refusal. */
export async function requestWithToken(
  { session }: Pick<CallContext, 'session'>,
  { command, target, value }: { command: number; target: Uint8Array; value: Uint8Array | null },
  to: Peer,
  token: Uint8Array | null,
): Promise<Reply> {
  if (token === null) throw new DHTError('NO_TOKEN')
  const reply = await session.request({ command, target, value, token }, to)
  if (reply.error !== ERROR.INVALID_TOKEN || reply.token === null) return reply
  return session.request({ command, target, value, token: reply.token }, to)
}

/** What concerns one node only. */
export function isOfOneNode(error: unknown): boolean {
  return hasCode(error, 'REQUEST_TIMEOUT') || hasCode(error, 'SEND_FAILED') || hasCode(error, 'NO_TOKEN')
}

/** What a holder says of a record that it was to store. */
export function readDelivered(reply: Reply, node: Peer): Delivered {
  if (reply.error !== 0) {
    const reason = refusalOf(reply.error) ?? 'UNSUPPORTED'
    return { node, status: 'refused', refusal: { reason }, current: null }
  }
  const answer = reply.value === null ? null : decodePutReply(reply.value)
  if (answer === null) return { node, status: 'refused', refusal: { reason: 'UNSUPPORTED' }, current: null }
  const { refusal, current } = answer
  return refusal === null ? { node, status: 'stored' } : { node, status: 'refused', refusal, current }
}
