// Twenty copies: a commit, with a token for each of the closest nodes.
await startNetwork(100)
const target = hash('lunch')
const visitor = await startVisitor()

speed(0.1)
const put = visitor.query({ target, command: PUT, value: toBytes('tomato soup') }, { commit: true })
await put.finished()
const accepted = put.commits.filter(({ ok }) => ok).map(({ node }) => node)
console.log(`written to ${accepted.length} nodes, the closest of them ${accepted[0].host}`)

// One more node after the other, until one of them is closer.
let newest
do {
  await growNetwork(nodes().length + 1)
  newest = nodes().at(-1)
} while (distance(newest.id, target) >= distance(accepted[0].id, target))
console.log(`${newest.host} is closer; there are ${nodes().length} nodes now`)

const search = visitor.findNode(target)
await search.finished()
for (const place of search.closestNodes.slice(0, 3)) {
  const reply = await visitor.request({ command: GET, target }, place)
  console.log(`${place.host} says:`, toText(reply.value))
}
