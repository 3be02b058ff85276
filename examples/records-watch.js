/**
 * Somebody watches a record while its owner changes it, and sees every version as it appears.
 *
 *     node examples/records-watch.js
 */
import { Records } from 'xorpc/records'
import { createTestnet } from 'xorpc/testnet'

const testnet = await createTestnet(30)
const stores = testnet.nodes.map((node) => new Records(node))
const [mine] = stores
const yours = stores[17]
const keyPair = await Records.keyPair()

const moods = ['awake', 'hungry']
await mine.put({ keyPair, value: Buffer.from('asleep') })

for await (const { state, value, seq } of yours.watch(keyPair.publicKey, { intervalMs: 1_000 })) {
  console.log(value === null ? `${seq} ${state}` : `${seq} ${state} ${Buffer.from(value)}`)
  if (state === 'deleted') break // leaving the loop ends the watch
  const mood = moods.shift()
  if (mood !== undefined) await mine.put({ keyPair, value: Buffer.from(mood) })
  else await mine.delete({ keyPair })
}

for (const records of stores) await records.close()
await testnet.destroy()
