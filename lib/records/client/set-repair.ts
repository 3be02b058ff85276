/**
 * Hands what a reading of a set has found to those of the closest nodes that lack it, or have an older version: who said
 * of a part something else than what the reader has now is offered the versions of its members, and sent what it wants.
 *
 * No more is offered than a few dozen datagrams hold, of parts that are chosen at random: of a large set that a node has
 * missed, every reading brings it some, and its fellow holders the rest (holder/transfer.ts).
 */
import b4a from 'b4a'
import { RECORD_COMMAND } from '../codec/commands.js'
import { decodeBits, encodeOffered, MAX_OFFER_BYTES } from '../codec/messages.js'
import type { SharedPlace, SignedRecord } from '../codec/record.js'
import type { EntryKey } from '../entry.js'
import { endOf, isAlive } from '../rules/lifetime.js'
import { CHILDREN, childOf, childrenOf, sameNode, type TreeNode, WHOLE } from '../rules/member-tree.js'
import { compareVersions } from '../rules/version.js'
import type { CallContext } from './context.js'
import { deliver, isOfOneNode } from './deliver.js'
import type { Found, SetCopy } from './set-copy.js'
import type { SetSource } from './set-sources.js'

/** What a reading has seen of who has what. */
export interface SetEvidence {
  /** What the reader has now. */
  readonly copy: SetCopy
  /** What the closest nodes said that they have: of each of the 32 parts. */
  readonly claims: ReadonlyMap<SetSource, readonly TreeNode[]>
  /** The first and the last of these parts that were read. */
  readonly first: number
  readonly last: number
}

/** Versions that are offered after one reading, to all nodes together: about twenty datagrams, and at most as many records. */
const MAX_OFFERED = 256

/** Whom we offer one thing we may offer more: as many as fit a datagram. */
const LEAST_OFFERED = 12

const NOTHING = new Uint8Array(0)

/** @returns how many records were taken. Rejects when the module or its node is closed, or our own store fails */
export async function repairSet(context: CallContext, place: SharedPlace, evidence: SetEvidence): Promise<number> {
  const { copy, claims, first, last } = evidence
  const here = childrenOf(copy.under(WHOLE), WHOLE)
  const start = context.random.below(CHILDREN)
  const parts = Array.from({ length: CHILDREN }, (_, i) => (start + i) % CHILDREN).filter(
    (part) => part >= first && part <= last && here[part]!.count > 0,
  )
  const behind: [SetSource, number[]][] = []
  for (const [source, children] of claims) {
    const differing = parts.filter((part) => !sameNode(here[part]!, children[part]!))
    if (differing.length > 0) behind.push([source, differing])
  }
  const share = Math.max(LEAST_OFFERED, Math.floor(MAX_OFFERED / Math.max(1, behind.length)))
  const nowMs = context.clock.wallTime()
  const taken = await Promise.all(
    behind.map(([source, differing]) => {
      const found = differing.flatMap((part) => copy.under(childOf(WHOLE, part)))
      return bring(context, place, source, found.filter((each) => isHandable(each.record, nowMs)).slice(0, share))
    }),
  )
  return taken.reduce((sum, count) => sum + count, 0)
}

/** What a holder takes: what is alive, and tombstones. */
function isHandable(record: SignedRecord, nowMs: number): boolean {
  return isAlive(endOf(record), nowMs) && (record.tombstone || record.value !== null)
}

/** Offers members to one node, then sends what it wants. @returns how many it took */
async function bring(
  context: CallContext,
  { channel, target }: SharedPlace,
  source: SetSource,
  found: readonly Found[],
): Promise<number> {
  const { peer } = source
  let token = source.token
  let taken = 0
  for (let at = 0; at < found.length;) {
    const batch: Found[] = []
    const offers: Uint8Array[] = []
    for (let bytes = 0; at < found.length; at++) {
      const { subkey, seq, round, signedAtMs } = found[at]!
      const offered = encodeOffered({ kind: 'record', channel, target, subkey, seq, round, signedAtMs })
      bytes += offered.length
      if (offers.length > 0 && bytes > MAX_OFFER_BYTES) break
      batch.push(found[at]!)
      offers.push(offered)
    }
    const isOwn = peer.id !== null && peer.id === context.node.id
    const answer = isOwn
      ? { wanted: await wantedHere(context, { channel, target }, batch), token: null }
      : await offer(context, source, b4a.concat(offers), batch.length)
    if (answer === null) return taken
    token = isOwn ? null : (answer.token ?? token)
    const wanted = batch.filter((_, i) => answer.wanted[i])
    const delivered = await Promise.all(
      wanted.map(({ record, subkey }) => {
        const key: EntryKey = { channel, target, subkey }
        const whole = record.tombstone ? { ...record, value: NOTHING } : record
        return deliver(context, { peer, token, record: null }, { key, record: whole, expected: null })
      }),
    )
    taken += delivered.filter(({ status }) => status === 'stored').length
  }
  return taken
}

interface Wanted {
  readonly wanted: readonly boolean[]
  readonly token: Uint8Array | null
}

/** null: it does not answer, or not sensibly. */
async function offer(
  { session }: CallContext,
  { peer }: SetSource,
  value: Uint8Array,
  count: number,
): Promise<Wanted | null> {
  try {
    const reply = await session.request({ command: RECORD_COMMAND.OFFER, value }, peer)
    if (reply.error !== 0 || reply.value === null) return null
    return { wanted: decodeBits(reply.value, count), token: reply.token }
  } catch (error) {
    if (isOfOneNode(error)) return null
    throw error
  }
}

/** The same of our own store. */
function wantedHere({ local }: CallContext, place: SharedPlace, batch: readonly Found[]): Promise<boolean[]> {
  return Promise.all(
    batch.map(async (each) => {
      const entry = await local!.store.get({ ...place, subkey: each.subkey })
      return entry === null || compareVersions(each, entry) > 0
    }),
  )
}
