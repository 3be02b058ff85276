/**
 * Members whose values are too long for a record: the value is a large value of one segment, and the record, which the owner
 * signs, has its address. So a set is read as quickly as ever, and the long values are fetched beside each other.
 */
import { hasCode } from '../../primitives/errors.js'
import { HASH_BYTES } from '../../primitives/hash.js'
import { ByteReader } from '../codec/byte-reader.js'
import { encodeFields, raw, uint } from '../codec/fields.js'
import type { WaitOptions } from './context.js'
import type { LargeValues } from './large.js'

/** Where a long value is. */
export interface LargeAddress {
  /** 32 bytes: `records.large.get` reads it. */
  readonly root: Uint8Array
  readonly sizeBytes: number
}

/** What of the module is needed. */
export type LargeStore = Pick<LargeValues, 'get' | 'put' | 'rootOf'>

/** Longest value of a member: that of one segment, which takes one lookup. */
export const MAX_MEMBER_BYTES = 131_071

/** Values that are fetched at a time. */
const AT_A_TIME = 8

export function encodeAddress({ root, sizeBytes }: LargeAddress): Uint8Array {
  return encodeFields([raw(root), uint(sizeBytes)])
}

/** @returns null: malformed */
export function decodeAddress(bytes: Uint8Array): LargeAddress | null {
  const reader = new ByteReader(bytes)
  const root = reader.take(HASH_BYTES)
  const sizeBytes = reader.uint()
  return reader.failed || reader.rest > 0 ? null : { root, sizeBytes }
}

/**
 * Fetches values one after the other, some at a time, in this order, as long as all of them together are no longer than
 * `maxBytes`.
 *
 * @param limits `waitOf`: how long the next one may take
 * @returns the values; null for those that are too many, or that nobody gives. Rejects when the module is closed, or by
 *   signal and deadline
 */
export async function fetchValues(
  large: LargeStore,
  addresses: readonly LargeAddress[],
  limits: { maxBytes: number; waitOf: () => WaitOptions },
): Promise<(Uint8Array | null)[]> {
  const { maxBytes, waitOf } = limits
  const values: (Uint8Array | null)[] = addresses.map(() => null)
  let next = 0
  let bytes = 0
  const worker = async (): Promise<void> => {
    while (next < addresses.length) {
      const i = next++
      const { root, sizeBytes } = addresses[i]!
      if (sizeBytes > MAX_MEMBER_BYTES || bytes + sizeBytes > maxBytes) continue
      bytes += sizeBytes
      const value = await fetchValue(large, root, { maxBytes: sizeBytes, ...waitOf() })
      if (value?.length === sizeBytes) values[i] = value
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
  return values
}

async function fetchValue(
  large: LargeStore,
  root: Uint8Array,
  options: WaitOptions & { maxBytes: number },
): Promise<Uint8Array | null> {
  try {
    return await large.get(root, options).bytes()
  } catch (error) {
    // Nobody has it, or it is not what the owner says.
    if (hasCode(error, 'VALUE_UNAVAILABLE') || hasCode(error, 'RECORD_REFUSED')) return null
    throw error
  }
}
