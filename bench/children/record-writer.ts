/**
 * Child process: writes entries to a store on a disk, and to one in memory that is dumped again and again, and says what
 * was acknowledged, until it is killed.
 *
 *     node record-writer.js folder firstNumber
 */
import { ClassicLevel } from 'classic-level'
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { ChannelDump } from '../../lib/records/dump/channel-dump.js'
import type { Entry } from '../../lib/records/entry.js'
import { LevelStore } from '../../lib/records/store/level-store.js'
import { MemoryStore } from '../../lib/records/store/memory-store.js'

const VALUE_BYTES = 100

const [folder, first] = [process.argv[2]!, Number(process.argv[3])]

/** At once, so that what was said is not in a buffer when the process is killed. */
const say = (what: 'stored' | 'dumped', n: number): void => void writeSync(1, `${what} ${n}\n`)

function entryOf(n: number): Entry {
  const target = new Uint8Array(32)
  new DataView(target.buffer).setUint32(28, n)
  const key = { channel: '', target, subkey: new Uint8Array(0) }
  const ends = { expiresAtMs: 2 ** 45, heldUntilMs: 2 ** 45, storedAtMs: 1 }
  const value = new Uint8Array(VALUE_BYTES).fill(n)
  const head = { kind: 'record', owner: null, seq: n, round: 0, signedAtMs: 1, tombstone: false } as const
  return { ...key, ...head, value, proof: new Uint8Array(0), signature: new Uint8Array(64), ...ends }
}

const onDisk = new LevelStore(new ClassicLevel(join(folder, 'level')))
const inMemory = new MemoryStore()
await Promise.all([onDisk.open(), inMemory.open()])

const dump = new ChannelDump(
  {
    entries: (channel) => inMemory.entries(channel),
    restore: async (entry) => {
      await inMemory.put(entry)
      return 'stored'
    },
  },
  { path: join(folder, 'dump') },
)
const { restored } = await dump.restore()
say('dumped', restored)

async function writeForEver(): Promise<never> {
  for (let n = first; ; n++) {
    await onDisk.put(entryOf(n))
    say('stored', n)
  }
}

async function dumpForEver(): Promise<never> {
  for (let n = restored; ; n++) {
    await inMemory.put(entryOf(n))
    const { entries } = await dump.dump()
    say('dumped', entries)
  }
}

await Promise.all([writeForEver(), dumpForEver()])
