/** Which test files take most of a run's time. */
import type { RuntimeName } from './runtimes.js'

export interface FileTime {
  name: string
  runtime: RuntimeName
  durationMs: number
}

/** Of each runtime, in one table. */
const SHOWN = 15

/**
 * Lines for people: the slowest files of each runtime, slowest first, and the sum of all of it; then the sums by folder.
 *
 * @param times in any order
 */
export function describeSlowest(times: readonly FileTime[]): string[] {
  const lines: string[] = []
  for (const [runtime, files] of groupBy(times, ({ runtime: each }) => each)) {
    lines.push(`slowest in ${runtime} (${seconds(sumOf(files))} in all):`)
    const slowest = files.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, SHOWN)
    for (const { name, durationMs } of slowest) lines.push(`  ${seconds(durationMs)} ${name}`)
  }
  lines.push(`by folder (${seconds(sumOf(times))} in all):`)
  const folders = [...groupBy(times, ({ name }) => name.slice(0, name.lastIndexOf('/') + 1))]
  const sums = folders.map(([folder, files]) => ({ folder, durationMs: sumOf(files) }))
  for (const { folder, durationMs } of sums.toSorted((a, b) => b.durationMs - a.durationMs)) {
    lines.push(`  ${seconds(durationMs)} ${folder}`)
  }
  return lines
}

function groupBy(times: readonly FileTime[], keyOf: (time: FileTime) => string): Map<string, FileTime[]> {
  const groups = new Map<string, FileTime[]>()
  for (const time of times) {
    const key = keyOf(time)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [time])
    else group.push(time)
  }
  return groups
}

function sumOf(times: readonly FileTime[]): number {
  return times.reduce((sum, { durationMs }) => sum + durationMs, 0)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`
}
