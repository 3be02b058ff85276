/** Watching a record: how soon a newer version is seen, and what it costs when there is none. */
import { RECORD_COMMAND } from '../../lib/records/codec/commands.js'
import { decodeRequest } from '../../lib/wire/request.js'
import { RecordsNetwork, valueOf } from './network.js'

export interface WatchOptions {
  readonly seed: number
  readonly nodes: number
  readonly versions: number
  readonly intervalMs: number
  /** Polls without news that are counted. */
  readonly idlePolls: number
}

export interface WatchFigures {
  readonly versions: number
  /** Versions that were seen, each once and in order. */
  readonly seen: number
  /** From the moment the write counted until it was seen. */
  readonly meanDelayMs: number
  readonly longestDelayMs: number
  /** Bytes of datagrams, both ways, of a poll without news, and of an hour of such polls, lookups included. */
  readonly idlePollBytes: number
  readonly idleHourBytes: number
}

const HOUR_MS = 3_600_000

export async function measureWatch(options: WatchOptions): Promise<WatchFigures> {
  const { seed, nodes, versions, intervalMs, idlePolls } = options
  const network = await RecordsNetwork.start(nodes, seed, { refreshIntervalMs: 0 })
  const { sim } = network
  try {
    const keyPair = await network.keyPair(1)
    const [writer] = network.members
    const watcher = network.members[1]!
    await sim.run(writer!.records.put({ keyPair, value: valueOf(0), seq: 1, republish: false }))
    const watch = watcher.records.watch(keyPair.publicKey, { intervalMs })
    const first = await sim.run(watch.next())
    let seen = first.value?.seq === 1 ? 0 : -Infinity
    const delays: number[] = []
    for (let i = 0; i < versions; i++) {
      const next = watch.next()
      await sim.advance(sim.random.below(3 * intervalMs))
      await sim.run(writer!.records.put({ keyPair, value: valueOf(i), seq: i + 2, republish: false }))
      const start = sim.clock.now()
      const { value } = await sim.run(next)
      delays.push(sim.clock.now() - start)
      if (value?.seq === i + 2) seen++
    }
    const next = watch.next()
    const { address } = sim.hostOf(watcher.node)
    const asked = new Set<string>()
    let bytes = 0
    sim.network.tap = ({ fromHost, toHost, bytes: datagram }) => {
      const isOurs = fromHost === address && isGet(datagram)
      const name = `${isOurs ? toHost : fromHost}/${datagram[2]}/${datagram[3]}`
      if (isOurs) asked.add(name)
      // An answer has the transaction id of its request.
      if (isOurs || (toHost === address && asked.has(name))) bytes += datagram.length
    }
    let pollBytes = 0
    let polls = 0
    let idleBytes = 0
    for (let i = 0; i < idlePolls; i++) {
      const { lookups } = watch.stats
      bytes = 0
      await sim.advance(intervalMs)
      idleBytes += bytes
      if (watch.stats.lookups > lookups) continue
      pollBytes += bytes
      polls++
    }
    sim.network.tap = null
    void watch.return()
    await next
    return {
      versions,
      seen,
      meanDelayMs: Math.round(delays.reduce((sum, delay) => sum + delay, 0) / delays.length),
      longestDelayMs: Math.round(Math.max(...delays)),
      idlePollBytes: Math.round(pollBytes / polls),
      idleHourBytes: Math.round((idleBytes / (idlePolls * intervalMs)) * HOUR_MS),
    }
  } finally {
    await network.destroy()
  }
}

/** Whether a datagram is a request of the command GET. */
function isGet(datagram: Uint8Array): boolean {
  const request = decodeRequest(datagram)
  return request !== null && !request.internal && request.command === RECORD_COMMAND.GET
}
