/** Many values under one key: what a reader gets of them, and what it costs. */
import { EVEN_NETWORK, EVEN_ROUND_TRIP_MS, RecordsNetwork, sameBytes, type Traffic, valueOf } from './network.js'

export interface SetOptions {
  readonly seed: number
  readonly nodes: number
  readonly members: number
  /** Bytes of a value: 20 or more. */
  readonly valueBytes: number
}

export interface SetFigures {
  readonly members: number
  /** Members that the read gave, each counted once, with the value that was written. */
  readonly read: number
  /** Members that it gave more than once, or with another value. */
  readonly wrong: number
  readonly reading: Traffic
  /** Reading again when nothing, and when one member has changed. */
  readonly again: Traffic
  readonly afterOneChange: Traffic
  /** Members that the second reading gave anew. */
  readonly changed: number
  /** Members that came since, as one reading says, and as the other does that gets only these. */
  readonly since: number
}

const TOPIC = new Uint8Array(32).fill(7)

export async function measureSet({ seed, nodes, members, valueBytes }: SetOptions): Promise<SetFigures> {
  const network = await RecordsNetwork.start(nodes, seed, { refreshIntervalMs: 0 })
  const { sim } = network
  const value = (number: number): Uint8Array => {
    const bytes = new Uint8Array(valueBytes).fill(number)
    bytes.set(valueOf(number))
    return bytes
  }
  try {
    const keyPairs = await Promise.all(Array.from({ length: members }, (_, i) => network.keyPair(i)))
    await network.forEach(keyPairs, async (keyPair, i) => {
      const { records } = sim.random.pick(network.members)
      const written = await records.sets.put({ keyPair, topic: TOPIC, value: value(i), republish: false })
      await written.settled
    })
    const reader = network.members[0]!
    const first = await network.measure(reader, () => reader.records.sets.read(TOPIC))
    const expected = new Map(keyPairs.map(({ publicKey }, i) => [publicKey.join(), value(i)]))
    let wrong = 0
    for (const { publicKey, value: found } of first.result.members) {
      const name = publicKey.join()
      if (!expected.has(name) || !sameBytes(found, expected.get(name)!)) wrong++
      expected.delete(name)
    }
    const again = await network.measure(reader, () => reader.records.sets.read(TOPIC, { known: first.result }))
    await sim.advance(600_000)
    const sinceMs = Math.floor(sim.clock.wallTime())
    const change = { keyPair: keyPairs[0]!, topic: TOPIC, value: value(members), republish: false }
    await sim.run((await sim.run(network.members[1]!.records.sets.put(change))).settled)
    // As seen from the latest reading, so that the nodes it knows are asked.
    const known = { ...again.result, readAtMs: sinceMs }
    const third = await network.measure(reader, () => reader.records.sets.read(TOPIC, { known }))
    const before = new Set(first.result.members.map(({ record }) => record.signature.join()))
    const changed = third.result.members.filter(({ record }) => !before.has(record.signature.join())).length
    const news = await sim.run(reader.records.sets.read(TOPIC, { since: sinceMs }))
    return {
      members,
      read: members - expected.size,
      wrong,
      reading: trafficOf(first),
      again: trafficOf(again),
      afterOneChange: trafficOf(third),
      changed,
      since: news.members.length,
    }
  } finally {
    await network.destroy()
  }
}

/** Round trips that a fresh reader of a set waits for one after the other, the walk to the key included. */
export async function measureSetRounds({ seed, nodes, members, valueBytes }: SetOptions): Promise<number> {
  const network = await RecordsNetwork.start(nodes, seed, { refreshIntervalMs: 0 }, {}, EVEN_NETWORK)
  try {
    const keyPairs = await Promise.all(Array.from({ length: members }, (_, i) => network.keyPair(i)))
    await network.forEach(keyPairs, async (keyPair) => {
      const { records } = network.members[1]!
      await (
        await records.sets.put({ keyPair, topic: TOPIC, value: new Uint8Array(valueBytes), republish: false })
      ).settled
    })
    const reader = network.members[0]!
    const { ms } = await network.measure(reader, () => reader.records.sets.read(TOPIC))
    return ms / EVEN_ROUND_TRIP_MS
  } finally {
    await network.destroy()
  }
}

function trafficOf({ sentDatagrams, sentBytes, receivedBytes, ms, withOtherBytes }: Traffic): Traffic {
  return { sentDatagrams, sentBytes, receivedBytes, ms: Math.round(ms), withOtherBytes }
}
