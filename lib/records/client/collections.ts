/** Many small entries of one owner, as users see them: checks what they pass, starts the work. */
import { toHex } from '../hex.js'
import { checkNumber, type RecordsConfig } from '../options.js'
import { keyOfRead } from '../record-options.js'
import { RecordsError } from '../records-error.js'
import { endOf, tombstoneTtl } from '../rules/lifetime.js'
import { DEFAULT_LIMITS } from '../rules/limits.js'
import { entryBytes } from '../rules/parts.js'
import { type CollectionRead, readCollection } from './collection-read.js'
import { type Changes, type CollectionDraft, deleteParts, renewParts, writeChanges } from './collection-write.js'
import type { WriteContext, WaitOptions } from './context.js'
import { checkSigner, type Signer } from './key-pair.js'
import type { PutOutcome } from './put-outcome.js'
import type { Kept } from './republisher.js'
import { checkKnown } from './set-read.js'
import { repairSet } from './set-repair.js'

/** Which collection of an owner. */
export interface CollectionName {
  /** 0 to 64 bytes that tell the collections of one owner apart. Default none. */
  name?: Uint8Array
  /** Namespace with limits of its own, up to 32 bytes of UTF-8. Default `''`. */
  channel?: string
}

export interface CollectionReadOptions extends CollectionName, WaitOptions {
  /** What an earlier read gave: only what has changed since is fetched. */
  known?: CollectionRead | null
}

export interface CollectionUpdateOptions extends CollectionName, WaitOptions {
  /** Key pair of the owner, or a public key and a function that signs. */
  keyPair: Signer
  /**
   * Keys and their new values; null: the entry is deleted. A key may be empty; key and value have to fit one part, which
   * is as long as a value may be, with up to seven bytes beside them.
   */
  entries: Iterable<readonly [key: Uint8Array, value: Uint8Array | null]>
  /** Life of the changed parts in ms. Default: the module's `defaultTtlMs`. */
  ttlMs?: number
  /** What an earlier read gave, so that less has to be fetched first. */
  known?: CollectionRead | null
  /** Write all of it again before it ends, for as long as this process lives. Default true. */
  republish?: boolean
}

export interface CollectionRenewOptions extends CollectionName, WaitOptions {
  keyPair: Signer
  ttlMs?: number
}

/** What a write of a collection has come to. */
export interface CollectionOutcome {
  /** Writes of parts: nothing had to be changed where it is 0. */
  readonly parts: number
  /** Holders that stored the part that the fewest stored; 0 where there is none. */
  readonly fewestStored: number
  /** Wall time in ms at which the first of these parts ends; null where there is none. */
  readonly expiresAtMs: number | null
}

export interface CollectionsOptions {
  readonly config: RecordsConfig
  /** `goesOn` takes what is done in the background after the result. */
  readonly call: <T>(
    wait: WaitOptions,
    work: (context: WriteContext, goesOn: (rest: Promise<unknown>) => void) => Promise<T>,
  ) => Promise<T>
  readonly keepAlive: (kept: Kept) => void
  /** Keeps it alive no longer. */
  readonly forget: (name: string) => void
}

/**
 * Collections: up to some ten thousand small entries under one key, which its owner alone writes. Made by `records`.
 *
 * @example
 * await records.collections.update({ keyPair, entries: [[key, value], [other, null]] })
 * const { entries } = await records.collections.read(keyPair.publicKey)
 */
export class Collections {
  readonly #options: CollectionsOptions

  /** @internal */
  constructor(options: CollectionsOptions) {
    this.#options = options
  }

