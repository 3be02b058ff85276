/** What a holder shows of an entry: with its value while it lives, and without it for as long as it is remembered. */
import { recordOfProof, type SignedRecord } from '../codec/record.js'
import type { Entry } from '../entry.js'
import { isAlive } from '../rules/lifetime.js'

/** @returns null: it is no owned record */
export function servedRecord(entry: Entry, nowMs: number, headOnly = false): SignedRecord | null {
  const { kind, proof, signature, value, tombstone, expiresAtMs } = entry
  if (kind !== 'record') return null
  const isServed = !headOnly && !tombstone && isAlive(expiresAtMs, nowMs)
  return recordOfProof(proof, signature, isServed ? value : null)
}
