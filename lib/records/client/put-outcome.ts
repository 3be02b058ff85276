/** What became of a write, holder by holder. */
import type { Peer } from '../../rpc/reply.js'
import type { SignedRecord } from '../codec/record.js'
import type { Refusal, RefusalReason } from '../rules/refusal.js'

/** A holder that did not take the record. */
export interface Refused extends Refusal {
  readonly node: Peer
}

export interface PutOutcome {
  /** Number of the version that was written. */
  readonly seq: number
  /** Wall time in ms at which it ends. */
  readonly expiresAtMs: number
  /** Holders that had to store it for the write to count. */
  readonly needed: number
  /** Holders it was sent to; our own node, where it is one, is among them. */
  readonly asked: number
  readonly stored: readonly Peer[]
  readonly refused: readonly Refused[]
  readonly timedOut: readonly Peer[]
  /** Holders that had not answered yet. */
  readonly pending: number
}

/** The end of one delivery. */
export type Delivered =
  | { readonly node: Peer; readonly status: 'stored' }
  | { readonly node: Peer; readonly status: 'timed-out' }
  | {
      readonly node: Peer
      readonly status: 'refused'
      readonly refusal: Refusal
      /** The version it holds, for a refusal because of that; not verified. */
      readonly current: SignedRecord | null
    }

/** Counts deliveries of one version as they end. */
export class PutTally {
  readonly stored: Peer[] = []
  readonly refused: Refused[] = []
  readonly timedOut: Peer[] = []
  /** Versions that refusals named. BOUNDED: by the holders asked. */
  readonly rivals: SignedRecord[] = []
  readonly asked: number
  readonly needed: number

  constructor(asked: number, needed: number) {
    this.asked = asked
    this.needed = needed
  }

  add(delivered: Delivered): void {
    if (delivered.status === 'stored') this.stored.push(delivered.node)
    else if (delivered.status === 'timed-out') this.timedOut.push(delivered.node)
    else {
      this.refused.push({ node: delivered.node, ...delivered.refusal })
      if (delivered.current !== null) this.rivals.push(delivered.current)
    }
  }

  /** Whether enough holders have stored it. */
  get isStored(): boolean {
    return this.stored.length >= this.needed
  }

  get pending(): number {
    return this.asked - this.stored.length - this.refused.length - this.timedOut.length
  }

  /** Whether a holder refused it for another version. */
  get isContested(): boolean {
    return this.refused.some(({ reason }) => VERSION_REASONS.has(reason))
  }

  outcome(record: { seq: number; signedAtMs: number; ttlMs: number }): PutOutcome {
    return {
      seq: record.seq,
      expiresAtMs: record.signedAtMs + record.ttlMs,
      needed: this.needed,
      asked: this.asked,
      stored: [...this.stored],
      refused: [...this.refused],
      timedOut: [...this.timedOut],
      pending: this.pending,
    }
  }
}

const VERSION_REASONS = new Set<RefusalReason>(['SEQ_REUSED', 'SEQ_TOO_LOW', 'CAS_FAILED'])

/** An outcome in words, for errors. */
export function describePut({ needed, asked, stored, refused, timedOut, pending }: PutOutcome): string {
  const reasons = new Map<string, number>()
  for (const { reason, limit, size } of refused) {
    const text = limit === undefined ? reason : `${reason} (limit ${limit}, got ${size})`
    reasons.set(text, (reasons.get(text) ?? 0) + 1)
  }
  const parts = [`${stored.length} of ${asked} nodes stored it, ${needed} are needed`]
  for (const [reason, count] of reasons) parts.push(`${count} refused: ${reason}`)
  if (timedOut.length > 0) parts.push(`${timedOut.length} did not answer`)
  if (pending > 0) parts.push(`${pending} had not answered yet`)
  return parts.join('; ')
}
