/** Randomness, the only door to it: cryptographic by default, seeded in tests and simulations. */
import b4a from 'b4a'
import { fillRandom } from '#crypto'

export interface Random {
  /** `sizeBytes` fresh random bytes in a buffer of their own. */
  bytes(sizeBytes: number): Uint8Array
  /** A uniformly random integer in `[0, limit)`; `limit` at most 65536. */
  below(limit: number): number
}

/** Bytes drawn from the system at a time; one draw serves thousands of transaction ids. */
const POOL_BYTES = 4096

/** The operating system's cryptographic randomness. */
export function createSystemRandom(): Random {
  const pool = b4a.alloc(POOL_BYTES)
  let used = POOL_BYTES

  function u16(): number {
    if (used + 2 > POOL_BYTES) {
      fillRandom(pool)
      used = 0
    }
    const value = pool[used]! | (pool[used + 1]! << 8)
    used += 2
    return value
  }

  return {
    bytes(sizeBytes) {
      const out = b4a.alloc(sizeBytes)
      fillRandom(out)
      return out
    },
    below(limit) {
      // Rejection keeps the result uniform: values of the incomplete last stretch are drawn again.
      const ceiling = 65536 - (65536 % limit)
      for (;;) {
        const value = u16()
        if (value < ceiling) return value % limit
      }
    },
  }
}

/** One source for the process: it holds no state but unused random bytes. */
export const systemRandom: Random = createSystemRandom()
