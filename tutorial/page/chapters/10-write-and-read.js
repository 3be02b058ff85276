// One copy, at the node that is closest: a map, if a bad one.
await startNetwork(100)
const target = hash('lunch')
speed(0.25)

const writer = await startVisitor()
const place = await closest(writer)
// A single request: the first one brings the token that the second one shows.
const { token } = await writer.request({ command: GET, target }, place)
await writer.request({ command: PUT, target, token, value: toBytes('tomato soup') }, place)
console.log('written to', place.host)

const reader = await startVisitor()
const samePlace = await closest(reader)
const reply = await reader.request({ command: GET, target }, samePlace)
console.log('read from', samePlace.host)
console.log('value:', toText(reply.value))

async function closest(node) {
  const query = node.findNode(target)
  await query.finished()
  return query.closestNodes[0]
}
