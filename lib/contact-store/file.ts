/**
 * Contacts in a file, for Node.js and Bare.
 *
 * Invariants: the file is at any moment all of an earlier save or all of a later one, whenever the process or the machine
 * stops; what is not exactly what was written is refused as a whole, never half used.
 */
import b4a from 'b4a'
import { readFile, writeFileDurably } from '../primitives/durable-file.js'
import { blake2b } from '../primitives/hash.js'
import type { ContactStore, SavedContacts } from '../node/saved-contacts.js'

/** Four times of what 256 contacts take. A longer file is none of ours, and is not read to its end. */
const MAX_FILE_BYTES = 65_536

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
    const text = `${JSON.stringify({ checksum: checksumOf(contacts), saved: contacts })}\n`
    await writeFileDurably(this.path, [b4a.from(text)])
  }

  /** The text of the file, as far as a good one can reach; null where there is no file. */
  async #read(): Promise<string | null> {
    const file = await readFile(this.path)
    if (file === null) return null
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of file) {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_FILE_BYTES) break
    }
    return b4a.toString(b4a.concat(chunks))
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
