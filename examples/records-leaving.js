/**
 * Records outlive the nodes that keep them: whoever leaves hands over, and newcomers get what they should hold.
 *
 *     node examples/records-leaving.js
 */
import { Records } from 'xorpc/records'
import { DHT } from 'xorpc'
import { Simulation } from 'xorpc/simulation'

// A simulated network, so that a day takes seconds.
const sim = new Simulation({ seed: 7, create })
const members = []

function create(options) {
  const node = new DHT(options)
  members.push({ node, records: new Records(node, { clock: options.clock, random: options.random }) })
  return node
}

await sim.startNodes(30)
const keyPair = await Records.keyPair(Buffer.alloc(32, 7))
const DAY_MS = 86_400_000
const [owner] = members
const put = await sim.run(owner.records.put({ keyPair, value: Buffer.from('still here'), ttlMs: DAY_MS }))
await sim.run(put.settled)
sim.hostOf(owner.node).kill() // from now on nobody republishes it

// Each hour a node leaves and another one joins: twenty of the thirty in the end.
for (let i = 1; i <= 20; i++) {
  const leaving = members[i]
  await sim.run(leaving.records.handOver())
  await sim.run(leaving.records.close())
  await sim.run(leaving.node.destroy())
  await sim.startNode({ ephemeral: false })
  await sim.advance(3_600_000)
}

const reader = members.at(-1).records
const read = await sim.run(reader.get(keyPair.publicKey))
console.log(read.state, Buffer.from(read.value).toString())
console.log('hours left:', Math.round((read.expiresAtMs - sim.clock.wallTime()) / 3_600_000))
await sim.advance(4 * 3_600_000)
console.log((await sim.run(reader.get(keyPair.publicKey))).state)

for (const { records } of members) await records.close()
await sim.destroy()
