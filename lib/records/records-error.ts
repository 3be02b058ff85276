/** Failures of reading and writing records, with what is known of their course. */
import { DHTError, type DHTErrorCode } from '../primitives/errors.js'
import type { GetOutcome } from './client/get.js'
import type { PutOutcome } from './client/put-outcome.js'
import type { Refusal } from './rules/refusal.js'

export interface RecordsErrorDetails {
  readonly outcome?: PutOutcome | GetOutcome | null
  readonly refusal?: Refusal | null
  readonly cause?: unknown
}

/**
 * A `DHTError` of this module.
 *
 * @example
 * try { await records.put({ keyPair, value }) } catch (err) {
 *   if (err.code === 'TOO_FEW_STORED') for (const { node, reason } of err.outcome.refused) console.log(node.host, reason)
 * }
 */
export class RecordsError extends DHTError {
  /** How far the operation came; null where nothing was sent. */
  readonly outcome: PutOutcome | GetOutcome | null
  /** The limit that was exceeded, for RECORD_REFUSED; else null. */
  readonly refusal: Refusal | null

  constructor(code: DHTErrorCode, detail: string, { outcome = null, refusal = null, cause }: RecordsErrorDetails = {}) {
    super(code, detail, cause === undefined ? undefined : { cause })
    this.outcome = outcome
    this.refusal = refusal
  }
}
