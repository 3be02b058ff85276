/** Many small entries of one owner: round trips of a read, and bytes of a change. */
import { recordTarget } from '../../lib/records/codec/record.js'
import { EVEN_NETWORK, EVEN_ROUND_TRIP_MS, RecordsNetwork, sameBytes, type Traffic, valueOf } from './network.js'

export interface CollectionOptions {
  readonly seed: number
  readonly nodes: number
  readonly entries: number
}

export interface CollectionFigures {
  readonly entries: number
  /** Entries that a fresh reader got, with their values. */
  readonly read: number
  /** Signed records that they lie in. */
  readonly parts: number
  /** Round trips that a fresh reader waits for one after the other, the walk to the key included. */
  readonly rounds: number
  readonly reading: Traffic
  /** Writing one changed entry, and bytes of that to and from one holder. */
  readonly changing: Traffic
  readonly changingBytesOfHolder: number
  /** Reading with what was read before: after one entry has changed, and when nothing has. */
  readonly afterChange: Traffic
  readonly again: Traffic
  /** Whether the changed entry was read. */
  readonly isChanged: boolean
}

const NO_NAME = new Uint8Array(0)

export async function measureCollection({ seed, nodes, entries }: CollectionOptions): Promise<CollectionFigures> {
  const network = await RecordsNetwork.start(nodes, seed, { refreshIntervalMs: 0 }, {}, EVEN_NETWORK)
  const { sim } = network
  try {
    const keyPair = await network.keyPair(1)
    const { publicKey } = keyPair
    const keyOf = (i: number): Uint8Array => Uint8Array.from(`entry ${i}`, (char) => char.charCodeAt(0))
    const all = Array.from({ length: entries }, (_, i) => [keyOf(i), valueOf(i)] as const)
    const holders = network.closest(recordTarget(publicKey, NO_NAME, ''))
    const [writer, reader] = network.members.filter((member) => !holders.includes(member))
    await sim.run(writer!.records.collections.update({ keyPair, entries: all, republish: false }), {
      limitMs: 3_600_000,
    })
    await sim.advance(10_000)
    const first = await network.measure(reader!, () => reader!.records.collections.read(publicKey))
    const read = all.filter(([key, value]) => sameBytes(first.result.get(key), value)).length
    const writerRead = await sim.run(writer!.records.collections.read(publicKey))
    const key = keyOf(Math.floor(entries / 2))
    const value = valueOf(entries)
    const change = { keyPair, entries: [[key, value] as const], known: writerRead, republish: false }
    const { address } = sim.hostOf(holders[0]!.node)
    const writing = await network.measure(writer!, () => writer!.records.collections.update(change), address)
    await sim.advance(10_000)
    const third = await network.measure(reader!, () =>
      reader!.records.collections.read(publicKey, { known: first.result }),
    )
    const fourth = await network.measure(reader!, () =>
      reader!.records.collections.read(publicKey, { known: third.result }),
    )
    return {
      entries,
      read,
      parts: first.result.records.length,
      rounds: first.ms / EVEN_ROUND_TRIP_MS,
      reading: trafficOf(first),
      changing: trafficOf(writing),
      changingBytesOfHolder: writing.withOtherBytes,
      afterChange: trafficOf(third),
      again: trafficOf(fourth),
      isChanged: sameBytes(third.result.get(key), value),
    }
  } finally {
    await network.destroy()
  }
}

function trafficOf({ sentDatagrams, sentBytes, receivedBytes, ms, withOtherBytes }: Traffic): Traffic {
  return { sentDatagrams, sentBytes, receivedBytes, ms: Math.round(ms), withOtherBytes }
}
