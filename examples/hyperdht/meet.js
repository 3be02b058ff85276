/**
 * Two peers that know nothing of each other but a topic: Hyperswarm, unchanged, on xorpc, in Node.js and in Bare.
 * Everything happens on 127.0.0.1.
 *
 * What makes it run on xorpc is one line of package.json, not of this file.
 */
import HyperDHT from 'hyperdht'
import Hyperswarm from 'hyperswarm'
import DHT from 'xorpc/dht-rpc'

const host = '127.0.0.1'
console.log('HyperDHT extends the class of xorpc:', Object.getPrototypeOf(HyperDHT) === DHT)

// A network of their own. In the real one this, and `bootstrap` below, is left out.
const network = []
for (let i = 0; i < 10; i++) {
  const bootstrap = network.slice(0, 1).map((first) => ({ host, port: first.address().port }))
  const node = new HyperDHT({ bootstrap, host, ephemeral: false, firewalled: false })
  await node.fullyBootstrapped()
  network.push(node)
}
const bootstrap = [{ host, port: network[0].address().port }]
const topic = HyperDHT.hash(Buffer.from('the back room'))

const alice = new Hyperswarm({ dht: new HyperDHT({ bootstrap, host }) })
alice.on('connection', (stream) => {
  // Bob may hang up without a goodbye.
  stream.on('error', () => {})
  stream.on('data', (text) => {
    console.log(`alice hears "${text}"`)
    stream.write('welcome')
  })
})
await alice.join(topic, { server: true, client: false }).flushed()
console.log('alice is there')

const bob = new Hyperswarm({ dht: new HyperDHT({ bootstrap, host }) })
bob.join(topic, { server: false, client: true })
const stream = await new Promise((resolve) => bob.once('connection', resolve))
stream.on('error', () => {})
console.log('bob found somebody, it is alice:', stream.remotePublicKey.equals(alice.keyPair.publicKey))
stream.write('hello')
const answer = await new Promise((resolve) => stream.once('data', resolve))
console.log(`bob hears "${answer}"`)

await Promise.all([bob.destroy(), alice.destroy()])
for (const node of network) await node.destroy()
