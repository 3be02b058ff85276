// The toy store, grown up: every node keeps records for others, and looks after them.
await startNetwork(100)
keepRecords()
const writer = recordsOf(await startVisitor())
const keyPair = await Records.keyPair(hash('cook'))
showRecord('lunch', keyPair.publicKey)

await writer.put({ keyPair, value: toBytes('tomato soup') })
const put = await writer.put({ keyPair, value: toBytes('pea soup') })
const { stored } = await hurry(put.settled)
console.log(`version ${put.seq} is on ${stored.length} nodes`)

const before = new Set(recordHolders())
await growNetwork(140)
await hurry(sleep(60_000))
const newcomers = recordHolders().filter((node) => !before.has(node))
console.log(`of the newcomers ${newcomers.length} hold it now`)

kill(...recordHolders().slice(0, 15))
console.log('its 15 closest holders died')
const reader = recordsOf(await startVisitor())
const read = await hurry(reader.get(keyPair.publicKey))
console.log(`version ${read.seq}, still: ${toText(read.value)}`)

const deletion = await hurry(writer.delete({ keyPair }))
console.log(`version ${deletion.seq} deletes it: ${(await hurry(reader.get(keyPair.publicKey))).state}`)
