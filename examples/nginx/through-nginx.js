/**
 * A gateway for nginx to stand before, and a node that joins through both. Started by try.sh.
 */
import DHT from 'xorpc'
import { Gateway } from 'xorpc/gateway'
import { createTestnet } from 'xorpc/testnet'

const HOST = '127.0.0.1'
const testnet = await createTestnet(5)
const gateway = new Gateway({ host: HOST, allow: ['loopback'], trustedProxies: [HOST] })
gateway.on('connection', ({ address }) => console.log('a client of', address))
await gateway.listen(8080, HOST, { path: '/dht' })

const node = new DHT({ gateway: 'wss://localhost:8443/dht', bootstrap: testnet.bootstrap, ephemeral: false })
const persistent = new Promise((resolve) => node.once('persistent', () => resolve(null)))
await node.fullyBootstrapped()
await persistent
console.log('persistent, at the gateway’s address:', node.remoteAddress()?.host === HOST)

await node.destroy()
await gateway.close()
await testnet.destroy()
