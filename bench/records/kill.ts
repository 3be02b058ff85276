/**
 * A process that writes and dumps is killed (SIGKILL) again and again at random moments, and what it leaves is read: all
 * that was acknowledged has to be there, and no dump may be half of one.
 *
 *     node dist/bench/records/kill.js [--rounds 200] [--seed 1]
 */
import { ClassicLevel } from 'classic-level'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findDump, readDump } from '../../lib/records/dump/dump-file.js'
import { LevelStore } from '../../lib/records/store/level-store.js'
import { SeededRandom } from '../../lib/simulation/index.js'

const WRITER = fileURLToPath(new URL('../children/record-writer.js', import.meta.url))

/** Longest time from the first acknowledgement to the end. */
const MAX_LIFE_MS = 150

/** What a round showed. */
export interface KillRound {
  /** Entries that were acknowledged by this process, on the disk and in dumps. */
  readonly acknowledged: number
  readonly dumped: number
  /** What was wrong; empty: nothing. */
  readonly faults: readonly string[]
}

interface Said {
  /** Numbers up to this one were acknowledged; -1: none. */
  stored: number
  dumped: number
}

/** Starts the writer in the folder, kills it, and returns what it has said. */
async function runAndKill(folder: string, first: number, lifeMs: number): Promise<Said> {
  const child = spawn(process.execPath, [WRITER, folder, String(first)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  let errors = ''
  let isTimed = false
  child.stderr.on('data', (chunk: Buffer) => void (errors += chunk))
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk
    if (isTimed) return
    isTimed = true
    setTimeout(() => child.kill('SIGKILL'), lifeMs)
  })
  const signal = await new Promise((resolve) => void child.on('close', (_code, by) => resolve(by)))
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself: ${errors}`)
  const said: Said = { stored: first - 1, dumped: 0 }
  // The last line may be cut off: what was not said to its end does not count.
  for (const line of text.split('\n').slice(0, -1)) {
    const [what, n] = line.split(' ')
    said[what as keyof Said] = Number(n)
  }
  return said
}

/** The numbers of the entries on the disk, and what does not add up. */
async function checkStore(folder: string, last: number, faults: string[]): Promise<number> {
  const store = new LevelStore(new ClassicLevel(join(folder, 'level')))
  await store.open()
  const seqs = new Set<number>()
  let bytes = 0
  for await (const { seq, value } of store.entries()) {
    seqs.add(seq)
    bytes += value.length
    if (value.some((byte) => byte !== (seq & 255))) faults.push(`entry ${seq} is not what was written`)
  }
  for (let n = 0; n <= last; n++) if (!seqs.has(n)) faults.push(`entry ${n} was acknowledged and is gone`)
  if (store.usage().entries !== seqs.size) faults.push(`${store.usage().entries} counted, ${seqs.size} there`)
  if (store.damaged > 0) faults.push(`${store.damaged} damaged rows`)
  if (bytes !== 100 * seqs.size) faults.push('values of another length')
  await store.close()
  return Math.max(-1, ...seqs)
}

async function checkDump(folder: string, acknowledged: number, faults: string[]): Promise<void> {
  const { found, refused } = await findDump(join(folder, 'dump'), '')
  for (const { path, reason } of refused) faults.push(`${path}: ${reason}`)
  let count = 0
  if (found !== null) {
    for await (const { seq } of readDump(found.path)) if (seq !== count++) faults.push(`a dump with ${seq} at ${count}`)
  }
  if (count < acknowledged) faults.push(`a dump of ${count}, but ${acknowledged} was acknowledged`)
}

/** Kills a writer on one folder, as often as asked for; each goes on with what the one before has left. */
export async function* killAgainAndAgain(rounds: number, seed: number): AsyncGenerator<KillRound> {
  const folder = await mkdtemp(join(tmpdir(), 'xorpc-kill-'))
  const random = new SeededRandom(seed)
  try {
    for (let round = 0, next = 0; round < rounds; round++) {
      const faults: string[] = []
      const said = await runAndKill(folder, next, random.below(MAX_LIFE_MS))
      const last = await checkStore(folder, said.stored, faults)
      await checkDump(folder, said.dumped, faults)
      yield { acknowledged: said.stored - next + 1, dumped: said.dumped, faults }
      next = last + 1
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
  })
  let rounds = 0
  let acknowledged = 0
  let dumped = 0
  const faults: string[] = []
  for await (const round of killAgainAndAgain(Number(values.rounds), Number(values.seed))) {
    rounds++
    acknowledged += round.acknowledged
    dumped = Math.max(dumped, round.dumped)
    faults.push(...round.faults.map((fault) => `round ${rounds}: ${fault}`))
    if (rounds % 20 === 0) process.stderr.write(`${rounds} kills, ${acknowledged} writes acknowledged\n`)
  }
  console.log(`${rounds} kills, ${acknowledged} writes and a dump of ${dumped} acknowledged, ${faults.length} faults`)
  for (const fault of faults) console.log(fault)
  if (faults.length > 0) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
