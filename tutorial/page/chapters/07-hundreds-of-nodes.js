// The network grows twelvefold; what a node knows does not.
const [boss] = await startNetwork(25)
select(boss)
for (const count of [25, 50, 100, 200, 300]) {
  await growNetwork(count)
  for (let i = 0; i < 20; i++) await hurry(boss.findNode(hash(`key ${i}`)).finished())
  const { size } = boss.table
  console.log(`${count} nodes, it knows ${size}: ${Math.round((100 * size) / count)} %`)
}

// How many share 0, 1, 2, … leading bits with it, and how many of those it knows.
const count = (ids) => {
  const counts = new Array(8).fill(0)
  for (const id of ids) counts[Math.min(7, sharedBits(id, boss.id))]++
  return counts
}
console.log(
  'in the network:',
  count(
    nodes()
      .filter((node) => node !== boss && node.id)
      .map((node) => node.id),
  ),
)
console.log('in its table:  ', count(boss.table.toArray().map(({ id }) => id)))
