/**
 * A value of a megabyte: cut into pieces, kept by ten nodes each, found by one hash, and whole although nodes die.
 *
 *     node examples/records-large.js
 */
import { Records } from 'xorpc/records'
import { createTestnet } from 'xorpc/testnet'

const testnet = await createTestnet(40)
const stores = testnet.nodes.map((node) => new Records(node))
const [mine] = stores
const yours = stores[17]

// Any iterable of bytes will do: a stream of a file, of a response, of a pipe.
async function* film() {
  for (let frame = 0; frame < 256; frame++) yield Buffer.alloc(4096, frame)
}

const put = await mine.large.put(film(), { ttlMs: 3_600_000 })
console.log(`root ${Buffer.from(put.root).toString('hex')}`)
console.log(`${put.sizeBytes} bytes in ${put.segments} segments, each on ${put.fewestHolders} nodes or more`)

// Aborted halfway and begun again, or written by somebody else: what is there is not sent again.
const again = await stores[5].large.put(film())
console.log(`the second time ${again.known} of ${10 * again.segments} deliveries were known`)

// A quarter of the nodes vanish without a word.
await Promise.all(testnet.nodes.slice(-10).map((node) => node.destroy()))

let frames = 0
for await (const bytes of yours.large.get(put.root)) frames += bytes.length / 4096
console.log(`read ${frames} frames`)

const some = await yours.large.get(put.root, { from: 100 * 4096, to: 101 * 4096 }).bytes()
console.log(`frame 100 alone: ${some.length} bytes of ${some[0]}`)

for (const records of stores) await records.close()
await testnet.destroy()
