import { growNetwork, hash, sharedBits, startNetwork, stop } from '../network.js'

const nodes = await startNetwork(1)
const bootstrapper = nodes[0]

printRow('nodes', 'it knows', 'share')
for (const count of [25, 50, 100, 200, 400, 800]) {
  await growNetwork(nodes, count)
  await use(bootstrapper)
  const { size } = bootstrapper.table
  printRow(count, size, `${Math.round((100 * size) / count)} %`)
}

console.log()
const inNetwork = countBuckets(nodes.slice(1))
const inTable = countBuckets(bootstrapper.table.toArray())
printRow('bits', 'nodes', 'it knows')
inNetwork.forEach((count, bits) => printRow(bits, count, inTable[bits]))

await stop(nodes)

/** Has a node look up some keys, as it would for its user. */
async function use(node) {
  for (let i = 0; i < 60; i++) await node.findNode(hash(`key ${i}`)).finished()
}

/** How many of these nodes share 0, 1, 2, … bits with the bootstrapper's id. */
function countBuckets(list) {
  const counts = new Array(12).fill(0)
  for (const { id } of list) counts[sharedBits(id, bootstrapper.id)]++
  return counts
}

function printRow(...cells) {
  console.log(cells.map((cell) => String(cell).padStart(8)).join(' '))
}
