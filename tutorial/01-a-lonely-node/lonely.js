import DHT from 'xorpc'

const node = new DHT({ host: '127.0.0.1', bootstrap: [] })
await node.fullyBootstrapped()

console.log('UDP port:', node.serverSocket?.address()?.port)
console.log('nodes it knows:', node.table.size)
console.log('id:', node.id)

const query = node.findNode(Buffer.alloc(32))
await query.finished()
console.log('nodes that answered a question:', query.closestNodes.length)

await node.destroy()
