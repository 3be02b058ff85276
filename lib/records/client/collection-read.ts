/** Reading a collection: its parts are read like the members of a set, and put together here. */
import type { Peer } from '../../rpc/reply.js'
import type { SharedPlace, SignedRecord } from '../codec/record.js'
import { toHex } from '../hex.js'
import { endOf, isAlive } from '../rules/lifetime.js'
import { type CollectionEntry, decodePart, entriesOf, type Part, rangeOfPart } from '../rules/parts.js'
import type { CallContext } from './context.js'
import { type KnownSet, readSet, type SetFreshness } from './set-read.js'
import type { SetEvidence } from './set-repair.js'

/** A collection as it was read. To be passed as `known` to read it again for the price of what has changed. */
export interface CollectionRead extends KnownSet {
  /** In the order of their keys. Buffers are shared: read only. */
  readonly entries: readonly CollectionEntry[]
  /** The value of a key; null: there is none. */
  get(key: Uint8Array): Uint8Array | null
  /** The signed records of its parts, those of deleted ones too. */
  readonly records: readonly SignedRecord[]
  /** The nodes that hold it, nearest first. */
  readonly nodes: readonly Peer[]
  /** Wall time in ms at which the reading began. */
  readonly readAtMs: number
  readonly freshness: SetFreshness
}

/** @returns and who has what of it; rejects with RecordsError TOO_FEW_ANSWERED */
export async function readCollection(
  context: CallContext,
  place: SharedPlace,
  known: KnownSet | null,
): Promise<{ read: CollectionRead; evidence: SetEvidence | null }> {
  const { records, nodes, readAtMs, freshness, evidence } = await readSet(context, place, { known })
  const byName = entriesOf(partsOf(records, context.clock.wallTime()))
  const names = [...byName.keys()].sort()
  const read = {
    entries: names.map((name) => byName.get(name)!),
    get: (key: Uint8Array) => byName.get(toHex(key))?.value ?? null,
    records,
    nodes,
    readAtMs,
    freshness,
  }
  return { read, evidence }
}

/** The parts that are alive. */
export function partsOf(records: readonly SignedRecord[], nowMs: number): Part[] {
  return records.flatMap((record) => {
    const range = record.part === null ? null : rangeOfPart(record.part)
    if (range === null || record.tombstone || record.value === null || !isAlive(endOf(record), nowMs)) return []
    const content = decodePart(record.value)
    return content === null ? [] : [{ ...range, content }]
  })
}
