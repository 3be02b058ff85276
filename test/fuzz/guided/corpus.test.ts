/** The corpus of the guided fuzzer: what it is worth, and that it is read without a fault. */
import test from 'brittle'
import { SeededRandom } from '../../../lib/simulation/seeded-random.js'
import { loadCorpus, loadFrames, loadGrown } from '../corpus.js'
import { DatagramSource, KINDS } from '../datagrams.js'
import { FrameSource } from '../frames.js'
import { Coverage, minimize } from './coverage.js'
import { fuzz } from './decoders.js'

/** Names of blocks without how often they ran. */
function blocksOf(reached: Iterable<string>): Set<string> {
  return new Set([...reached].map((name) => name.slice(0, name.indexOf('*'))))
}

test('corpus: every input is read without a fault, and none is there twice', (t) => {
  for (const bytes of [...loadCorpus(), ...loadFrames()]) fuzz(bytes)
  for (const name of ['datagrams', 'frames'] as const) {
    const all = loadGrown(name)
    t.ok(all.length > 20, `${all.length} ${name}`)
    t.is(new Set(all.map((bytes) => bytes.join())).size, all.length)
    t.ok(all.every(({ length }) => length <= 1500))
  }
})

test('corpus: it reaches every block of the decoders that thousands of other inputs reach', (t) => {
  const coverage = new Coverage()
  t.teardown(() => coverage.close())
  const corpus = [...loadCorpus(), ...loadFrames()]
  const reached = blocksOf(coverage.of(() => corpus.forEach(fuzz)))
  const random = new SeededRandom(99)
  const datagrams = new DatagramSource(random, loadCorpus())
  const frames = new FrameSource(random, loadCorpus(), loadFrames(), [{ host: '127.0.0.1', port: 1 }])
  const insight = { consumed: 0, ticket: null }
  const others = coverage.of(() => {
    for (let i = 0; i < 3000; i++) {
      const kind = KINDS[i % KINDS.length]!
      fuzz(datagrams.next(kind, { ip: 0x7f000001, port: 1 }, []).bytes)
      fuzz(frames.fromClient(kind, insight) ?? new Uint8Array(0))
      fuzz(frames.fromGateway(kind, insight) ?? new Uint8Array(0))
    }
  })
  t.ok(reached.size > 40, `${reached.size} blocks`)
  t.alike(
    [...blocksOf(others)].filter((block) => !reached.has(block)),
    [],
  )
})

test('corpus: minimizing keeps all that is reached, with the shortest inputs', (t) => {
  const of = (length: number, ...names: string[]) => ({ bytes: new Uint8Array(length), reached: new Set(names) })
  const sizes = minimize([of(9, 'a', 'b'), of(3, 'a', 'b'), of(5, 'c'), of(4, 'a'), of(1)]).map(({ length }) => length)
  t.alike(sizes, [3, 5])
})
