/**
 * How long the event loop stands still while a channel of a million records is dumped.
 *
 *     node dist/bench/records/stalls.js [--records 1000000] [--bytes 100] [--engine memory|classic-level]
 */
import { ClassicLevel } from 'classic-level'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ChannelDump } from '../../lib/records/dump/channel-dump.js'
import type { Entry } from '../../lib/records/entry.js'
import { LevelStore } from '../../lib/records/store/level-store.js'
import { MemoryStore } from '../../lib/records/store/memory-store.js'
import { SeededRandom } from '../../lib/simulation/index.js'
import { quantile } from '../simulated/statistics.js'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    bytes: { type: 'string', default: '100' },
    engine: { type: 'string', default: 'memory' },
  },
})
const count = Number(values.records)
const sizeBytes = Number(values.bytes)

/** A record as a node keeps it: with the head it was signed with, and the signature. */
function entryOf(random: SeededRandom, seq: number): Entry {
  const key = { channel: '', target: random.bytes(32), subkey: new Uint8Array(0) }
  const ends = { expiresAtMs: 2 ** 45, heldUntilMs: 2 ** 45, storedAtMs: 1 }
  const head = { kind: 'record', owner: random.bytes(32), seq, round: 0, signedAtMs: 1, tombstone: false } as const
  return {
    ...key,
    ...head,
    value: random.bytes(sizeBytes),
    proof: random.bytes(90),
    signature: random.bytes(64),
    ...ends,
  }
}

const folder = await mkdtemp(join(tmpdir(), 'xorpc-stalls-'))
const store = values.engine === 'memory' ? new MemoryStore() : new LevelStore(new ClassicLevel(join(folder, 'level')))
await store.open()
const random = new SeededRandom(1)
for (let seq = 0; seq < count; seq++) {
  await store.put(entryOf(random, seq))
  if (seq % 100_000 === 0) process.stderr.write(`${seq} records\n`)
}

/** Time between two turns of the event loop, for the duration of `action`. */
async function measureStalls(action: () => Promise<unknown>): Promise<number[]> {
  const gaps: number[] = []
  let before = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    gaps.push(now - before)
    before = now
  }, 1)
  await action()
  clearInterval(timer)
  return gaps.sort((a, b) => a - b)
}

const dump = new ChannelDump(
  { entries: (channel) => store.entries(channel), restore: async () => 'stored' },
  { path: join(folder, 'dump') },
)
const idle = await measureStalls(() => new Promise((resolve) => void setTimeout(resolve, 3000)))
let report
const gaps = await measureStalls(async () => {
  report = await dump.dump()
})
const show = (all: number[]): string =>
  `p50 ${quantile(all, 0.5).toFixed(1)} ms, p99 ${quantile(all, 0.99).toFixed(1)} ms, longest ${all.at(-1)!.toFixed(1)} ms`
console.log(values.engine, report)
console.log(`between two turns of the event loop, idle:    ${show(idle)}`)
console.log(`between two turns of the event loop, dumping: ${show(gaps)}`)
await store.close()
await rm(folder, { recursive: true, force: true })
