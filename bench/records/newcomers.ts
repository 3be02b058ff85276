/** Figure 4: nodes join a network that holds records. */
import { recordTarget } from '../../lib/records/codec/record.js'
import { type Member, RecordsNetwork } from './network.js'

export interface NewcomersOptions {
  readonly seed: number
  readonly nodes: number
  readonly joining: number
  readonly records: number
  /** Time from the last join to the count. */
  readonly afterMs: number
}

export interface NewcomersFigures {
  readonly records: number
  /** Of the true twenty closest nodes of a record, the fewest that hold it, and the mean. */
  readonly fewest: number
  readonly mean: number
  /** Records that at least 18 of their true twenty closest hold. */
  readonly wellPlaced: number
  /** The most records on one node, divided by the mean. */
  readonly load: number
  /** Versions that holders sent to others. */
  readonly sent: number
}

const NO_SALT = new Uint8Array(0)
const WELL_PLACED = 18

export async function measureNewcomers(options: NewcomersOptions): Promise<NewcomersFigures> {
  const { seed, nodes, joining, records, afterMs } = options
  const network = await RecordsNetwork.start(nodes, seed)
  const { sim } = network
  try {
    const keyPairs = await network.fill(records)
    await network.join(joining)
    await sim.advance(afterMs)
    const held = new Map<Member, number>()
    const counts: number[] = []
    for (const { publicKey } of keyPairs) {
      const target = recordTarget(publicKey, NO_SALT, '')
      const holders = network.closest(target).filter(({ records: own }) => own.countOf(target) > 0)
      counts.push(holders.length)
    }
    for (const member of network.living) held.set(member, member.records.stats.usage.entries)
    const loads = [...held.values()]
    const meanLoad = loads.reduce((sum, load) => sum + load, 0) / loads.length
    return {
      records,
      fewest: Math.min(...counts),
      mean: counts.reduce((sum, count) => sum + count, 0) / counts.length,
      wellPlaced: counts.filter((count) => count >= WELL_PLACED).length,
      load: Math.max(...loads) / meanLoad,
      sent: network.members.reduce((sum, member) => sum + member.records.stats.handedOver.sent, 0),
    }
  } finally {
    await network.destroy()
  }
}
