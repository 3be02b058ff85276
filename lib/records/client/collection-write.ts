/**
 * Writes changes to a collection, part by part, each as a compare-and-swap (rules/parts.ts says in which order). Where
 * another process of the owner was faster, the collection is read again, and what is still to be changed is changed.
 */
import { hasCode } from '../../primitives/errors.js'
import type { SignedRecord } from '../codec/record.js'
import type { EntryKey } from '../entry.js'
import { RecordsError } from '../records-error.js'
import {
  childrenOfPart,
  type CollectionEntry,
  covers,
  encodePart,
  inheritedBy,
  type Part,
  type PartContent,
  PartIndex,
  partName,
  type PartRange,
  placeOfKey,
  ROOT,
} from '../rules/parts.js'
import { partsOf } from './collection-read.js'
import type { WriteContext } from './context.js'
import type { Signer } from './key-pair.js'
import type { PutOutcome } from './put-outcome.js'
import { type KnownSet, readSet, type SetContent } from './set-read.js'
import { type Draft, writeTo } from './write.js'

/** What is to be changed, by the hex of the key. `value` null: the entry goes. */
export type Changes = ReadonlyMap<string, { readonly key: Uint8Array; readonly value: Uint8Array | null }>

export interface CollectionDraft {
  readonly signer: Signer
  readonly channel: string
  /** 32-byte key. */
  readonly target: Uint8Array
  readonly salt: Uint8Array
  readonly ttlMs: number
  /** Bytes of a part. */
  readonly maxPartBytes: number
}

export interface CollectionWritten {
  /** Writes of parts that counted. */
  readonly outcomes: readonly PutOutcome[]
  /** What was read last before they were written. */
  readonly before: SetContent
}

/** Lost races that are run again. */
const MAX_ATTEMPTS = 6

/** Before another attempt: so long at most, times the number of the attempt. */
const BACKOFF_MS = 200

/** Parts that are written at a time. */
const WINDOW = 8

/** @returns rejects with RecordsError TOO_FEW_ANSWERED, TOO_FEW_STORED or WRITE_CONFLICT */
export async function writeChanges(
  context: WriteContext,
  draft: CollectionDraft,
  changes: Changes,
  known: KnownSet | null,
): Promise<CollectionWritten> {
  const outcomes: PutOutcome[] = []
  let read = known
  for (let attempt = 1; ; attempt++) {
    const before: SetContent = await readSet(context, draft, { known: read, isWalkNeeded: true })
    read = before
    const run = new CollectionWriting(context, draft, before)
    const failure = await run.apply(changes)
    outcomes.push(...run.outcomes)
    if (failure === null) return { outcomes, before }
    if (!hasCode(failure, 'WRITE_CONFLICT') || attempt === MAX_ATTEMPTS) throw failure
    await context.pause(context.random.below(BACKOFF_MS * attempt))
  }
}

/** Signs every part again, for a longer life. @returns what became of each */
export async function renewParts(context: WriteContext, draft: CollectionDraft): Promise<PutOutcome[]> {
  const before = await readSet(context, draft, { isWalkNeeded: true })
  const run = new CollectionWriting(context, draft, before)
  const failure = await run.renew()
  if (failure !== null) throw failure
  return run.outcomes
}

/** Deletes every part. */
export async function deleteParts(
  context: WriteContext,
  draft: CollectionDraft,
  ttlOf: Draft['ttlOf'],
): Promise<PutOutcome[]> {
  const before = await readSet(context, draft, { isWalkNeeded: true })
  const run = new CollectionWriting(context, draft, before)
  const failure = await run.delete(ttlOf)
  if (failure !== null) throw failure
  return run.outcomes
}

const NOTHING: PartContent = { isSplit: false, entries: new Map() }

class CollectionWriting {
  readonly outcomes: PutOutcome[] = []
  readonly #context: WriteContext
  readonly #draft: CollectionDraft
  readonly #before: SetContent
  /** Newest version of each part, tombstones included, by its name. BOUNDED: by the parts read and written. */
  readonly #records = new Map<string, SignedRecord>()
  readonly #parts: readonly Part[]
  #failure: Error | null = null
  /** Who has written a newer version of a part has prolonged its life as well. */
  #ignoresConflicts = false
  #running = 0
  /** BOUNDED: by the parts to be written. */
  readonly #queue: (() => void)[] = []

  constructor(context: WriteContext, draft: CollectionDraft, before: SetContent) {
    this.#context = context
    this.#draft = draft
    this.#before = before
    for (const record of before.records) if (record.part !== null) this.#records.set(nameOf(record.part), record)
    this.#parts = partsOf(before.records, context.clock.wallTime())
  }

