// Two bootstrappers, who vouch for their own addresses.
await startNetwork(0)
const one = await bootstrapper()
const other = await bootstrapper()
for (const node of [one, other]) {
  console.log(`${node.host}:${node.port} has the id ${toHex(node.id)}`)
}
console.log('nodes they know:', one.table.size, 'and', other.table.size)
select(one)
