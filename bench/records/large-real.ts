/**
 * A large value written and read on UDP sockets of this machine, every node in this process.
 *
 *     node dist/bench/records/large-real.js [--mib 16] [--nodes 50] [--window 80]
 */
import b4a from 'b4a'
import { parseArgs } from 'node:util'
import { systemRandom } from '../../lib/primitives/random.js'
import { Records } from '../../lib/records/index.js'
import { createTestnet } from '../../lib/testnet/index.js'

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '16' },
    nodes: { type: 'string', default: '50' },
    window: { type: 'string', default: '80' },
  },
})
const sizeBytes = Number(values.mib) * 1024 * 1024
const maxWindow = Number(values.window)

const testnet = await createTestnet(Number(values.nodes), { node: { maxWindow } })
const stores = testnet.nodes.map((node) => new Records(node, { refreshIntervalMs: 0 }))
const value = b4a.concat(Array.from({ length: sizeBytes / 65_536 }, () => systemRandom.bytes(65_536)))

/** Datagrams sent by all nodes so far. */
const sent = (): number => testnet.nodes.reduce((sum, { stats }) => sum + stats.datagrams.sent, 0)

async function measure<T>(name: string, work: () => Promise<T>): Promise<T> {
  const before = sent()
  const startedAt = performance.now()
  const cpuBefore = process.cpuUsage()
  const result = await work()
  const seconds = (performance.now() - startedAt) / 1000
  const cpu = process.cpuUsage(cpuBefore)
  const cpuSeconds = (cpu.user + cpu.system) / 1e6
  const mibPerSecond = sizeBytes / 1024 / 1024 / seconds
  console.log(
    `${name}: ${seconds.toFixed(2)} s (${mibPerSecond.toFixed(1)} MiB/s), ${sent() - before} datagrams, ${cpuSeconds.toFixed(2)} s of CPU`,
  )
  return result
}

const put = await measure('put', () => stores[1]!.large.put(value, { republish: false }))
console.log(
  `${put.segments} segments, fewest holders ${put.fewestHolders}, ${(put.sentBytes / sizeBytes).toFixed(2)} times the value sent`,
)
await measure('put again', () => stores[2]!.large.put(value, { republish: false }))
const read = await measure('get', () => stores[3]!.large.get(put.root).bytes())
console.log(`identical: ${b4a.equals(read, value)}`)

await Promise.all(stores.map((records) => records.close()))
await testnet.destroy()
