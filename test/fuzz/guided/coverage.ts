/** Which blocks of the decoders an input runs, by the coverage that V8 keeps of each function. */
import { Session } from 'node:inspector'

interface CoverageResult {
  result: { url: string; functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[] }[]
}

/** Code that reads what strangers send. */
const DECODERS = /\/lib\/(wire|transport\/tunnel)\/[\w-]+\.js$/

/** Counts that are told apart, as fuzzers do: one turn of a loop, two, three, up to 7, 15, 31 and so on. */
function bucketOf(count: number): number {
  return count < 4 ? count : 32 - Math.clz32(count) + 1
}

/** Runs inputs, one at a time, and says what each has reached. */
export class Coverage {
  readonly #session = new Session()

  constructor() {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Names of the blocks that ran meanwhile, each with how often, roughly. */
  of(run: () => void): Set<string> {
    this.#take()
    run()
    const reached = new Set<string>()
    for (const { url, functions } of this.#take()) {
      if (!DECODERS.test(url)) continue
      const file = url.slice(url.lastIndexOf('/') + 1)
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) reached.add(`${file}:${startOffset}-${endOffset}*${bucketOf(count)}`)
        }
      }
    }
    return reached
  }

  close(): void {
    this.#session.post('Profiler.stopPreciseCoverage')
    this.#session.disconnect()
  }

  /** Counts since it was called last. */
  #take(): CoverageResult['result'] {
    let coverage: CoverageResult = { result: [] }
    // A session in its own thread answers before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (_error: unknown, result: CoverageResult) => (coverage = result))
    return coverage.result
  }
}

/** The smallest inputs that together reach all that any of them reaches; shortest first. */
export function minimize(inputs: readonly { bytes: Uint8Array; reached: ReadonlySet<string> }[]): Uint8Array[] {
  const left = new Set(inputs.flatMap(({ reached }) => [...reached]))
  const byLength = inputs.toSorted((a, b) => a.bytes.length - b.bytes.length)
  const chosen: Uint8Array[] = []
  while (left.size > 0) {
    let best = byLength[0]!
    let most = 0
    for (const input of byLength) {
      let gain = 0
      for (const block of input.reached) if (left.has(block)) gain++
      if (gain > most) [best, most] = [input, gain]
    }
    chosen.push(best.bytes)
    for (const block of best.reached) left.delete(block)
  }
  return chosen.sort((a, b) => a.length - b.length)
}
