/**
 * Keeps the contacts of a node in its store: loads them before it joins, saves them every few minutes, when it is
 * suspended and when it is destroyed.
 *
 * Invariants: the store is asked one thing at a time; a store that fails, or never answers, costs the node nothing but
 * its contacts: it is told as an event and counted, and tried again with the next save; a table without anybody in it
 * never takes the place of what was saved.
 */
import type { Cancel } from '../primitives/clock.js'
import { DHTError } from '../primitives/errors.js'
import type { Core } from './core.js'
import { type ContactStore, parseContacts, type SavedContacts } from './saved-contacts.js'

/** A node that is killed loses at most this much of what it knows; the table changes slowly. */
const SAVE_INTERVAL_MS = 5 * 60_000

/** The first save comes sooner: a process that is killed young shall know somebody, too. */
const FIRST_SAVE_MS = 30_000

/** Nobody waits longer for a store: joining without saved contacts, or ending without having saved them, is better. */
const LOAD_LIMIT_MS = 2000
const SAVE_LIMIT_MS = 5000

export type StoreOperation = 'load' | 'save'

export interface ContactKeeperHost {
  /** Called with contacts that were loaded, also when nobody waits for them any more. */
  onLoaded(contacts: ReturnType<typeof parseContacts>): void
  /** What to save now; null: nothing worth it. */
  current(): SavedContacts | null
  onFailure(error: DHTError, operation: StoreOperation): void
}

export class ContactKeeper {
  readonly #store: ContactStore
  readonly #host: ContactKeeperHost
  readonly #core: Pick<Core, 'clock' | 'stats'>
  #loading: Promise<void> | null = null
  /** The save that is under way. */
  #saving: Promise<void> | null = null
  #dueAt = Infinity

  constructor(store: ContactStore, core: Pick<Core, 'clock' | 'stats'>, host: ContactKeeperHost) {
    this.#store = store
    this.#core = core
    this.#host = host
  }

  /** Loads, once; resolves at the latest after {@link LOAD_LIMIT_MS}. Never rejects. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#within(this.#loading, LOAD_LIMIT_MS)
  }

  /** One beat of a node that has joined: saves when it is time. */
  tick(): void {
    const now = this.#core.clock.now()
    if (this.#dueAt === Infinity) this.#dueAt = now + FIRST_SAVE_MS
    if (now < this.#dueAt || this.#saving !== null) return
    this.#dueAt = now + SAVE_INTERVAL_MS
    void this.#save()
  }

  /**
   * Saves what there is now, behind a save under way; resolves at the latest after {@link SAVE_LIMIT_MS}. Never rejects.
   */
  flush(): Promise<void> {
    const before = this.#saving
    return this.#within(before === null ? this.#save() : before.then(() => this.#save()), SAVE_LIMIT_MS)
  }

  async #load(): Promise<void> {
    try {
      const value = await this.#store.load()
      if (value === null || value === undefined) return
      const contacts = parseContacts(value, 'what was saved')
      this.#core.stats.contactStore.loaded += contacts.length
      this.#host.onLoaded(contacts)
    } catch (cause) {
      this.#fail(cause, 'load')
    }
  }

  #save(): Promise<void> {
    const contacts = this.#host.current()
    if (contacts === null) return Promise.resolve()
    const done = this.#put(contacts)
    this.#saving = done
    return done
  }

  async #put(contacts: SavedContacts): Promise<void> {
    try {
      await this.#store.save(contacts)
      this.#core.stats.contactStore.saves++
    } catch (cause) {
      this.#fail(cause, 'save')
    }
    this.#saving = null
  }

  #fail(cause: unknown, operation: StoreOperation): void {
    this.#core.stats.contactStore.failures++
    const why = cause instanceof Error ? cause.message : String(cause)
    const text = operation === 'load' ? 'Contacts could not be loaded' : 'Contacts could not be saved'
    this.#host.onFailure(new DHTError('CONTACT_STORE_FAILED', `${text}: ${why}`, { cause }), operation)
  }

  /** Waits for it, but not for ever; a limit that was reached counts as nothing, since it may still succeed. */
  #within(work: Promise<void>, limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel: Cancel = this.#core.clock.after(limitMs, resolve)
      void work.then(() => {
        cancel()
        resolve()
      })
    })
  }
}
