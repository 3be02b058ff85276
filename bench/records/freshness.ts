/** Figure 2: reads after a newer version counts, and writers that race. */
import { recordTarget } from '../../lib/records/codec/record.js'
import { RecordsNetwork, sameBytes, valueOf } from './network.js'

export interface FreshnessOptions {
  readonly seed: number
  readonly nodes: number
  readonly reads: number
  /** Holders that were cut off while the newer version was written. */
  readonly stale: number
}

export interface FreshnessFigures {
  readonly reads: number
  /** Reads that gave the newest version, an older one, or failed. */
  readonly newest: number
  readonly older: number
  readonly failed: number
  /** Holders among the closest twenty that still had the older version after the last read. */
  readonly staleHolders: number
}

const NO_SALT = new Uint8Array(0)

export async function measureFreshness({ seed, nodes, reads, stale }: FreshnessOptions): Promise<FreshnessFigures> {
  // Without repair, or the first read would do away with what is measured.
  const network = await RecordsNetwork.start(nodes, seed, { refreshIntervalMs: 0, repair: false })
  const { sim } = network
  try {
    const keyPair = await network.keyPair(1)
    const target = recordTarget(keyPair.publicKey, NO_SALT, '')
    const holders = network.closest(target)
    const [writer] = network.members.filter((member) => !holders.includes(member))
    const first = await sim.run(writer!.records.put({ keyPair, value: valueOf(1), seq: 1 }))
    await sim.run(first.settled)
    const cutOff = sim.random.sample(holders, stale)
    for (const { node } of cutOff) sim.hostOf(node).disconnect()
    await sim.run(writer!.records.put({ keyPair, value: valueOf(2), seq: 2 }))
    for (const { node } of cutOff) sim.hostOf(node).reconnect()
    const figures = { newest: 0, older: 0, failed: 0 }
    await network.forEach(Array.from({ length: reads }), async () => {
      const { records } = sim.random.pick(network.members)
      const read = await records.get(keyPair.publicKey).catch(() => null)
      if (read === null) figures.failed++
      else if (read.seq === 2 && sameBytes(read.value, valueOf(2))) figures.newest++
      else figures.older++
    })
    const last = await sim.run(writer!.records.get(keyPair.publicKey))
    return { reads, ...figures, staleHolders: last.freshness.behind.length }
  } finally {
    await network.destroy()
  }
}

export interface RaceOptions {
  readonly seed: number
  readonly nodes: number
  readonly races: number
}

export interface RaceFigures {
  readonly races: number
  /** Races that exactly one writer won, both did, none did. */
  readonly one: number
  readonly both: number
  readonly none: number
  /** Races after which every read gave the winner's value. */
  readonly settled: number
}

/** Two processes of one owner compare and swap the same version at the same time. */
export async function measureRaces({ seed, nodes, races }: RaceOptions): Promise<RaceFigures> {
  const network = await RecordsNetwork.start(nodes, seed, { refreshIntervalMs: 0 })
  const { sim, members } = network
  try {
    const figures = { one: 0, both: 0, none: 0, settled: 0 }
    await network.forEach(Array.from({ length: races }), async (_, i) => {
      const keyPair = await network.keyPair(i)
      const [starter, one, two, reader] = sim.random.sample(members, 4)
      await (
        await starter!.records.put({ keyPair, value: valueOf(0), seq: 1, republish: false })
      ).settled
      const write = { keyPair, ifSeq: 1, republish: false }
      const outcomes = await Promise.allSettled([
        one!.records.put({ ...write, value: valueOf(1) }),
        two!.records.put({ ...write, value: valueOf(2) }),
      ])
      const winners = outcomes.flatMap(({ status }, which) => (status === 'fulfilled' ? [which + 1] : []))
      if (winners.length === 2) figures.both++
      else if (winners.length === 0) figures.none++
      else {
        figures.one++
        const read = await reader!.records.get(keyPair.publicKey)
        if (sameBytes(read.value, valueOf(winners[0]!))) figures.settled++
      }
    })
    return { races, ...figures }
  } finally {
    await network.destroy()
  }
}
