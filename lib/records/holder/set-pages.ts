/** Pages and summaries of what lies under one key in a store. */
import b4a from 'b4a'
import { encodeRecord, type SignedRecord } from '../codec/record.js'
import { BRIEF_PAGE_BYTES, type ListReply, type ListRequest, PAGE_BYTES, WHOLE_BYTES } from '../codec/set-messages.js'
import { boundBefore, childrenOf, isUnder, type Prefix, type TreeMember, type TreeNode } from '../rules/member-tree.js'
import { isAlive } from '../rules/lifetime.js'
import type { RecordStore } from '../store/contract.js'
import { HYPERDHT_CHANNEL } from './claim.js'
import { servedRecord } from './served-record.js'

/** Entries read from the store at a time, for a page and for a summary. */
const PAGE_ROWS = 32
const SCAN_ROWS = 256

const SIGNATURE_AND_SIZES_BYTES = 68

/** What lies in a part of a set. */
export interface SetSummary {
  /** Bytes of the records, roughly. */
  readonly bytes: number
  /** Records that were looked at. */
  readonly count: number
  readonly children: readonly TreeNode[]
  /** The records themselves, where they are few and small; else null. */
  readonly whole: readonly SignedRecord[] | null
  /** Wall time in ms until which it holds, if nothing is stored. */
  readonly validUntilMs: number
}

/** One page: as many records as fit a datagram, one at least where there is one. */
export async function readPage(
  store: RecordStore,
  target: Uint8Array,
  { channel, prefix, after, sinceMs, brief }: ListRequest,
  nowMs: number,
): Promise<ListReply> {
  const pageBytes = brief ? BRIEF_PAGE_BYTES : PAGE_BYTES
  const records: SignedRecord[] = []
  // What lies there was written by HyperDHT's commands, and is read by these.
  if (channel === HYPERDHT_CHANNEL) return { records, more: false }
  let bytes = 0
  let cursor = later(boundBefore(prefix), after)
  for (;;) {
    const query = { channel, target, after: cursor, sinceMs, limit: PAGE_ROWS, limitBytes: 2 * pageBytes }
    const { entries, next } = await store.list(query)
    for (const entry of entries) {
      if (!isUnder(entry.subkey, prefix)) return { records, more: false }
      const record = isAlive(entry.heldUntilMs, nowMs) ? servedRecord(entry, nowMs) : null
      if (record === null) continue
      bytes += encodeRecord(record, true).length
      if (records.length > 0 && bytes > pageBytes) return { records, more: true }
      records.push(record)
    }
    if (next === null) return { records, more: false }
    cursor = next
  }
}

export async function summarize(
  store: RecordStore,
  { channel, target }: { channel: string; target: Uint8Array },
  prefix: Prefix,
  nowMs: number,
): Promise<SetSummary> {
  const members: TreeMember[] = []
  const first: SignedRecord[] = []
  let bytes = 0
  let firstBytes = 0
  let validUntilMs = Infinity
  let cursor = boundBefore(prefix)
  for (let isMore = channel !== HYPERDHT_CHANNEL; isMore;) {
    const page = await store.list({
      channel,
      target,
      after: cursor,
      sinceMs: 0,
      limit: SCAN_ROWS,
      limitBytes: Infinity,
    })
    for (const entry of page.entries) {
      if (!isUnder(entry.subkey, prefix)) {
        isMore = false
        break
      }
      // What is about to be swept away is gone from some holders already.
      if (entry.kind !== 'record' || !isAlive(entry.heldUntilMs, nowMs)) continue
      const { subkey, seq, round, signedAtMs, proof, value } = entry
      members.push({ subkey, seq, round, signedAtMs, valueHash: proof.subarray(-32) })
      bytes += proof.length + value.length + SIGNATURE_AND_SIZES_BYTES - 32
      validUntilMs = Math.min(validUntilMs, entry.heldUntilMs)
      if (isAlive(entry.expiresAtMs, nowMs)) validUntilMs = Math.min(validUntilMs, entry.expiresAtMs)
      if (firstBytes > WHOLE_BYTES) continue
      const record = servedRecord(entry, nowMs)
      if (record === null) continue
      first.push(record)
      firstBytes += encodeRecord(record, true).length
    }
    if (page.next === null) break
    cursor = page.next
  }
  const whole = firstBytes <= WHOLE_BYTES ? first : null
  return { bytes, count: members.length, children: childrenOf(members, prefix), whole, validUntilMs }
}

function later(a: Uint8Array | null, b: Uint8Array | null): Uint8Array | null {
  if (a === null || b === null) return a ?? b
  return b4a.compare(a, b) > 0 ? a : b
}
