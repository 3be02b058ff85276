/**
 * A gateway for nginx to stand before, and a node that joins and looks up through both. Started by try.sh.
 *
 *     node through-nginx.js [port of the gateway] [port of nginx]
 */
import DHT from 'xorpc'
import { Gateway } from 'xorpc/gateway'
import { createTestnet } from 'xorpc/testnet'

const HOST = '127.0.0.1'
const [gatewayPort = 8080, nginxPort = 8443] = process.argv.slice(2).map(Number)
const testnet = await createTestnet(5)
const gateway = new Gateway({ host: HOST, allow: ['loopback'], trustedProxies: [HOST] })
gateway.on('connection', ({ address }) => console.log('a client of', address))
await gateway.listen(gatewayPort, HOST, { path: '/dht' })

const url = `wss://localhost:${nginxPort}/dht`
const node = new DHT({ gateway: url, bootstrap: testnet.bootstrap, ephemeral: false })
const persistent = new Promise((resolve) => node.once('persistent', () => resolve(null)))
await node.fullyBootstrapped()
await persistent
console.log('persistent, at the gateway’s address:', node.remoteAddress()?.host === HOST)
const { id } = testnet.nodes[3]
const lookup = node.findNode(id)
await lookup.finished()
const [nearest] = lookup.closestNodes
console.log('found', lookup.closestNodes.length, 'nodes; an answer:', (await node.ping(nearest)).error === 0)

await node.destroy()
await gateway.close()
await testnet.destroy()
