/** What it costs holders to look after the records that they keep, and to hand them over when they leave. */
import { recordTarget } from '../../lib/records/codec/record.js'
import { RecordsNetwork, valueOf } from './network.js'

export interface UpkeepOptions {
  readonly seed: number
  readonly nodes: number
  readonly records: number
}

export interface UpkeepFigures {
  /** Datagrams of all nodes in ten minutes in which nothing changes, for each record, beside those of the nodes themselves. */
  readonly datagramsPerRecord: number
  /** Of a node that has missed everything and is looked after: records that it should have and has, in percent. */
  readonly caughtUp: number
  /** One node leaves: the records it kept, datagrams from and to it, virtual seconds. */
  readonly leaving: { readonly records: number; readonly datagrams: number; readonly seconds: number }
  /** After that: of the true twenty closest of a record, the fewest that hold it. */
  readonly fewest: number
}

const NO_SALT = new Uint8Array(0)
const REFRESH_MS = 600_000

export async function measureUpkeep(options: UpkeepOptions): Promise<UpkeepFigures> {
  const idle = await watchNetwork(options, 0)
  const kept = await watchNetwork(options, REFRESH_MS)
  const { caughtUp, leaving, fewest } = kept
  const datagramsPerRecord = (kept.datagrams - idle.datagrams) / options.records
  return { datagramsPerRecord, caughtUp, leaving, fewest }
}

async function watchNetwork({ seed, nodes, records }: UpkeepOptions, refreshIntervalMs: number) {
  const network = await RecordsNetwork.start(nodes, seed, { refreshIntervalMs })
  const { sim, members } = network
  const count = async (work: () => Promise<unknown>, host = ''): Promise<number> => {
    let datagrams = 0
    sim.network.tap = ({ fromHost, toHost }) => {
      if (host === '' || fromHost === host || toHost === host) datagrams++
    }
    await work()
    sim.network.tap = null
    return datagrams
  }
  try {
    const keyPairs = await Promise.all(Array.from({ length: records }, (_, i) => network.keyPair(i)))
    const targets = keyPairs.map(({ publicKey }) => recordTarget(publicKey, NO_SALT, ''))
    const away = members[1]!
    sim.hostOf(away.node).disconnect()
    await network.forEach(keyPairs, async (keyPair, i) => {
      const { settled } = await members[i % 2 === 0 ? 0 : 2]!.records.put({
        keyPair,
        value: valueOf(i),
        republish: false,
      })
      await settled
    })
    sim.hostOf(away.node).reconnect()
    await sim.advance(REFRESH_MS)
    const datagrams = await count(() => sim.advance(REFRESH_MS))
    const wanted = targets.filter((target) => network.closest(target).includes(away))
    const caughtUp = (100 * wanted.filter((target) => away.records.countOf(target) > 0).length) / wanted.length
    const leaver = members[3]!
    const own = { records: leaver.records.stats.usage.entries, start: sim.clock.now() }
    const sent = await count(() => sim.run(leaver.records.handOver()), sim.hostOf(leaver.node).address)
    const seconds = (sim.clock.now() - own.start) / 1000
    await sim.run(leaver.records.close())
    await sim.run(leaver.node.destroy())
    const held = targets.map(
      (target) => network.closest(target).filter((member) => member.records.countOf(target) > 0).length,
    )
    const leaving = { records: own.records, datagrams: sent, seconds }
    return { datagrams, caughtUp, leaving, fewest: Math.min(...held) }
  } finally {
    await network.destroy()
  }
}
