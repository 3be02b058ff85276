/**
 * Memory for the ids of contacts, which live as long as the contacts do.
 *
 * A 32-byte buffer of its own costs 370 bytes in V8, most of it bookkeeping; a view into the runtime's shared pool
 * would hold 8 kB for as long as it lives. Ids that live long lie together instead, 64 to a slab.
 */
import b4a from 'b4a'
import { ID_BYTES } from '../primitives/id.js'

const IDS_PER_SLAB = 64

/** The slab being filled, for all tables of the process: a table alone would leave most of its last one empty. */
let slab: Uint8Array = b4a.alloc(0)
let used = 0

/** A copy of a 32-byte id for keeping. Read only: it shares its memory with other ids. */
export function keptId(id: Uint8Array): Uint8Array {
  if (used === slab.length) {
    slab = b4a.alloc(IDS_PER_SLAB * ID_BYTES)
    used = 0
  }
  const kept = slab.subarray(used, used + ID_BYTES)
  used += ID_BYTES
  kept.set(id)
  return kept
}
