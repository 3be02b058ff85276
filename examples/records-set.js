/**
 * Many values under one key: whoever plays writes a score of his own, and a reader gets all of them, each once.
 *
 *     node examples/records-set.js
 */
import { Records } from 'xorpc/records'
import { createTestnet } from 'xorpc/testnet'

const text = (bytes) => Buffer.from(bytes).toString()
const byValue = (members) => members.map(({ value }) => text(value)).sort()

const testnet = await createTestnet(30)
const stores = testnet.nodes.map((node) => new Records(node))
const topic = Buffer.alloc(32, 'scores') // any 32 bytes: better the hash of a name

const players = await Promise.all(Array.from({ length: 50 }, () => Records.keyPair()))
for (const [i, keyPair] of players.entries()) {
  const value = Buffer.from(`player ${i + 1}: ${(i * 7919) % 100} points`)
  await stores[i % 30].sets.put({ keyPair, topic, value })
}

const first = await stores[3].sets.read(topic)
console.log(`${first.members.length} members, for example ${byValue(first.members)[0]}`)

let count = 0
for await (const member of stores[4].sets.members(topic, { limit: 20 })) if (member.state === 'found') count++
console.log(`${count} members in pages of 20`)

// Each member is its owner's: others have neither his key nor his place.
await stores[0].sets.put({ keyPair: players[0], topic, value: Buffer.from('player 1: 999 points') })
await stores[1].sets.delete({ keyPair: players[1], topic })

// A long value is written as a large one, and the member has its address.
await stores[2].sets.put({ keyPair: players[2], topic, value: Buffer.alloc(10_000, 'player 3 tells a story. ') })

// What has been read already need not come again.
const now = await stores[3].sets.read(topic, { known: first })
console.log(`${now.members.length} members, the best is ${byValue(now.members).find((each) => each.includes('999'))}`)

console.log(`the longest has ${Math.max(...now.members.map(({ value }) => value?.length ?? 0))} bytes`)

for (const records of stores) await records.close()
await testnet.destroy()
