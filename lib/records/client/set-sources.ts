/** The nodes closest to a key, as sources of what lies under it. */
import type { Peer, Reply } from '../../rpc/reply.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import type { SharedPlace } from '../codec/record.js'
import {
  decodeListReply,
  decodeSummaryReply,
  encodeList,
  encodeSummary,
  type ListReply,
  type SummaryReply,
} from '../codec/set-messages.js'
import { readPage } from '../holder/set-pages.js'
import { summaryReply } from '../holder/set-holder.js'
import { type Prefix, WHOLE } from '../rules/member-tree.js'
import { rankOf } from '../rules/placement.js'
import { HOLDERS } from '../rules/quorum.js'
import type { CallContext } from './context.js'
import { isOfOneNode, requestWithToken } from './deliver.js'
import type { Holder } from './survey.js'

/** One node that may have a copy of the set. Nothing it says has been verified. */
export interface SetSource extends Holder {
  /** null: it does not answer, or not sensibly. */
  summary(prefix: Prefix, known: Uint8Array | null): Promise<SummaryReply | null>
  list(prefix: Prefix, after: Uint8Array | null, sinceMs: number): Promise<ListReply | null>
}

/** Whom to ask, and what they said on the way. */
export interface Sources<T> {
  /** The closest nodes that answered, nearest first, at most twenty; our own node, where it is one of them. */
  readonly holders: readonly SetSource[]
  /** What these and other nodes said. BOUNDED: by the nodes a lookup asks. */
  readonly answers: ReadonlyMap<SetSource, T>
}

/**
 * Walks to the key, asking everybody for a summary.
 *
 * @param known `digestOfChildren` of what we have, or null
 * @param onAnswer called with each as it comes
 */
export function summarySources(
  context: CallContext,
  place: SharedPlace,
  known: Uint8Array | null,
  onAnswer: (source: SetSource, answer: SummaryReply) => void,
): Promise<Sources<SummaryReply>> {
  const { channel } = place
  return walk(context, place, {
    command: RECORD_COMMAND.SUMMARY,
    value: encodeSummary({ channel, prefix: WHOLE, known, brief: false }),
    decode: (bytes) => decodeSummaryReply(bytes, place),
    askOwn: (source) => source.summary(WHOLE, known),
    onAnswer,
  })
}

/** Walks to the key, asking everybody for a first page of what came to him since. */
export function pageSources(context: CallContext, place: SharedPlace, sinceMs: number): Promise<Sources<ListReply>> {
  const { channel } = place
  return walk(context, place, {
    command: RECORD_COMMAND.LIST,
    value: encodeList({ channel, prefix: WHOLE, after: null, sinceMs, brief: false }),
    decode: (bytes) => decodeListReply(bytes, place),
    askOwn: (source) => source.list(WHOLE, null, sinceMs),
  })
}

interface Question<T> {
  readonly command: number
  readonly value: Uint8Array
  readonly decode: (bytes: Uint8Array) => T | null
  readonly askOwn: (source: SetSource) => Promise<T | null>
  readonly onAnswer?: (source: SetSource, answer: T) => void
}

async function walk<T>(context: CallContext, place: SharedPlace, question: Question<T>): Promise<Sources<T>> {
  const { node, session } = context
  const { command, value, decode, askOwn, onAnswer } = question
  const answers = new Map<SetSource, T>()
  const sources = new Map<Reply, SetSource>()
  const take = (source: SetSource, answer: T): void => {
    answers.set(source, answer)
    onAnswer?.(source, answer)
  }
  const own = ownSource(context, place)
  const ownAnswer = own === null ? null : await askOwn(own)
  if (own !== null && ownAnswer !== null) take(own, ownAnswer)
  const query = session.query({ target: place.target, command, value })
  for await (const reply of query) {
    const answer = reply.error !== 0 || reply.value === null ? null : decode(reply.value)
    if (answer === null) continue
    const source = remoteSource(context, place, reply.from, reply.token)
    sources.set(reply, source)
    take(source, answer)
  }
  const holders = query.closestReplies.flatMap((reply) => sources.get(reply) ?? [])
  if (own !== null && ownAnswer !== null && node.id !== null) {
    const ids = query.closestReplies.map(({ from }) => from.id!)
    const rank = rankOf(place.target, node.id, ids)
    if (rank < HOLDERS) holders.splice(rank, 0, own)
  }
  context.expectedHolders.note(holders.length)
  return { holders: holders.slice(0, HOLDERS), answers }
}

/** @param token with it, a node sends more to us at a time than to a stranger; null: we have none */
export function remoteSource(
  context: CallContext,
  place: SharedPlace,
  peer: Peer,
  token: Uint8Array | null,
): SetSource {
  const { channel, target } = place
  const { session } = context
  const ask = async (command: number, value: Uint8Array): Promise<Uint8Array | null> => {
    try {
      const message = { command, target, value }
      const asked = token === null ? session.request(message, peer) : requestWithToken(context, message, peer, token)
      const reply = await asked
      return reply.error === 0 ? reply.value : null
    } catch (error) {
      if (isOfOneNode(error)) return null
      throw error
    }
  }
  return {
    peer,
    token,
    record: null,
    async summary(prefix, known) {
      const bytes = await ask(RECORD_COMMAND.SUMMARY, encodeSummary({ channel, prefix, known, brief: true }))
      return bytes === null ? null : decodeSummaryReply(bytes, place)
    },
    async list(prefix, after, sinceMs) {
      const bytes = await ask(RECORD_COMMAND.LIST, encodeList({ channel, prefix, after, sinceMs, brief: true }))
      return bytes === null ? null : decodeListReply(bytes, place)
    },
  }
}

/** Our own store, where we keep records; else null. */
export function ownSource(context: CallContext, { channel, target }: SharedPlace): SetSource | null {
  const { local, node, clock } = context
  if (local === null || node.id === null) return null
  return {
    peer: { id: node.id, host: node.host ?? '', port: node.port },
    token: null,
    record: null,
    async summary(prefix, known) {
      const summary = await local.summaries.of({ channel, target }, prefix)
      return summary === null ? null : summaryReply(summary, known)
    },
    list: (prefix, after, sinceMs) =>
      readPage(local.store, target, { channel, prefix, after, sinceMs, brief: true }, clock.wallTime()),
  }
}
