/** Reads and writes without a lookup, in a simulated network: as few requests as there can be, and as right as with one. */
import test from 'brittle'
import { DHT } from '../../../index.js'
import { Records } from '../../../lib/records/index.js'
import type { RecordsNetwork } from '../../../bench/records/network.js'
import { failure, startRecords, text, textOf } from '../network.js'

const NODES = 40
const OPTIONS = { refreshIntervalMs: 0 }

/** A client that holds nothing, and knows the nodes by a write. */
async function startClient(network: RecordsNetwork, isWarm = true): Promise<{ records: Records; node: DHT }> {
  const { sim } = network
  let records!: Records
  const node = await sim.startNode(
    { ephemeral: true },
    {
      create: (options) => {
        const own = new DHT(options)
        records = new Records(own, { serve: false, clock: options.clock!, random: options.random! })
        return own
      },
    },
  )
  if (!isWarm) return { records, node }
  for (let number = 1000; number < 1006; number++) {
    const { settled } = await sim.run(
      records.put({ keyPair: await network.keyPair(number), value: text('x'), republish: false }),
    )
    await sim.run(settled)
  }
  return { records, node }
}

async function startQuiet(t: Parameters<typeof startRecords>[0]): Promise<RecordsNetwork> {
  const network = await startRecords(t, OPTIONS, { nodes: NODES, seed: 3 })
  network.sim.network.configure({ loss: 0 })
  return network
}

test('asked around: a write takes one request to each of twenty nodes, and so does a read', async (t) => {
  const network = await startQuiet(t)
  const { sim } = network
  const { records, node } = await startClient(network)
  let least = Infinity
  for (let number = 1; number <= 10; number++) {
    const keyPair = await network.keyPair(number)
    const before = node.stats.requests.total
    const put = await sim.run(records.put({ keyPair, value: text('one'), republish: false }))
    t.is((await sim.run(put.settled)).stored.length, 20)
    const written = node.stats.requests.total
    const read = await sim.run(records.get(keyPair.publicKey))
    t.alike([textOf(read.value), read.freshness.agreeing.length], ['one', 20])
    least = Math.min(least, Math.max(written - before, node.stats.requests.total - written))
    const closest = network.closest(Records.targetOf(keyPair.publicKey))
    t.ok(
      closest.every((member) => member.records.countOf(Records.targetOf(keyPair.publicKey)) === 1),
      'the true ones',
    )
  }
  t.ok(least <= 21, `${least} requests`)
})

test('asked around: who does not know that there is a version writes the next one, not the first', async (t) => {
  const network = await startQuiet(t)
  const { sim } = network
  const [one, two] = [await startClient(network), await startClient(network)]
  const keyPair = await network.keyPair(1)
  for (const value of ['1', '2', '3']) {
    const { settled } = await sim.run(one.records.put({ keyPair, value: text(value), republish: false }))
    await sim.run(settled)
  }
  const put = await sim.run(two.records.put({ keyPair, value: text('4'), republish: false }))
  t.is(put.seq, 4)
  await sim.run(put.settled)
  const again = await sim.run(one.records.put({ keyPair, value: text('5'), republish: false }))
  t.is(again.seq, 5, 'what it remembers is out of date, and it is told so')
  await sim.run(again.settled)
  t.is(textOf((await sim.run(two.records.get(keyPair.publicKey))).value), '5')
  const deleted = await sim.run(two.records.delete({ keyPair }))
  t.is(deleted.seq, 6)
  t.is((await sim.run(one.records.put({ keyPair, value: text('7'), republish: false }))).seq, 7)
})

test('asked around: of two who write the first version at once all readers see the same one', async (t) => {
  const network = await startQuiet(t)
  const { sim } = network
  const [one, two] = [await startClient(network), await startClient(network)]
  for (let number = 1; number <= 8; number++) {
    const keyPair = await network.keyPair(number)
    const puts = await sim.run(
      Promise.all([one, two].map(({ records }, i) => records.put({ keyPair, value: text(`${i}`), republish: false }))),
    )
    await sim.run(Promise.all(puts.map(({ settled }) => settled)))
    const reads = []
    for (const { records } of [one, two, network.members[0]!]) reads.push(await sim.run(records.get(keyPair.publicKey)))
    const values = new Set(reads.map(({ value }) => textOf(value)))
    t.is(values.size, 1)
    // Both may count, at one number; then it is settled which of them stands.
    const [a, b] = puts.map(({ seq }) => seq)
    if (a !== b) t.ok(values.has(a! > b! ? '0' : '1'), `${a} and ${b}: the one behind the other`)
    t.is(reads[0]!.seq, Math.max(a!, b!))
  }
})

