/** Entries for tests of engines and dumps, which do not look at what is in them. */
import type { Entry } from '../../lib/records/entry.js'

/** An entry that differs from those of other numbers in its key. */
export function entryOf(n: number, changes: Partial<Entry> = {}): Entry {
  const target = new Uint8Array(32).fill(n % 256)
  target[0] = (n >> 16) & 255
  target[1] = (n >> 8) & 255
  return {
    channel: '',
    target,
    subkey: new Uint8Array(0),
    kind: 'record',
    owner: null,
    seq: n,
    round: 0,
    signedAtMs: 1000,
    tombstone: false,
    value: Uint8Array.of(n & 255, (n >> 8) & 255),
    proof: Uint8Array.of(1),
    signature: new Uint8Array(64).fill(n % 256),
    expiresAtMs: 2_000_000_000_000,
    heldUntilMs: 2_000_000_000_000,
    storedAtMs: 1000,
    ...changes,
  }
}
