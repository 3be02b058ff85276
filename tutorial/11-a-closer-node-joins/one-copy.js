import { distance, growNetwork, hash, startNetwork, startVisitor, stop } from '../network.js'

const PUT = 0
const GET = 1

function keepValues(node) {
  const values = new Map()
  node.on('request', (req) => {
    const key = Buffer.from(req.target).toString('hex')
    if (req.command === PUT) values.set(key, req.value)
    req.reply(values.get(key))
  })
}

const nodes = await startNetwork(100, keepValues)
const visitor = await startVisitor()
const target = hash('lunch')

const place = await findClosest()
await visitor.request({ command: PUT, target, value: Buffer.from('tomato soup') }, place)
console.log('written to port', place.port)

// One more node after the other, until one of them is closer.
let newest = nodes[0]
while (distance(newest.id, target) >= distance(place.id, target)) {
  await growNetwork(nodes, nodes.length + 1, keepValues)
  newest = nodes[nodes.length - 1]
}
console.log(`after ${nodes.length - 100} more nodes, port ${newest.port} is closer`)

const closest = await findClosest()
const reply = await visitor.request({ command: GET, target }, closest)
console.log('read from port', closest.port)
console.log('value:', reply.value && Buffer.from(reply.value).toString())

await stop([visitor, ...nodes])

async function findClosest() {
  const query = visitor.findNode(target)
  await query.finished()
  return query.closestNodes[0]
}
