/** Why a holder does not take a record: what it says, on the wire and to the writer. */

/** Every reason, with the number that stands for it on the wire (docs/RECORDS.md, "Refusals"). */
export const REFUSALS = {
  /** This seq is taken by another value. */
  SEQ_REUSED: 16,
  /** A newer version is stored. */
  SEQ_TOO_LOW: 17,
  /** The version that the writer expected is not the stored one. */
  CAS_FAILED: 18,
  MALFORMED: 32,
  BAD_SIGNATURE: 33,
  /** The key of the request is not the record's. */
  WRONG_TARGET: 34,
  EXPIRED: 35,
  TTL_TOO_LONG: 36,
  CLOCK_SKEW: 37,
  VALUE_TOO_LARGE: 48,
  SALT_TOO_LARGE: 49,
  TOO_MANY_VALUES: 50,
  OWNER_RECORDS: 51,
  OWNER_BYTES: 52,
  NODE_RECORDS: 53,
  NODE_BYTES: 54,
  CHANNEL_UNKNOWN: 55,
  /** The holder's storage failed. */
  STORE_FAILED: 64,
  /** The node does not know the command. */
  UNSUPPORTED: 65,
  /** It has too much to do. */
  BUSY: 66,
} as const

export type RefusalReason = keyof typeof REFUSALS

export interface Refusal {
  readonly reason: RefusalReason
  /** The limit that was exceeded, where it is one: bytes, or a number of records. */
  readonly limit?: number
  /** What would have been. */
  readonly size?: number
}

const BY_NUMBER = new Map<number, RefusalReason>(
  Object.entries(REFUSALS).map(([reason, number]) => [number, reason as RefusalReason]),
)

/** The reason behind a number; null: none that we know. */
export function refusalOf(number: number): RefusalReason | null {
  return BY_NUMBER.get(number) ?? null
}
