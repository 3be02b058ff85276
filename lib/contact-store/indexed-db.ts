/**
 * Contacts in IndexedDB, for pages and Workers.
 *
 * Invariants: what is there is at any moment all of an earlier save or all of a later one (one record, one transaction);
 * no connection is left open between calls, so that nobody who wants to delete or change the database waits for us.
 */
import type { ContactStore, SavedContacts } from '../node/saved-contacts.js'

/** Raised when the object store changes its shape. */
const VERSION = 1

const STORE = 'contacts'

/** The one record. */
const KEY = 'saved'

/** The part of IndexedDB that is used, which `es2023` does not declare. */
interface Factory {
  open(name: string, version: number): OpenRequest
}

interface Outcome {
  error: Error | null
  addEventListener(event: string, listener: () => void): void
}

interface DatabaseRequest extends Outcome {
  result: unknown
}

interface OpenRequest extends Outcome {
  result: Database
}

interface Database {
  createObjectStore(name: string): unknown
  transaction(name: string, mode: 'readonly' | 'readwrite', options?: { durability: 'strict' }): Transaction
  close(): void
}

interface Transaction extends Outcome {
  objectStore(name: string): ObjectStore
}

interface ObjectStore {
  get(key: string): DatabaseRequest
  put(value: unknown, key: string): DatabaseRequest
}

/**
 * A {@link ContactStore} in an IndexedDB database of its own, in the storage of the page's origin. Two tabs may use one: the
 * one that saves last is the one that is read. Give each network a name of its own.
 *
 * Where the browser forbids storage (private windows of some) or has no room, `load` and `save` reject with its DOMException,
 * the node emits `contact-store-error` and goes on without.
 *
 * @example
 * import { IndexedDBContactStore } from 'xorpc/contact-store'
 * const node = new DHT({ gateway, bootstrap, contactStore: new IndexedDBContactStore('my-app') })
 */
export class IndexedDBContactStore implements ContactStore {
  /** Name of the database. */
  readonly name: string
  readonly #factory: Factory

  /**
   * @param name name of the database, within the origin. Default `'xorpc-contacts'`
   * @throws TypeError for a name that is no text, and where there is no IndexedDB
   */
  constructor(name = 'xorpc-contacts') {
    if (typeof name !== 'string' || name === '') throw new TypeError('name must be a string')
    const { indexedDB } = globalThis as { indexedDB?: Factory }
    if (indexedDB === undefined) throw new TypeError('no IndexedDB here: use FileContactStore')
    this.name = name
    this.#factory = indexedDB
  }

  /** What was saved last, or null. Rejects with the browser's error. */
  async load(): Promise<unknown> {
    const saved = await this.#run('readonly', (store) => store.get(KEY))
    return saved ?? null
  }

  /** Resolves when it is on the disk. Rejects with the browser's error; what was there before is there still. */
  async save(contacts: SavedContacts): Promise<void> {
    await this.#run('readwrite', (store) => store.put(contacts, KEY))
  }

  /** One operation in a transaction and a connection of its own. */
  async #run(mode: 'readonly' | 'readwrite', operate: (store: ObjectStore) => DatabaseRequest): Promise<unknown> {
    const database = await openDatabase(this.#factory, this.name)
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(STORE, mode, { durability: 'strict' })
        const request = operate(transaction.objectStore(STORE))
        const fail = (): void => reject(transaction.error ?? request.error ?? new Error('the transaction was aborted'))
        transaction.addEventListener('complete', () => resolve(request.result))
        transaction.addEventListener('error', fail)
        transaction.addEventListener('abort', fail)
      })
    } finally {
      database.close()
    }
  }
}

async function openDatabase(factory: Factory, name: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, VERSION)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE))
    request.addEventListener('success', () => resolve(request.result))
    // Never blocked: version 1 is the first, and nobody has an older one open.
    request.addEventListener('error', () => reject(request.error ?? new Error(`database ${name} does not open`)))
  })
}
