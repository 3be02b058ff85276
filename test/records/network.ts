/** Small simulated networks whose nodes keep records, gone when the test is over. */
import type { Assert } from 'brittle'
import { RecordsNetwork } from '../../bench/records/network.js'
import type { RecordsOptions } from '../../lib/records/index.js'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

export async function startRecords(
  t: Assert,
  options: RecordsOptions = {},
  { nodes = 24, seed = 1 }: { nodes?: number; seed?: number } = {},
): Promise<RecordsNetwork> {
  const network = await RecordsNetwork.start(nodes, seed, options)
  t.teardown(() => network.destroy())
  return network
}

export const text = (value: string): Uint8Array => new Uint8Array(Array.from(value, (char) => char.charCodeAt(0)))

export const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : String.fromCharCode(...bytes)

/** What an operation failed with. */
export async function failure(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await promise
  } catch (error) {
    return error as Record<string, unknown>
  }
  throw new Error('it did not fail')
}
