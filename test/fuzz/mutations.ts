/** What is done to the bytes of a message, by chance. */
import b4a from 'b4a'
import type { SeededRandom } from '../../lib/simulation/seeded-random.js'

/** What mutations draw from. */
export interface Material {
  random: SeededRandom
  /** Messages to cross with; at least one. */
  corpus: readonly Uint8Array[]
  /** Numbers that lengths and counts lie with, as they are on the wire; at least one. */
  lies: readonly Uint8Array[]
  mostBytes: number
}

/** One to four changes: bits, bytes, an end cut off, bytes or lies put in, another message's end. */
export function mutate(bytes: Uint8Array, { random, corpus, lies, mostBytes }: Material): Uint8Array {
  let out = bytes
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(out.length + 1)
    switch (random.below(6)) {
      case 0:
        if (at < out.length) out[at]! ^= 1 << random.below(8)
        break
      case 1:
        if (at < out.length) out[at] = random.below(256)
        break
      case 2:
        out = out.slice(0, at)
        break
      case 3:
        out = b4a.concat([out.subarray(0, at), random.bytes(random.below(40)), out.subarray(at)])
        break
      case 4:
        out = b4a.concat([out.subarray(0, at), random.pick(lies), out.subarray(at)])
        break
      default: {
        const other = random.pick(corpus)
        out = b4a.concat([out.subarray(0, at), other.subarray(random.below(other.length))])
      }
    }
  }
  return out.slice(0, mostBytes)
}
