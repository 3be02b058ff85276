import { distance, growNetwork, hash, startNetwork, startVisitor, stop } from '../network.js'

const PUT = 0
const GET = 1

function keepValues(node) {
  const values = new Map()
  node.on('request', (req) => {
    const key = Buffer.from(req.target).toString('hex')
    // Without a token this is the walk that asks for one; the reply brings it.
    if (req.command === PUT && req.token !== null) values.set(key, req.value)
    req.reply(values.get(key))
  })
}

const nodes = await startNetwork(100, keepValues)
const visitor = await startVisitor()
const target = hash('lunch')

const put = visitor.query({ target, command: PUT, value: Buffer.from('tomato soup') }, { commit: true })
await put.finished()
const accepted = put.commits.filter(({ ok }) => ok).map(({ node }) => node)
console.log(`written to ${accepted.length} nodes, the closest of them on port ${accepted[0].port}`)

let newest = nodes[0]
while (distance(newest.id, target) >= distance(accepted[0].id, target)) {
  await growNetwork(nodes, nodes.length + 1, keepValues)
  newest = nodes[nodes.length - 1]
}
console.log(`after ${nodes.length - 100} more nodes, port ${newest.port} is closer`)

const search = visitor.findNode(target)
await search.finished()
for (const place of search.closestNodes.slice(0, 3)) {
  const reply = await visitor.request({ command: GET, target }, place)
  console.log(`port ${place.port} says:`, reply.value && Buffer.from(reply.value).toString())
}

await stop([visitor, ...nodes])
