import { hash, sharedBits, startNetwork, startVisitor, stop } from '../network.js'

const target = hash('lunch')
const nodes = await startNetwork(100)
const visitor = await startVisitor()

const query = visitor.findNode(target)
const bits = []
for await (const reply of query) {
  if (reply.from.id !== null) bits.push(sharedBits(reply.from.id, target))
}
console.log('bits shared with the target, reply by reply:')
console.log(bits.join(' '))
console.log(`${bits.length} of ${nodes.length} nodes were asked`)

console.log('closest to the target:')
for (const { id, port } of query.closestNodes.slice(0, 3)) {
  console.log(`  port ${port}, ${sharedBits(id, target)} bits shared`)
}

const other = nodes[42].findNode(target)
await other.finished()
console.log('closest for another node that asks: port', other.closestNodes[0].port)

await stop([visitor, ...nodes])
