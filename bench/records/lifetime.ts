/** Figure 5: the owner is gone, and every node that held the record is replaced, one after the other, within a day. */
import { recordTarget } from '../../lib/records/codec/record.js'
import { RecordsNetwork, sameBytes, valueOf } from './network.js'

export interface LifetimeOptions {
  readonly seed: number
  readonly nodes: number
  readonly ttlMs: number
  /** Reads in the course of its life. */
  readonly reads: number
}

export interface LifetimeFigures {
  /** Original holders, and how many of them were replaced before the end. */
  readonly holders: number
  readonly replaced: number
  /** Reads before the end, and how many of them found it. */
  readonly reads: number
  readonly found: number
  /**
   * When the last read began that found it, and when the first one was over that did not, relative to its end, in ms: what
   * is asked just before the end may be answered after it.
   */
  readonly lastFoundMs: number
  readonly firstGoneMs: number
  /** Whether any read found it after its end. */
  readonly undead: boolean
}

const NO_SALT = new Uint8Array(0)

export async function measureLifetime({ seed, nodes, ttlMs, reads }: LifetimeOptions): Promise<LifetimeFigures> {
  const network = await RecordsNetwork.start(nodes, seed)
  const { sim } = network
  try {
    const keyPair = await network.keyPair(1)
    const target = recordTarget(keyPair.publicKey, NO_SALT, '')
    const originals = network.closest(target)
    const owner = network.members.find((member) => !originals.includes(member))!
    const put = await sim.run(owner.records.put({ keyPair, value: valueOf(1), ttlMs }))
    await sim.run(put.settled)
    network.kill(owner)
    const endMs = put.expiresAtMs
    const now = (): number => sim.clock.wallTime()
    const isFound = async (): Promise<boolean> => {
      const reader = sim.random.pick(network.living)
      const read = await sim.run(reader.records.get(keyPair.publicKey)).catch(() => null)
      return read !== null && sameBytes(read.value, valueOf(1))
    }
    // The last one is replaced when nine tenths of its life are over.
    const replaceEveryMs = (0.9 * ttlMs) / originals.length
    const readEveryMs = ttlMs / reads
    let [replaced, done, found, lastFoundMs] = [0, 0, 0, -Infinity]
    let nextReplaceMs = now() + replaceEveryMs
    let nextReadMs = now() + readEveryMs / 2
    while (nextReadMs < endMs) {
      const isReplacement = replaced < originals.length && nextReplaceMs < nextReadMs
      await sim.advance(Math.max(0, (isReplacement ? nextReplaceMs : nextReadMs) - now()))
      if (isReplacement) {
        network.kill(originals[replaced++]!)
        await network.join(1)
        nextReplaceMs += replaceEveryMs
      } else {
        done++
        if (await isFound()) [found, lastFoundMs] = [found + 1, now() - endMs]
        nextReadMs += readEveryMs
      }
    }
    // Close to the end, every second.
    await sim.advance(Math.max(0, endMs - 5_000 - now()))
    let firstGoneMs = Infinity
    let undead = false
    while (now() < endMs + 20_000) {
      const startedMs = now() - endMs
      if (await isFound()) {
        lastFoundMs = startedMs
        undead ||= startedMs >= 0
      } else firstGoneMs = Math.min(firstGoneMs, now() - endMs)
      await sim.advance(500)
    }
    return { holders: originals.length, replaced, reads: done, found, lastFoundMs, firstGoneMs, undead }
  } finally {
    await network.destroy()
  }
}
