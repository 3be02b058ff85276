/**
 * What a node keeps for others is limited, and who exceeds a limit hears which one, and by how much.
 *
 *     node examples/records-limits.js
 */
import { Records, RecordsError } from 'xorpc/records'
import { createTestnet } from 'xorpc/testnet'

const testnet = await createTestnet(20)
const limits = { maxValueBytes: 100, maxRecordsPerOwner: 2 }
const stores = testnet.nodes.map(
  (node) => new Records(node, { limits, channels: { notes: { maxRecordsPerOwner: 5 } } }),
)
const [mine] = stores
const keyPair = await Records.keyPair()

try {
  await mine.put({ keyPair, value: Buffer.alloc(101) })
} catch (error) {
  if (!(error instanceof RecordsError)) throw error
  console.log(error.code, error.refusal) // known beforehand: nothing was sent
}

for (const salt of ['one', 'two', 'three']) {
  try {
    await (
      await mine.put({ keyPair, salt: Buffer.from(salt), value: Buffer.from('x') })
    ).settled
    console.log(salt, 'stored')
  } catch (error) {
    if (!(error instanceof RecordsError) || error.outcome === null || !('refused' in error.outcome)) throw error
    const [{ reason, limit, size }] = error.outcome.refused
    console.log(salt, error.code, { reason, limit, size })
  }
}

// A channel is a namespace with limits of its own.
const { stored } = await (await mine.put({ keyPair, channel: 'notes', value: Buffer.from('x') })).settled
console.log('in the channel notes:', stored.length > 0)

for (const records of stores) await records.close()
await testnet.destroy()
