/**
 * Grows the corpus: mutates what it has, and messages made by the grammar, keeps what reaches code of the decoders that
 * nothing before has, and writes the smallest set that reaches all of it to test/fuzz/corpus. The seeds are the
 * specification's datagrams, and messages of our own.
 *
 *     node dist/test/fuzz/guided/grow.js [--count 20000] [--seed 1]
 */
import b4a from 'b4a'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { format } from 'prettier'
import { SeededRandom } from '../../../lib/simulation/seeded-random.js'
import { type Grown, loadVectorDatagrams } from '../corpus.js'
import { DatagramSource, KINDS } from '../datagrams.js'
import { FrameSource } from '../frames.js'
import { mutate } from '../mutations.js'
import { Coverage, minimize } from './coverage.js'
import { fuzz } from './decoders.js'

interface Found {
  bytes: Uint8Array
  reached: Set<string>
}

/** Longer inputs reach nothing that shorter ones do not. */
const MOST_BYTES = 1500

const NO_LIES = [new Uint8Array(4), new Uint8Array(4).fill(255)]

/** @param next one more input, given those that were kept */
function grow(
  coverage: Coverage,
  seeds: readonly Uint8Array[],
  count: number,
  next: (i: number, kept: readonly Uint8Array[]) => Uint8Array,
): Uint8Array[] {
  const known = new Set<string>()
  const found: Found[] = []
  const kept: Uint8Array[] = []
  const look = (bytes: Uint8Array): void => {
    const reached = coverage.of(() => fuzz(bytes))
    // Everything that is as good and shorter has its chance as well.
    const isNew = [...reached].some((block) => !known.has(block))
    if (!isNew && !found.some((other) => other.bytes.length > bytes.length && covers(reached, other.reached))) return
    for (const block of reached) known.add(block)
    found.push({ bytes, reached })
    kept.push(bytes)
  }
  for (const seed of seeds) look(seed)
  for (let i = 0; i < count; i++) look(next(i, kept).slice(0, MOST_BYTES))
  process.stderr.write(`${known.size} blocks, ${found.length} inputs kept\n`)
  return minimize(found)
}

function covers(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  for (const block of other) if (!one.has(block)) return false
  return true
}

async function write(name: Grown, inputs: readonly Uint8Array[]): Promise<void> {
  const path = new URL(`../../../../test/fuzz/corpus/${name}.json`, import.meta.url)
  const text = JSON.stringify(inputs.map((bytes) => b4a.toString(bytes, 'hex')))
  writeFileSync(path, await format(text, { parser: 'json', printWidth: 120 }))
  process.stderr.write(`${name}: ${inputs.length}\n`)
}

const { values } = parseArgs({
  options: { count: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
})
const count = Number(values.count)
const random = new SeededRandom(Number(values.seed))
const vectors = loadVectorDatagrams().filter(({ length }) => length <= MOST_BYTES)
const coverage = new Coverage()
const datagrams = new DatagramSource(random, vectors)
const to = { ip: 0x7f000001, port: 1 }
await write(
  'datagrams',
  grow(coverage, vectors, count, (i, kept) => {
    if (i % 2 === 0) return datagrams.next(KINDS[(i >> 1) % KINDS.length]!, to, []).bytes
    return mutate(b4a.from(random.pick(kept)), { random, corpus: kept, lies: NO_LIES, mostBytes: MOST_BYTES })
  }),
)
const insight = { consumed: 0, ticket: null }
const frames = new FrameSource(random, vectors, [Uint8Array.of(6)], [{ host: '127.0.0.1', port: 1 }])
const none = new Uint8Array(0)
await write(
  'frames',
  grow(coverage, [Uint8Array.of(6)], count, (i, kept) => {
    const kind = KINDS[(i >> 2) % KINDS.length]!
    if (i % 4 === 0) return frames.fromClient(kind, insight) ?? none
    if (i % 4 === 1) return frames.fromGateway(kind, insight) ?? none
    return mutate(b4a.from(random.pick(kept)), { random, corpus: kept, lies: NO_LIES, mostBytes: MOST_BYTES })
  }),
)
coverage.close()
