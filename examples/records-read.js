/**
 * Two ways to read: the newest version that the closest nodes know, with how sure that is, or the first valid one.
 *
 *     node examples/records-read.js
 */
import { Records } from 'xorpc/records'
import { createTestnet } from 'xorpc/testnet'

const testnet = await createTestnet(30)
const stores = testnet.nodes.map((node) => new Records(node))
const [mine] = stores
const yours = stores[17]
const text = (bytes) => (bytes === null ? null : Buffer.from(bytes).toString())

const keyPair = await Records.keyPair()
const put = await mine.put({ keyPair, salt: Buffer.from('menu'), value: Buffer.from('tomato soup') })
await put.settled

// Each record of an owner has a salt of its own.
const name = { salt: Buffer.from('menu') }
const { value, freshness } = await yours.get(keyPair.publicKey, name)
console.log(`${text(value)}, as ${freshness.agreeing.length} of ${freshness.answered} nodes say`)
console.log(`needed: ${freshness.needed}, behind: ${freshness.behind.length}, forged: ${freshness.rejected}`)

// Faster, where an older version would do as well.
const first = await yours.get(keyPair.publicKey, { ...name, first: true })
console.log(`${text(first.value)}, basis: ${first.freshness.basis}`)

console.log('without the salt:', (await yours.get(keyPair.publicKey)).state)

for (const records of stores) await records.close()
await testnet.destroy()
