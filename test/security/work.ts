/** What a piece of work costs, counted instead of timed: executed blocks of our code, and hashes. */
import { Session } from 'node:inspector'
import library from 'sodium-universal'

export interface Work {
  /** Sum of the counts of all blocks that ran; a loop counts each turn. */
  blocks: number
  /** Calls by function name, of the functions that ran. */
  calls: Map<string, number>
}

interface CoverageResult {
  result: {
    url: string
    functions: { functionName: string; ranges: { count: number }[] }[]
  }[]
}

/** Runs something and counts what it executes in `lib`, block by block. Not for things that wait. */
export function workOf(run: () => void): Work {
  const session = new Session()
  session.connect()
  // A session in its own thread answers before `post` returns.
  let coverage: CoverageResult = { result: [] }
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  try {
    run()
    session.post('Profiler.takePreciseCoverage', (_error: unknown, result: CoverageResult) => (coverage = result))
  } finally {
    session.post('Profiler.stopPreciseCoverage')
    if ('Bare' in globalThis) (session as unknown as { destroy(): void }).destroy()
    else session.disconnect()
  }
  const work: Work = { blocks: 0, calls: new Map() }
  for (const { url, functions } of coverage.result) {
    if (!url.includes('/lib/') || url.includes('node_modules')) continue
    for (const { functionName, ranges } of functions) {
      for (const { count } of ranges) work.blocks += count
      const calls = ranges[0]!.count
      if (calls > 0) work.calls.set(functionName, (work.calls.get(functionName) ?? 0) + calls)
    }
  }
  return work
}

/** Counts the hashes that are computed while something runs or is awaited, of all nodes of the process. */
export async function hashesOf(run: () => unknown): Promise<number> {
  const original = library.crypto_generichash
  let count = 0
  library.crypto_generichash = (...args) => {
    count++
    return original.apply(library, args)
  }
  try {
    await run()
  } finally {
    library.crypto_generichash = original
  }
  return count
}
