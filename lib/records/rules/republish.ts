/** When the owner's process signs and writes a record again, so that it lives as long as that process does. */

/** Share of its life after which a record is written again: two attempts may fail before it ends. */
const REPUBLISH_SHARE = 1 / 3

/** No more often than this, however short the life is. */
const LEAST_INTERVAL_MS = 1_000

/** After a failed attempt: so soon again, then twice as long, and so on up to the usual interval. */
const FIRST_RETRY_MS = 5_000

/** Wall time in ms of the next writing. @param failures attempts that failed since the last success */
export function nextRepublishAt(writtenAtMs: number, ttlMs: number, failures: number): number {
  const intervalMs = Math.max(LEAST_INTERVAL_MS, ttlMs * REPUBLISH_SHARE)
  if (failures === 0) return writtenAtMs + intervalMs
  return writtenAtMs + Math.min(intervalMs, FIRST_RETRY_MS * 2 ** (failures - 1))
}