  /**
   * Reads all entries, or with `known` what has changed.
   *
   * @param publicKey 32 bytes of the owner
   * @returns rejects with RecordsError TOO_FEW_ANSWERED, RECORDS_CLOSED, DEADLINE_EXCEEDED, or the signal's reason
   * @throws TypeError or RangeError for bad arguments
   */
  read(publicKey: Uint8Array, options: CollectionReadOptions = {}): Promise<CollectionRead> {
    const { channel, target } = placeOf(publicKey, options)
    const known = checkKnown(options.known)
    const place = { channel, target }
    return this.#options.call(options, async (context, goesOn) => {
      const { read, evidence } = await readCollection(context, place, known)
      if (this.#options.config.repair && evidence !== null) goesOn(repairSet(context, place, evidence))
      return read
    })
  }

  /**
   * Changes entries. Those that have another value already, or none, are written; parts that do not change are not.
   * Several processes of the owner may do so at the same time: of two values for one key the later one stays.
   *
   * @returns resolves when all of it counts; rejects with RecordsError TOO_FEW_STORED, TOO_FEW_ANSWERED, WRITE_CONFLICT,
   *   RECORDS_CLOSED, DEADLINE_EXCEEDED, or the signal's reason. A part of the changes may have been written then
   * @throws TypeError or RangeError for bad arguments; RecordsError RECORD_REFUSED for an entry that fits no part
   */
  update(options: CollectionUpdateOptions): Promise<CollectionOutcome> {
    const draft = this.#draftOf(options)
    const changes = changesOf(options.entries, draft.maxPartBytes)
    const name = nameOf(draft)
    const known = checkKnown(options.known)
    return this.#options.call(options, async (context) => {
      const { outcomes } = await writeChanges(context, draft, changes, known)
      if (options.republish !== false) this.#keepAlive(name, draft)
      return outcomeOf(outcomes)
    })
  }

  /** Signs and writes every part again, for a longer life. @returns as {@link update} */
  renew(options: CollectionRenewOptions): Promise<CollectionOutcome> {
    const draft = this.#draftOf(options)
    return this.#options.call(options, async (context) => outcomeOf(await renewParts(context, draft)))
  }

  /** Deletes the collection: every part of it. @returns as {@link update} */
  delete(options: CollectionRenewOptions): Promise<CollectionOutcome> {
    const draft = this.#draftOf(options)
    const { maxTtlMs } = this.#options.config.limitsOf(draft.channel) ?? DEFAULT_LIMITS
    const { maxClockSkewMs } = this.#options.config
    this.#options.forget(nameOf(draft))
    return this.#options.call(options, async (context) =>
      outcomeOf(
        await deleteParts(context, draft, (newest, nowMs) =>
          tombstoneTtl(newest === null ? null : endOf(newest), { maxTtlMs, maxClockSkewMs }, nowMs),
        ),
      ),
    )
  }

  #draftOf(options: CollectionRenewOptions): CollectionDraft {
    if (typeof options !== 'object' || options === null) throw new TypeError('options must be an object')
    const { config } = this.#options
    const signer = checkSigner(options.keyPair)
    const { channel, target } = placeOf(signer.publicKey, options)
    const limits = config.limitsOf(channel) ?? DEFAULT_LIMITS
    const ttlMs = checkNumber(options.ttlMs, 'ttlMs', config.defaultTtlMs, 1, limits.maxTtlMs)
    return { signer, channel, target, salt: options.name ?? NO_NAME, ttlMs, maxPartBytes: limits.maxValueBytes }
  }

  #keepAlive(name: string, draft: CollectionDraft): void {
    this.#options.keepAlive({
      name,
      ttlMs: draft.ttlMs,
      write: async () => {
        await this.#options.call({}, (context) => renewParts(context, draft))
        return 'written'
      },
    })
  }
}

const NO_NAME = new Uint8Array(0)

/** @throws TypeError or RangeError */
function placeOf(publicKey: Uint8Array, { name, channel }: CollectionName) {
  return keyOfRead(publicKey, { ...(name !== undefined && { salt: name }), ...(channel !== undefined && { channel }) })
}

function nameOf({ channel, target }: CollectionDraft): string {
  return `collection/${toHex(target)}/${channel}`
}

/** @throws TypeError; RecordsError RECORD_REFUSED */
function changesOf(entries: CollectionUpdateOptions['entries'], maxPartBytes: number): Changes {
  if (typeof entries !== 'object' || entries === null || typeof entries[Symbol.iterator] !== 'function') {
    throw new TypeError('entries must be iterable')
  }
  const changes = new Map<string, { key: Uint8Array; value: Uint8Array | null }>()
  for (const [key, value] of entries) {
    if (!(key instanceof Uint8Array)) throw new TypeError('the key of an entry must be a Uint8Array')
    if (value !== null && !(value instanceof Uint8Array)) {
      throw new TypeError('the value of an entry must be a Uint8Array or null')
    }
    const size = entryBytes({ key, value: value ?? NO_NAME }) + 1
    if (size > maxPartBytes) {
      const refusal = { reason: 'VALUE_TOO_LARGE', limit: maxPartBytes, size } as const
      throw new RecordsError('RECORD_REFUSED', `VALUE_TOO_LARGE: ${size} bytes, the limit is ${maxPartBytes}`, {
        refusal,
      })
    }
    changes.set(toHex(key), { key, value })
  }
  return changes
}

function outcomeOf(outcomes: readonly PutOutcome[]): CollectionOutcome {
  if (outcomes.length === 0) return { parts: 0, fewestStored: 0, expiresAtMs: null }
  return {
    parts: outcomes.length,
    fewestStored: Math.min(...outcomes.map(({ stored }) => stored.length)),
    expiresAtMs: Math.min(...outcomes.map(({ expiresAtMs }) => expiresAtMs)),
  }
}
