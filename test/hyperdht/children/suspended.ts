/** A process with a suspended node on this engine, or a destroyed one, and nothing else: it ends by itself. */
import TheirDHT from 'dht-rpc'
import { DHT } from '../../../lib/dht-rpc/index.js'

const [engine, step] = process.argv.slice(2)
const Class = engine === 'xorpc' ? DHT : (TheirDHT as unknown as typeof DHT)
const node = new Class({ host: '127.0.0.1', bootstrap: [{ host: '127.0.0.1', port: 9 }], ephemeral: true })
await node.bind()
// Given up with the sockets.
for (const call of [node.ping({ host: '127.0.0.1', port: 9 }), node.findNode(Buffer.alloc(32)).finished()]) {
  call.catch(() => {})
}
if (step === 'suspend') await node.suspend()
else await node.destroy()
process.on('beforeExit', () => console.log('nothing left'))
