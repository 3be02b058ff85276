/**
 * Files that are at any moment all of an earlier version or all of a later one, whenever the process or the machine stops:
 * a file beside it, fsync, rename, fsync of the folder. For Node.js and Bare: `#fs` is the file system of the runtime, by
 * the `imports` of package.json. Browsers have none, and nothing that they load imports this.
 */
import { type FileHandle, open, rename, unlink } from '#fs'
import b4a from 'b4a'

/** What is read at a time. */
const CHUNK_BYTES = 65_536

export interface WriteOptions {
  /** Permissions of the file; default 0o600: what a node keeps is nobody else's business. */
  mode?: number
  /** Where the version before this one goes; default: nowhere, it is replaced. */
  previousPath?: string
}

/**
 * Writes a file, and puts it in the place of the old one when all of it is on the disk. Rejects with the system's error,
 * or with that of `chunks`; the old one is untouched then.
 *
 * @returns its size in bytes
 */
export async function writeFileDurably(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { mode = 0o600, previousPath }: WriteOptions = {},
): Promise<number> {
  const temporary = `${path}.tmp`
  let sizeBytes
  try {
    sizeBytes = await writeAll(temporary, chunks, mode)
    if (previousPath !== undefined) await renameIfThere(path, previousPath)
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {}) // it may not be there; the first error is the one that matters
    throw error
  }
  await syncFolder(folderOf(path))
  return sizeBytes
}

/**
 * The bytes of a file, in order, each chunk in a buffer of its own; null where there is no file. It is open until all of it
 * was read, or the loop over it was left. Rejects with the system's error.
 */
export async function readFile(path: string): Promise<AsyncIterable<Uint8Array> | null> {
  let file
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
  return readChunks(file)
}

async function* readChunks(file: FileHandle): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; ;) {
      const chunk = b4a.allocUnsafe(CHUNK_BYTES)
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function writeAll(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  mode: number,
): Promise<number> {
  const file = await open(path, 'w', mode)
  try {
    let at = 0
    for await (const bytes of chunks) {
      // A disk that is nearly full takes a part, and refuses the rest with the next write.
      for (let taken = 0; taken < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, taken, bytes.length - taken, at + taken)
        taken += bytesWritten
      }
      at += bytes.length
    }
    await file.sync()
    return at
  } finally {
    await file.close()
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ENOENT'
}

/** With either separator: a folder that is wrong is not synced, and nothing else. */
function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
  return end === -1 ? '.' : path.slice(0, Math.max(end, 1))
}

/** Makes the renaming itself durable, where the system can do that for a folder. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  } catch {
    // Windows cannot open folders: there the rename is journalled.
  }
}
