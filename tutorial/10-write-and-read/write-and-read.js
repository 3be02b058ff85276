import { hash, startNetwork, startVisitor, stop } from '../network.js'

const PUT = 0
const GET = 1

/** Makes a node one that keeps values. */
function keepValues(node) {
  const values = new Map()
  node.on('request', (req) => {
    const key = Buffer.from(req.target).toString('hex')
    if (req.command === PUT) values.set(key, req.value)
    req.reply(values.get(key))
  })
}

const nodes = await startNetwork(100, keepValues)
const target = hash('lunch')

const writer = await startVisitor()
const place = await findClosest(writer)
await writer.request({ command: PUT, target, value: Buffer.from('tomato soup') }, place)
console.log('written to port', place.port)
await writer.destroy()

const reader = await startVisitor()
const samePlace = await findClosest(reader)
const reply = await reader.request({ command: GET, target }, samePlace)
console.log('read from port', samePlace.port)
console.log('value:', reply.value && Buffer.from(reply.value).toString())

await stop([reader, ...nodes])

/** The node whose id is closest to the target. */
async function findClosest(node) {
  const query = node.findNode(target)
  await query.finished()
  return query.closestNodes[0]
}
