/**
 * A channel that outlives its process: dumped to a file in the background, and restored at the next start.
 *
 *     node examples/records-dump.js
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Records } from 'xorpc/records'
import { createTestnet } from 'xorpc/testnet'

const folder = await mkdtemp(join(tmpdir(), 'records-'))
const testnet = await createTestnet(5)
const [node] = testnet.nodes
const dumps = [{ path: join(folder, 'notes.dump'), channel: 'notes', intervalMs: 60_000 }]
const keyPair = await Records.keyPair()

/**
 * What the next restore has found.
 *
 * @param {Records} records
 * @returns {Promise<import('xorpc/records').RestoreReport>}
 */
const restoreOf = (records) => new Promise((resolve) => records.once('restore', resolve))

const first = new Records(node, { dumps })
await restoreOf(first) // there is nothing yet, and dumps begin
for (const salt of ['a', 'b', 'c']) {
  const record = { keyPair, channel: 'notes', salt: Buffer.from(salt), value: Buffer.from(salt) }
  await first.put({ ...record, republish: false })
}
await first.close() // with a last dump

const second = new Records(node, { dumps })
second.on('dump-error', (error) => console.warn(error.message))
second.on('dump-stale', ({ channel, ageMs }) => console.warn(`${channel}: no dump for ${ageMs} ms`))
const { restored, skipped } = await restoreOf(second)
console.log(`restored: ${restored}, skipped:`, skipped)

const [{ channel, failures, isStale }] = second.health.dumps
console.log('healthy:', second.health.isHealthy, { channel, failures, isStale })
console.log('in the channel:', second.stats.channels.notes.usage.entries)

await second.close()
await testnet.destroy()
await rm(folder, { recursive: true })
