/**
 * A record that its owner writes, changes and deletes: signed, numbered, and kept by the twenty nodes closest to its key.
 *
 *     node examples/records-put-and-get.js
 */
import { Records, RecordsError } from 'xorpc/records'
import { createTestnet } from 'xorpc/testnet'

const text = (bytes) => (bytes === null ? null : Buffer.from(bytes).toString())

const testnet = await createTestnet(30)
// Every node that is to keep records for others has the module.
const stores = testnet.nodes.map((node) => new Records(node))
const [mine] = stores
const yours = stores[17]

const keyPair = await Records.keyPair()

const put = await mine.put({ keyPair, value: Buffer.from('hello'), schema: 'text/plain', ttlMs: 3_600_000 })
console.log(`put: seq ${put.seq}, a quorum of ${put.needed} reached: ${put.stored.length >= put.needed}`)
console.log('in the end stored by', (await put.settled).stored.length)

const read = await yours.get(keyPair.publicKey)
console.log(`get: ${text(read.value)} (${read.schema}), seq ${read.seq}, basis ${read.freshness.basis}`)

// Compare and swap: only if nobody has written meanwhile.
await yours.put({ keyPair, value: Buffer.from('changed'), ifSeq: read.seq })
try {
  await mine.put({ keyPair, value: Buffer.from('too late'), ifSeq: read.seq })
} catch (error) {
  if (!(error instanceof RecordsError)) throw error
  console.log(error.code)
}

await mine.delete({ keyPair })
console.log((await yours.get(keyPair.publicKey)).state)

for (const records of stores) await records.close()
await testnet.destroy()