  /** @returns what the first of the writes that failed failed with; null: none did */
  async apply(changes: Changes): Promise<Error | null> {
    const index = new PartIndex(this.#parts)
    const root: Part = { ...ROOT, content: NOTHING }
    const byPart = new Map<Part, [string, { key: Uint8Array; value: Uint8Array | null }][]>()
    for (const change of changes) {
      const part = index.deepestAt(placeOfKey(change[1].key)) ?? root
      const some = byPart.get(part)
      if (some === undefined) byPart.set(part, [change])
      else some.push(change)
    }
    await Promise.all([...byPart].map(([part, some]) => this.#change(part, part !== root, new Map(some))))
    return this.#failure
  }

  async renew(): Promise<Error | null> {
    this.#ignoresConflicts = true
    await Promise.all(
      this.#parts.map((part) => {
        const { seq, value } = this.#records.get(nameOf(partName(part)))!
        return this.#write(part, value!, { seq, expected: null })
      }),
    )
    return this.#failure
  }

  async delete(ttlOf: Draft['ttlOf']): Promise<Error | null> {
    const deletion = { tombstone: true, ttlOf }
    await Promise.all(this.#parts.map((part) => this.#write(part, new Uint8Array(0), deletion)))
    return this.#failure
  }

  /** Changes entries of a part, of one that is there or of a new one. */
  async #change(part: Part, isThere: boolean, changes: Changes): Promise<void> {
    const { content } = part
    if (isThere && content.isSplit) return this.#changeChildren(part, changes)
    // What a new part takes over has to be written, even where nothing of it changes.
    const entries = merge(content.entries, changes) ?? (isThere || content.entries.size === 0 ? null : content.entries)
    if (entries === null) return
    const value = encodePart({ isSplit: false, entries })
    if (value.length <= this.#draft.maxPartBytes) {
      await this.#write(part, value)
      return
    }
    const children = childrenOfPart(part)
    if (children.length === 0) {
      this.#fail(new RecordsError('RECORD_REFUSED', 'too many entries have keys of the same hash'))
      return
    }
    if (!(await this.#write(part, encodePart({ isSplit: true, entries: content.entries })))) return
    const isWhole = await this.#writeChildren(part, children, changes)
    if (!isWhole || content.entries.size === 0) return
    await this.#write(part, encodePart({ isSplit: true, entries: new Map() }))
  }

  /** Children of a part that has been split earlier; those that have changes are not there yet. */
  async #changeChildren(part: Part, changes: Changes): Promise<void> {
    const children = childrenOfPart(part).filter((child) => changesOf(child, changes).size > 0)
    await this.#writeChildren(part, children, changes)
  }

  /** @returns whether all of them are there now */
  async #writeChildren(part: Part, children: readonly PartRange[], changes: Changes): Promise<boolean> {
    await Promise.all(
      children.map((child) => {
        const content = { isSplit: false, entries: inheritedBy(child, part.content) }
        return this.#change({ ...child, content }, false, changesOf(child, changes))
      }),
    )
    return this.#failure === null
  }

  /** @returns whether it counted */
  async #write(part: PartRange, value: Uint8Array, changes: Partial<Draft> = {}): Promise<boolean> {
    if (this.#running >= WINDOW) await new Promise<void>((resolve) => void this.#queue.push(resolve))
    this.#running++
    try {
      if (this.#failure !== null) return false
      const name = partName(part)
      const newest = this.#records.get(nameOf(name)) ?? null
      const draft = this.#draftOf(name, value, newest, changes)
      const { outcome, record } = (await writeTo(this.#context, this.#before.holders, draft, newest))!
      this.#records.set(nameOf(name), record)
      this.outcomes.push(outcome)
      return true
    } catch (error) {
      if (!this.#ignoresConflicts || !hasCode(error, 'WRITE_CONFLICT')) this.#fail(error)
      return false
    } finally {
      this.#running--
      this.#queue.shift()?.()
    }
  }

  #draftOf(name: Uint8Array, value: Uint8Array, newest: SignedRecord | null, changes: Partial<Draft>): Draft {
    const { signer, channel, target, salt, ttlMs } = this.#draft
    const key: EntryKey = { channel, target, subkey: name }
    const kind = { topic: null, part: name, large: false, schema: '', tombstone: false }
    const expected = { seq: newest === null ? null : newest.seq }
    return { signer, key, salt, ...kind, value, ttlOf: () => ttlMs, seq: null, expected, ...changes }
  }

  /** The first failure counts; what is not written yet is left. */
  #fail(error: unknown): void {
    this.#failure ??= error as Error
  }
}

function nameOf(part: Uint8Array): string {
  return part.join('.')
}

function changesOf(range: PartRange, changes: Changes): Changes {
  return new Map([...changes].filter(([, { key }]) => covers(range, placeOfKey(key))))
}

/** The entries with the changes; null: nothing changes. */
function merge(entries: PartContent['entries'], changes: Changes): Map<string, CollectionEntry> | null {
  const merged = new Map(entries)
  let isChanged = false
  for (const [name, { key, value }] of changes) {
    const before = merged.get(name)
    if (value === null) {
      isChanged = merged.delete(name) || isChanged
    } else if (before === undefined || !sameBytes(before.value, value)) {
      merged.set(name, { key, value })
      isChanged = true
    }
  }
  return isChanged ? merged : null
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
