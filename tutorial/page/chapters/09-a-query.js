// A walk to the nodes closest to a key, slow enough to watch.
const all = await startNetwork(100)
const visitor = await startVisitor()
const target = hash('lunch')

speed(0.1)
const query = visitor.findNode(target)
const bits = []
for await (const reply of query) {
  if (reply.from.id !== null) bits.push(sharedBits(reply.from.id, target))
}
console.log('bits shared with the target, reply by reply:')
console.log(bits.join(' '))
console.log(`${bits.length} of ${all.length} nodes were asked`)
for (const { host, id } of query.closestNodes.slice(0, 3)) {
  console.log(`${host}: ${sharedBits(id, target)} bits shared`)
}
