/** Values of HyperDHT's kinds, held by HyperDHT nodes, by ours, and by both; written and read by clients of either. */
import test from 'brittle'
import { Records } from '../../../lib/records/index.js'
import { alternate, type Member, type Network, repeat, startHyperdht, startNetwork, startRecords } from './network.js'

const NETWORKS: [name: string, members: Member[]][] = [
  ['HyperDHT nodes', repeat('hyperdht', 8)],
  ['our nodes', repeat('records', 8)],
  ['both', alternate(12)],
]

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

async function start(t: Parameters<typeof startNetwork>[0], members: Member[]) {
  const network: Network = await startNetwork(t, members)
  return { network, ours: await startRecords(t, network), theirs: await startHyperdht(t, network) }
}

for (const [name, members] of NETWORKS) {
  test(`interop: immutable values, held by ${name}`, async (t) => {
    const { ours, theirs } = await start(t, members)
    const [one, two] = [Buffer.from('written by ours'), Buffer.from('written by theirs')]

    const { hash, outcome } = await ours.hyperdht.immutablePut(one)
    t.is(outcome.stored.length, outcome.asked)
    t.alike((await theirs.immutableGet(Buffer.from(hash)))?.value, one, 'theirs reads ours')

    const put = await theirs.immutablePut(two)
    t.alike(Buffer.from((await ours.hyperdht.immutableGet(put.hash))!.value), two, 'ours reads theirs')
    t.is(await ours.hyperdht.immutableGet(Buffer.alloc(32, 9)), null)
  })

  test(`interop: mutable values, held by ${name}`, async (t) => {
    const { ours, theirs } = await start(t, members)
    const keys = await Records.keyPair(Buffer.alloc(32, 5))
    const keyPair = { publicKey: Buffer.from(keys.publicKey), secretKey: Buffer.from(keys.secretKey) }

    await ours.hyperdht.mutablePut(keyPair, Buffer.from('first'), { seq: 1 })
    const read = await theirs.mutableGet(keyPair.publicKey, { latest: true })
    t.alike([read?.seq, String(read?.value)], [1, 'first'], 'theirs reads ours')

    await theirs.mutablePut(keyPair, Buffer.from('second'), { seq: 7 })
    const found = await ours.hyperdht.mutableGet(keyPair.publicKey)
    t.alike([found?.seq, String(Buffer.from(found!.value))], [7, 'second'], 'ours reads theirs')
    t.is(await ours.hyperdht.mutableGet(keyPair.publicKey, { seq: 8 }), null)
    t.is(await theirs.mutableGet(keyPair.publicKey, { seq: 8 }), null)

    for (const [seq, value, reason] of [
      [7, 'another', 'SEQ_REUSED'],
      [3, 'older', 'SEQ_TOO_LOW'],
    ] as const) {
      try {
        await ours.hyperdht.mutablePut(keyPair, Buffer.from(value), { seq })
        t.fail('stored')
      } catch (error) {
        const { code, outcome } = error as { code: string; outcome: { refused: { reason: string }[]; asked: number } }
        t.is(code, 'WRITE_CONFLICT')
        t.alike(
          outcome.refused.map((each) => each.reason),
          Array.from({ length: outcome.asked }, () => reason),
        )
      }
      // Their client takes an error number for an answer like any other.
      await t.execution(theirs.mutablePut(keyPair, Buffer.from(value), { seq }))
    }
    t.is(String(Buffer.from((await ours.hyperdht.mutableGet(keyPair.publicKey))!.value)), 'second')
  })

  test(`interop: announcements, held by ${name}`, async (t) => {
    const { ours, theirs } = await start(t, members)
    const topic = Buffer.alloc(32, 'topic')
    const pairs = await Promise.all([1, 2].map((byte) => Records.keyPair(Buffer.alloc(32, byte))))
    const [one, two] = pairs.map(({ publicKey, secretKey }) => ({
      publicKey: Buffer.from(publicKey),
      secretKey: Buffer.from(secretKey),
    }))
    const relayAddresses = [{ host: '127.0.0.1', port: 4321 }]
    const outcome = await ours.hyperdht.announce(topic, one!, { relayAddresses })
    t.is(outcome.stored.length, outcome.asked)
    await theirs.announce(topic, two!, relayAddresses).finished()

    const wanted = [one!, two!].map(({ publicKey }) => hex(publicKey)).sort()
    const seenByOurs = async (): Promise<string[]> => {
      const found = new Set<string>()
      for await (const { peers } of ours.hyperdht.lookup(topic)) {
        for (const peer of peers) {
          found.add(hex(peer.publicKey))
          t.alike(peer.relayAddresses, relayAddresses)
        }
      }
      return [...found].sort()
    }
    const seenByTheirs = async (): Promise<string[]> => {
      const found = new Set<string>()
      for await (const { peers } of theirs.lookup(topic)) for (const peer of peers) found.add(hex(peer.publicKey))
      return [...found].sort()
    }
    t.alike(await seenByOurs(), wanted)
    t.alike(await seenByTheirs(), wanted)

    await theirs.unannounce(topic, two!)
    t.alike(await seenByOurs(), [hex(one!.publicKey)])
    await ours.hyperdht.unannounce(topic, one!)
    t.alike(await seenByTheirs(), [])
  })
}

test('interop: owned records in a network of both lie on the nodes that know the commands', async (t) => {
  const network = await startNetwork(t, alternate(16))
  const ours = await startRecords(t, network)
  const keyPair = await Records.keyPair(Buffer.alloc(32, 6))
  const put = await ours.put({ keyPair, value: Buffer.from('mine') })
  t.is((await put.settled).stored.length, network.records.length)
  const read = await (await startRecords(t, network)).get(keyPair.publicKey)
  t.is(read.state, 'found')
  t.is(String(Buffer.from(read.value!)), 'mine')
})
