/** What a simulated scenario is, and how its networks are run. */
import type { Simulated } from '../children/simulated.js'
import { startChild, withChildren } from '../process.js'
import type { SubjectName } from '../subject.js'
import { versionOf } from '../subject.js'

/** The two implementations, in the order of the tables. */
export const SUBJECTS: readonly SubjectName[] = ['xorpc', 'dht-rpc']

/** The largest network takes 2.5 GB, about half of it on the heap; Node's own limit depends on the machine. */
const HEAP_MB = 8192

/** Four hours of churn take minutes; on a busy machine, more. */
const PATIENCE_MS = 2 * 60 * 60_000

/** Which releases a result is of. */
export type Versions = Record<SubjectName, string>

/** Simulates one network in a process of its own. */
export function simulate<K extends keyof Simulated>(
  name: K,
  ...job: Parameters<Simulated[K]>
): Promise<Awaited<ReturnType<Simulated[K]>>> {
  const child = startChild<Simulated>('simulated', { heapMb: HEAP_MB, callTimeoutMs: PATIENCE_MS })
  return withChildren([child], () => child.call(name, ...job))
}

export function versions(): Versions {
  return { xorpc: versionOf('xorpc'), 'dht-rpc': versionOf('dht-rpc') }
}
