/** What HyperDHT keeps in the network: announcements and records. In networks on xorpc, and in mixed ones. */
import test from 'brittle'
import { type Engine, installation, PAIRS } from '../../bench/hyperdht/installation.js'
import { all, collect, HOST, mixed, startNode, startSwarm } from './swarm.js'
import type { HyperDHT } from '../../bench/hyperdht/packages.js'

const NETWORKS: [name: string, engines: Engine[]][] = [
  ['on xorpc', all('xorpc', 10)],
  ['of both', mixed(10)],
]

const { keyPair } = (await installation('dht-rpc')).HyperDHT

/** Public keys found on a topic, in hex, sorted. */
async function found(node: HyperDHT, topic: Buffer): Promise<string[]> {
  const replies = await collect(node.lookup(topic))
  return [...new Set(replies.flatMap(({ peers }) => peers.map(({ publicKey }) => publicKey.toString('hex'))))].sort()
}

for (const [name, engines] of NETWORKS) {
  for (const [writer, reader] of PAIRS) {
    const who = `${writer} writes, ${reader} reads, network ${name}`

    test(`hyperdht: announce, lookup, unannounce: ${who}`, async (t) => {
      const swarm = await startSwarm(t, engines)
      const a = await startNode(t, writer, swarm)
      const b = await startNode(t, reader, swarm)
      const topic = Buffer.alloc(32, 'topic')
      const [one, two] = [keyPair(Buffer.alloc(32, 1)), keyPair(Buffer.alloc(32, 2))]
      t.alike(await found(b, topic), [])
      await a.announce(topic, one, [{ host: HOST, port: 4321 }]).finished()
      await b.announce(topic, two).finished()
      const keys = [one, two].map(({ publicKey }) => publicKey.toString('hex')).sort()
      t.alike(await found(b, topic), keys)
      t.alike(await found(a, topic), keys)
      const replies = await collect(b.lookup(topic))
      const peer = replies.flatMap(({ peers }) => peers).find(({ publicKey }) => publicKey.equals(one.publicKey))
      t.alike(peer?.relayAddresses, [{ host: HOST, port: 4321 }])
      await a.unannounce(topic, one)
      t.alike(await found(b, topic), [two.publicKey.toString('hex')])
    })

    test(`hyperdht: immutablePut and immutableGet: ${who}`, async (t) => {
      const swarm = await startSwarm(t, engines)
      const a = await startNode(t, writer, swarm)
      const b = await startNode(t, reader, swarm)
      const value = Buffer.from('not to be changed')
      const put = await a.immutablePut(value)
      t.is(put.hash.length, 32)
      t.ok(put.closestNodes.length > 0)
      const got = await b.immutableGet(put.hash)
      t.alike(got?.value, value)
      t.ok(put.closestNodes.some(({ host, port }) => host === got!.from.host && port === got!.from.port))
      t.is(await b.immutableGet(Buffer.alloc(32, 9)), null)
    })

    test(`hyperdht: mutablePut and mutableGet: ${who}`, async (t) => {
      const swarm = await startSwarm(t, engines)
      const a = await startNode(t, writer, swarm)
      const b = await startNode(t, reader, swarm)
      const keys = keyPair(Buffer.alloc(32, 3))
      await a.mutablePut(keys, Buffer.from('first'), { seq: 1 })
      t.alike((await b.mutableGet(keys.publicKey))?.value, Buffer.from('first'))
      await a.mutablePut(keys, Buffer.from('second'), { seq: 4 })
      const latest = await b.mutableGet(keys.publicKey, { latest: true })
      t.alike(latest?.value, Buffer.from('second'))
      t.is(latest?.seq, 4)
      t.is(await b.mutableGet(keys.publicKey, { seq: 5 }), null)
      // Refused by every node, with an error number: an answer like any other to this caller.
      await t.execution(a.mutablePut(keys, Buffer.from('older'), { seq: 2 }))
      t.alike((await b.mutableGet(keys.publicKey, { latest: true }))?.value, Buffer.from('second'))
    })
  }

  test(`hyperdht: findPeer finds whom servers announce themselves at, network ${name}`, async (t) => {
    const swarm = await startSwarm(t, engines)
    const a = await startNode(t, 'xorpc', swarm)
    const b = await startNode(t, 'xorpc', swarm)
    const { publicKey } = a.defaultKeyPair
    const server = a.createServer()
    await server.listen()
    const replies = await collect(b.findPeer(publicKey))
    t.ok(replies.length > 0)
    t.alike(await collect(b.findPeer(Buffer.alloc(32, 8))), [])
    await server.close()
    t.alike(await collect(b.findPeer(publicKey)), [], 'gone with it')
  })
}

test('hyperdht: a server is found and gone for the other engine, too', async (t) => {
  const swarm = await startSwarm(t, mixed(8))
  for (const [there, here] of PAIRS) {
    const a = await startNode(t, there, swarm)
    const b = await startNode(t, here, swarm)
    const server = a.createServer()
    const keys = keyPair()
    await server.listen(keys)
    t.ok((await collect(b.findPeer(keys.publicKey))).length > 0, `${there} found by ${here}`)
    await server.close()
    t.is((await collect(b.findPeer(keys.publicKey))).length, 0, `${there} gone for ${here}`)
  }
})

test('hyperdht: many peers on one topic, half on xorpc', async (t) => {
  const swarm = await startSwarm(t, mixed(12))
  const topic = Buffer.alloc(32, 'crowd')
  const keys = Array.from({ length: 16 }, (_, i) => keyPair(Buffer.alloc(32, i + 10)))
  const nodes = [await startNode(t, 'xorpc', swarm), await startNode(t, 'dht-rpc', swarm)]
  for (const [i, pair] of keys.entries()) await nodes[i % 2]!.announce(topic, pair).finished()
  const names = keys.map(({ publicKey }) => publicKey.toString('hex')).sort()
  for (const node of nodes) t.alike(await found(node, topic), names)
})
