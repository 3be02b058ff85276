/**
 * Dumps in files: the newest, and the one before it beside it. A file is whole or not there (durable-file.ts); one that is
 * not whole all the same is refused before anything of it is used, and the one before it takes its place.
 */
import { readFile, writeFileDurably } from '../../primitives/durable-file.js'
import { abortError } from '../../primitives/errors.js'
import type { AbortSignalLike } from '../../primitives/signal.js'
import type { Entry } from '../entry.js'
import { decodeDump, type DumpHeader, encodeDump } from './dump-format.js'

/** What was written. */
export interface WrittenDump {
  readonly entries: number
  readonly sizeBytes: number
}

/** A file that was there and was refused. */
export interface RefusedFile {
  readonly path: string
  /** Why, for people. */
  readonly reason: string
}

/** A dump that is whole. */
export interface FoundDump extends DumpHeader {
  readonly path: string
  readonly entries: number
}

/** Where the dump before the newest one is. */
export function previousPath(path: string): string {
  return `${path}.previous`
}

/**
 * Writes a dump, and keeps the one it replaces as `path.previous`. Rejects with the error of the disk, of the entries, or of
 * an aborted signal; the files are as they were then.
 */
export async function writeDump(
  path: string,
  header: DumpHeader,
  entries: AsyncIterable<Entry>,
  signal?: AbortSignalLike,
): Promise<WrittenDump> {
  let count = 0
  const chunks = encodeDump(header, entries, () => {
    count++
    if (signal?.aborted === true) throw abortError(signal.reason)
  })
  const sizeBytes = await writeFileDurably(path, chunks, { previousPath: previousPath(path) })
  return { entries: count, sizeBytes }
}

/**
 * The newest dump that is whole, of this channel. Each file is read to its end for that.
 *
 * @returns the dump, null where there is none, and the files that were refused
 */
export async function findDump(
  path: string,
  channel: string,
): Promise<{ found: FoundDump | null; refused: RefusedFile[] }> {
  const refused: RefusedFile[] = []
  for (const candidate of [path, previousPath(path)]) {
    try {
      const found = await examine(candidate, channel)
      if (found !== null) return { found, refused }
    } catch (error) {
      refused.push({ path: candidate, reason: (error as Error).message })
    }
  }
  return { found: null, refused }
}

/** The entries of a dump that was found. */
export async function* readDump(path: string): AsyncGenerator<Entry> {
  const chunks = await readFile(path)
  if (chunks === null) throw new Error(`${path} is gone`)
  for await (const item of decodeDump(chunks)) if ('kind' in item) yield item
}

async function examine(path: string, channel: string): Promise<FoundDump | null> {
  const chunks = await readFile(path)
  if (chunks === null) return null
  let header: DumpHeader | null = null
  let entries = 0
  for await (const item of decodeDump(chunks)) {
    if ('kind' in item) entries++
    else header = item
    if (header!.channel !== channel) throw new Error(`it is of the channel '${header!.channel}'`)
  }
  return { ...header!, path, entries }
}