test('asked around: newcomers that the others name are found', async (t) => {
  const network = await startQuiet(t)
  const { sim } = network
  const { records } = await startClient(network)
  await network.join(8)
  await sim.advance(20_000)
  for (let number = 1; number <= 8; number++) {
    const keyPair = await network.keyPair(number)
    const { settled } = await sim.run(records.put({ keyPair, value: text('x'), republish: false }))
    await sim.run(settled)
    const target = Records.targetOf(keyPair.publicKey)
    const holders = network.closest(target).filter((member) => member.records.countOf(target) === 1)
    t.ok(holders.length >= 19, `${holders.length} of the true closest, newcomers among them`)
  }
})

test('asked around: dead nodes do not keep a write or a read waiting for long, nor from counting', async (t) => {
  const network = await startQuiet(t)
  const { sim } = network
  const { records } = await startClient(network)
  const keyPair = await network.keyPair(1)
  const target = Records.targetOf(keyPair.publicKey)
  for (const member of network.closest(target, 3)) network.kill(member)
  const startedAt = sim.clock.now()
  const put = await sim.run(records.put({ keyPair, value: text('few'), republish: false }))
  t.ok(put.stored.length >= 17 - 3, `${put.stored.length} stored it`)
  t.ok(sim.clock.now() - startedAt < 3000, `${sim.clock.now() - startedAt} ms`)
  const settled = await sim.run(put.settled)
  t.is(settled.pending, 0)

  for (const member of network.closest(target, 10)) network.kill(member)
  const read = await sim.run(records.get(keyPair.publicKey))
  t.is(textOf(read.value), 'few')
  const again = await sim.run(records.put({ keyPair, value: text('fewer'), republish: false }))
  t.ok(again.stored.length >= again.needed)
  t.is(textOf((await sim.run(records.get(keyPair.publicKey))).value), 'fewer')
})

test('asked around: a call ends by its signal and by the end of the module', async (t) => {
  const network = await startQuiet(t)
  const { sim } = network
  const { records } = await startClient(network)
  const keyPair = await network.keyPair(1)
  const controller = new AbortController()
  const aborted = failure(records.put({ keyPair, value: text('x'), signal: controller.signal }))
  await sim.advance(10)
  controller.abort(new Error('never mind'))
  t.is((await sim.run(aborted)).message, 'never mind')
  const closed = failure(records.get(keyPair.publicKey))
  await sim.advance(10)
  await sim.run(records.close())
  t.is((await sim.run(closed)).code, 'RECORDS_CLOSED')
})

test("asked around: HyperDHT's values likewise", async (t) => {
  const network = await startQuiet(t)
  const { sim } = network
  const [one, two] = [await startClient(network, false), await startClient(network, false)]
  const seen: number[] = []
  for (let number = 0; number < 8; number++) {
    const keyPair = await network.keyPair(number)
    const before = one.node.stats.requests.total
    const { hash, outcome } = await sim.run(one.records.hyperdht.immutablePut(text(`value ${number}`)))
    seen.push(one.node.stats.requests.total - before)
    t.is(outcome.stored.length, 20)
    t.is(textOf((await sim.run(two.records.hyperdht.immutableGet(hash)))!.value), `value ${number}`)
    await sim.run(one.records.hyperdht.mutablePut(keyPair, text('a'), { seq: 2 }))
    await sim.run(one.records.hyperdht.mutablePut(keyPair, text('b'), { seq: 3 }))
    const conflict = await failure(sim.run(one.records.hyperdht.mutablePut(keyPair, text('c'), { seq: 1 })))
    t.is(conflict.code, 'WRITE_CONFLICT')
    const found = await sim.run(two.records.hyperdht.mutableGet(keyPair.publicKey))
    t.alike([found!.seq, textOf(found!.value)], [3, 'b'])
  }
  t.ok(seen[0]! > 30 && Math.min(...seen) <= 21, `requests of each write: ${seen.join(', ')}`)
})
