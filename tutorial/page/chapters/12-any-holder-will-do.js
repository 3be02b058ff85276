// The value is its own key, so anybody may give it to us.
await startNetwork(200)
const value = toBytes('tomato soup')
const target = hash(value)

const writer = await startVisitor()
await hurry(writer.query({ target, command: PUT, value }, { commit: true }).finished())
console.log(`written to ${holders(target).length} nodes`)

const byDistance = holders(target).sort((a, b) => (distance(a.id, target) < distance(b.id, target) ? -1 : 1))
kill(...byDistance.slice(0, 10))
console.log('the 10 closest of them died')

const reader = await startVisitor()
speed(0.1)
let replies = 0
for await (const reply of reader.query({ target, command: GET })) {
  replies++
  // Anybody can send anything, but only the right value has this hash.
  if (reply.value === null || toHex(hash(reply.value)) !== toHex(target)) continue
  console.log(`${reply.from.host} says: ${toText(reply.value)}`)
  break
}
console.log('replies until somebody had it:', replies)
