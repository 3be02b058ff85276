// Nobody is there, and one node that was told of nobody.
await startNetwork(0)
const node = await startNode({ bootstrap: [] })
select(node)
console.log('nodes it knows:', node.table.size)
console.log('its id:', node.id)

const query = node.findNode(hash('anything'))
await query.finished()
console.log('nodes that answered a question:', query.closestNodes.length)
