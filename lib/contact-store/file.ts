/**
 * Contacts in a file, for Node.js and Bare: `#fs` is the file system of the runtime, by the `imports` of package.json.
 *
 * Invariants: the file is at any moment all of an earlier save or all of a later one, whenever the process or the machine
 * stops (a file beside it, fsync, rename); what is not exactly what was written is refused as a whole, never half used.
 */
import { open, rename, unlink } from '#fs'
import b4a from 'b4a'
import { blake2b } from '../primitives/hash.js'
import type { ContactStore, SavedContacts } from '../node/saved-contacts.js'

/** Four times of what 256 contacts take. A longer file is none of ours, and is not read to its end. */
const MAX_FILE_BYTES = 65_536

/** Whom a node talks to is nobody else's business. */
const FILE_MODE = 0o600

/**
 * A {@link ContactStore} in a file of its own, in Node.js and Bare. The folder must exist. Not for two nodes at a time.
 *
 * A file that was changed or cut off is refused: `load` rejects, {@link FileContactStore.refused} counts it, and the next
 * save takes its place. Where the disk is full or read-only `save` rejects, and the file stays as it was.
 *
 * @example
 * import { FileContactStore } from 'xorpc/contact-store'
 * const node = new DHT({ bootstrap, contactStore: new FileContactStore('/var/lib/app/contacts.json') })
 * node.on('contact-store-error', (error, operation) => console.warn(operation, error.message))
 */
export class FileContactStore implements ContactStore {
  readonly path: string
  /** Files that were there, and were not what had been written. */
  refused = 0

  /** @throws TypeError for a path that is no text */
  constructor(path: string) {
    if (typeof path !== 'string' || path === '') throw new TypeError('path must be a string')
    this.path = path
  }

  /** What was saved last, or null. Rejects with the system's error, or when the file is damaged. */
  async load(): Promise<unknown> {
    const text = await this.#read()
    if (text === null) return null
    const saved = parseFile(text)
    if (saved !== null) return saved
    this.refused++
    throw new Error(`${this.path} is damaged`)
  }

  /** Writes a new file, and puts it in the place of the old one. Rejects with the system's error. */
  async save(contacts: SavedContacts): Promise<void> {
    const temporary = `${this.path}.tmp`
    try {
      await writeDurably(temporary, `${JSON.stringify({ checksum: checksumOf(contacts), saved: contacts })}\n`)
      await rename(temporary, this.path)
    } catch (error) {
      await unlink(temporary).catch(() => {}) // it may not be there; the first error is the one that matters
      throw error
    }
    await syncFolder(folderOf(this.path))
  }

  /** The text of the file, as far as a good one can reach; null where there is no file. */
  async #read(): Promise<string | null> {
    let file
    try {
      file = await open(this.path, 'r')
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return null
      throw error
    }
    try {
      const bytes = b4a.alloc(MAX_FILE_BYTES)
      let size = 0
      for (let read = -1; read !== 0 && size < bytes.length; size += read) {
        read = (await file.read(bytes, size, bytes.length - size, size)).bytesRead
      }
      return b4a.toString(bytes.subarray(0, size))
    } finally {
      await file.close()
    }
  }
}

/** What was saved, or null where the text is not what was written. */
function parseFile(text: string): unknown {
  try {
    const { checksum, saved } = JSON.parse(text) as { checksum?: unknown; saved?: unknown }
    return saved !== undefined && checksum === checksumOf(saved) ? saved : null
  } catch {
    return null // no JSON, or nothing in it
  }
}

/** Against accidents; whoever can write the file can write this, too. */
function checksumOf(saved: unknown): string {
  return b4a.toString(blake2b(b4a.from(JSON.stringify(saved))), 'hex')
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', FILE_MODE)
  try {
    const bytes = b4a.from(text)
    // A disk that is nearly full takes a part, and refuses the rest with the next write.
    for (let size = 0; size < bytes.length;) {
      size += (await file.write(bytes, size, bytes.length - size, size)).bytesWritten
    }
    await file.sync()
  } finally {
    await file.close()
  }
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
