/**
 * A thousand small entries of one owner, such as an address book: read in three round trips, changed one by one.
 *
 *     node examples/records-collection.js
 */
import { Records } from 'xorpc/records'
import { createTestnet } from 'xorpc/testnet'

const text = (bytes) => (bytes === null ? null : Buffer.from(bytes).toString())

const testnet = await createTestnet(30)
const stores = testnet.nodes.map((node) => new Records(node))
const [mine] = stores
const yours = stores[17]
const keyPair = await Records.keyPair()

/** @type {[Uint8Array, Uint8Array | null][]} */
const friends = Array.from({ length: 1000 }, (_, i) => [Buffer.from(`friend ${i}`), Buffer.from(`+1 555 ${1000 + i}`)])
const name = Buffer.from('address book')
await mine.collections.update({ keyPair, name, entries: friends })

const book = await yours.collections.read(keyPair.publicKey, { name })
console.log(`${book.entries.length} entries; friend 123 has ${text(book.get(Buffer.from('friend 123')))}`)

// A new number, and one that is no friend any more.
/** @type {[Uint8Array, Uint8Array | null][]} */
const changes = [
  [Buffer.from('friend 123'), Buffer.from('+1 555 4321')],
  [Buffer.from('friend 456'), null],
]
const { parts } = await mine.collections.update({ keyPair, name, entries: changes })
console.log(`written anew: ${parts} of ${book.records.length} records`)

// Whoever has read it gets what has changed.
const later = await yours.collections.read(keyPair.publicKey, { name, known: book })
console.log(`${later.entries.length} entries; friend 123 has ${text(later.get(Buffer.from('friend 123')))}`)
console.log('friend 456 has', later.get(Buffer.from('friend 456')))

for (const records of stores) await records.close()
await testnet.destroy()
