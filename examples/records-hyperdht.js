/**
 * HyperDHT's storage: values and announcements that HyperDHT's own nodes and clients understand.
 *
 *     node examples/records-hyperdht.js
 */
import { Records } from 'xorpc/records'
import { createTestnet } from 'xorpc/testnet'

const testnet = await createTestnet(20)
const stores = testnet.nodes.map((node) => new Records(node))
const mine = stores[3].hyperdht
const yours = stores[9].hyperdht
const text = (bytes) => Buffer.from(bytes).toString()

const { hash } = await mine.immutablePut(Buffer.from('not to be changed'))
const immutable = await yours.immutableGet(hash)
if (immutable !== null) console.log(text(immutable.value))

const keyPair = await Records.keyPair()
await mine.mutablePut(keyPair, Buffer.from('version one'), { seq: 1 })
await mine.mutablePut(keyPair, Buffer.from('version two'), { seq: 2 })
const newest = await yours.mutableGet(keyPair.publicKey)
if (newest !== null) console.log(newest.seq, text(newest.value))

const topic = Buffer.alloc(32, 'a topic')
await mine.announce(topic, keyPair, { relayAddresses: [{ host: '127.0.0.1', port: 4321 }] })
for await (const { peers } of yours.lookup(topic)) {
  console.log(
    'announced:',
    Buffer.from(peers[0].publicKey).equals(Buffer.from(keyPair.publicKey)),
    peers[0].relayAddresses,
  )
  break
}

for (const records of stores) await records.close()
await testnet.destroy()
