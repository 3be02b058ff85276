/** Records on nodes of each class: the package's own, the stand-in for dht-rpc, and HyperDHT on it. */
import test, { type Assert } from 'brittle'
import { installation } from '../../../bench/hyperdht/installation.js'
import { DHT } from '../../../index.js'
import StandIn from '../../../lib/dht-rpc/index.js'
import { Records } from '../../../lib/records/index.js'
import { freePort } from '../../helpers/nodes.js'

const HOST = '127.0.0.1'
const NODES = 8

interface NodeClass {
  new (options: object): DHT
  bootstrapper(port: number, host: string, options: object): DHT
}

const CLASSES: [name: string, load: () => Promise<NodeClass>][] = [
  ['DHT', async () => DHT],
  ['the stand-in for dht-rpc', async () => StandIn],
  ['HyperDHT on xorpc', async () => (await installation('xorpc')).HyperDHT as unknown as NodeClass],
]

/** A network of nodes of this class, all with records. */
async function start(t: Assert, load: () => Promise<NodeClass>): Promise<{ nodes: DHT[]; all: Records[] }> {
  const Class = await load()
  const port = await freePort()
  const options = { host: HOST, bootstrap: [{ host: HOST, port }], ephemeral: false, firewalled: false }
  const nodes = [Class.bootstrapper(port, HOST, { host: HOST })]
  await nodes[0]!.fullyBootstrapped()
  nodes.push(...Array.from({ length: NODES - 1 }, () => new Class(options)))
  const all = nodes.map((node) => new Records(node))
  t.teardown(async () => {
    for (const records of all) await records.close()
    for (const node of nodes) await node.destroy()
  })
  await Promise.all(nodes.map((node) => node.fullyBootstrapped()))
  return { nodes, all }
}

const text = (bytes: Uint8Array | null | undefined): string | null => (bytes ? String(Buffer.from(bytes)) : null)

for (const [name, load] of CLASSES) {
  test(`records on ${name}: written, read, swapped, deleted`, { timeout: 60_000 }, async (t) => {
    const { nodes, all } = await start(t, load)
    const keyPair = await Records.keyPair(Buffer.alloc(32, 1))
    const put = await all[1]!.put({ keyPair, value: Buffer.from('one'), republish: false })
    t.is((await put.settled).stored.length, NODES, 'our own node is one of them')
    const read = await all[5]!.get(keyPair.publicKey)
    t.alike([text(read.value), read.seq, read.freshness.agreeing.length], ['one', 1, NODES])
    const swapped = await all[2]!.put({ keyPair, value: Buffer.from('two'), ifSeq: 1, republish: false })
    t.is(swapped.seq, 2)
    await t.exception(all[3]!.put({ keyPair, value: Buffer.from('late'), ifSeq: 1 }), /WRITE_CONFLICT/)
    t.is(text((await all[6]!.get(keyPair.publicKey, { first: true })).value), 'two')
    await all[0]!.delete({ keyPair })
    t.is((await all[4]!.get(keyPair.publicKey)).state, 'deleted')
    for (const records of all.slice(1)) await records.close()
    t.ok(
      nodes.every((node, i) => i === 0 || !Object.hasOwn(node, 'onrequest')),
      'closed, the nodes are as they were',
    )
  })

  test(`records on ${name}: HyperDHT's values and announcements`, { timeout: 60_000 }, async (t) => {
    const { all } = await start(t, load)
    const [one, two] = [all[1]!.hyperdht, all[5]!.hyperdht]
    const keyPair = await Records.keyPair(Buffer.alloc(32, 2))
    const { hash } = await one.immutablePut(Buffer.from('fixed'))
    t.is(text((await two.immutableGet(hash))?.value), 'fixed')
    await one.mutablePut(keyPair, Buffer.from('changing'), { seq: 3 })
    const found = await two.mutableGet(keyPair.publicKey)
    t.alike([text(found?.value), found?.seq], ['changing', 3])
    const topic = Buffer.alloc(32, 7)
    await one.announce(topic, keyPair)
    let peers = 0
    for await (const reply of two.lookup(topic)) peers = Math.max(peers, reply.peers.length)
    t.is(peers, 1)
  })
}
