/** What a node accepts, counted in bytes and records. */
import type { StoreUsage } from '../store/contract.js'
import type { Refusal } from './refusal.js'

/** Limits of a channel. All are of what one node keeps. */
export interface ChannelLimits {
  /** Bytes of one value. Default 1000: record, reply and the closest nodes then fit one datagram that nobody splits. */
  readonly maxValueBytes: number
  /** Bytes of a salt. Default 64. */
  readonly maxSaltBytes: number
  /** Values under one key. Default 10000. */
  readonly maxValuesPerKey: number
  /** Records of one owner. Default 10000. */
  readonly maxRecordsPerOwner: number
  /** Bytes of one owner, overhead included. Default 16 MiB. */
  readonly maxBytesPerOwner: number
  /** Records in the channel. Default 1000000. */
  readonly maxRecords: number
  /** Bytes in the channel, overhead included. Default 256 MiB. */
  readonly maxBytes: number
  /** Longest life in ms. Default 30 days. */
  readonly maxTtlMs: number
}

const DAY_MS = 86_400_000

export const DEFAULT_LIMITS: ChannelLimits = {
  maxValueBytes: 1000,
  maxSaltBytes: 64,
  maxValuesPerKey: 10_000,
  maxRecordsPerOwner: 10_000,
  maxBytesPerOwner: 16 * 1024 * 1024,
  maxRecords: 1_000_000,
  maxBytes: 256 * 1024 * 1024,
  maxTtlMs: 30 * DAY_MS,
}

/** What lies there already, without the entry that would be replaced. */
export interface Occupied {
  readonly channel: StoreUsage
  /** null where nobody owns the entry. */
  readonly owner: StoreUsage | null
  /** Values under the key. */
  readonly values: number
}

/** Whether an entry fits beside what lies there. @returns the first limit that it exceeds, or null */
export function checkRoom(sizeBytes: number, occupied: Occupied, limits: ChannelLimits): Refusal | null {
  const { channel, owner, values } = occupied
  return (
    exceeds('TOO_MANY_VALUES', values + 1, limits.maxValuesPerKey) ??
    (owner === null ? null : exceeds('OWNER_RECORDS', owner.entries + 1, limits.maxRecordsPerOwner)) ??
    (owner === null ? null : exceeds('OWNER_BYTES', owner.bytes + sizeBytes, limits.maxBytesPerOwner)) ??
    exceeds('NODE_RECORDS', channel.entries + 1, limits.maxRecords) ??
    exceeds('NODE_BYTES', channel.bytes + sizeBytes, limits.maxBytes)
  )
}

/** Whether a value and its salt are short enough. */
export function checkSizes(valueBytes: number, saltBytes: number, limits: ChannelLimits): Refusal | null {
  return (
    exceeds('VALUE_TOO_LARGE', valueBytes, limits.maxValueBytes) ??
    exceeds('SALT_TOO_LARGE', saltBytes, limits.maxSaltBytes)
  )
}

function exceeds(reason: Refusal['reason'], size: number, limit: number): Refusal | null {
  return size > limit ? { reason, limit, size } : null
}
