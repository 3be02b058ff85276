// Told of the bootstrapper only, it comes to know everybody.
await startNetwork(0)
const boss = await bootstrapper()
const first = await startNode({ ephemeral: false })
speed(0.25)
const second = await startNode({ ephemeral: false })
select(second)
await sleep(500)
for (const node of [boss, first, second]) {
  const known = node.toArray().map(({ host }) => nameOf(nodes().find((other) => other.host === host)))
  console.log(nameOf(node), 'knows', known.sort().join(' and '))
}
