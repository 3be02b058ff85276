/**
 * The records module as users see it: checks what they pass, starts the work, tells what happened.
 *
 * It is built on the public API of a node alone: queries, requests, sessions, and the entry of requests.
 */
import { createKeyPair, type KeyPair } from '../primitives/ed25519.js'
import { Emitter, type EmitterClass } from '../primitives/emitter.js'
import { DHTError, hasCode } from '../primitives/errors.js'
import { systemRandom } from '../primitives/random.js'
import type { DHT } from '../node/dht.js'
import { Calls } from './client/calls.js'
import { Collections } from './client/collections.js'
import type { ClientContext, WaitOptions, WriteContext } from './client/context.js'
import { type GetOutcome, readFirst, readNewest, repair } from './client/get.js'
import { HyperdhtStorage } from './client/hyperdht.js'
import { createKnownNodes } from './client/known-nodes.js'
import { LargeValues } from './client/large.js'
import type { PutOutcome } from './client/put-outcome.js'
import { ExpectedHolders } from './rules/expected-holders.js'
import { type Kept, Republisher } from './client/republisher.js'
import { type Prepare, RecordSets } from './client/sets.js'
import { Watch } from './client/watch.js'
import { type Draft, write, type Written } from './client/write.js'
import type {
  ChannelDump,
  ChannelDumpOptions,
  DumpHealth,
  DumpReport,
  RestoreOutcome,
  RestoreReport,
} from './dump/channel-dump.js'
import { Dumps } from './dump/dumps.js'
import { type Entry, nameOfKey } from './entry.js'
import { BoundedMap } from './holder/bounded-map.js'
import { healthOf, type RecordsHealth, StoreFailures } from './health.js'
import { Holder, type HolderStats } from './holder/holder.js'
import { parseOptions, type RecordsConfig, type RecordsOptions } from './options.js'
import {
  type DeleteOptions,
  deletionDraft,
  type GetOptions,
  keyOfRead,
  type PutOptions,
  putDraft,
  type RecordName,
  watchConfig,
  type WatchOptions,
} from './record-options.js'

/** What a write has come to. `settled`: the same when every holder has answered or timed out; never rejects. */
export interface PutResult extends PutOutcome {
  readonly settled: Promise<PutOutcome>
}

/**
 * - `republish-error`: a record of this process could not be written again; it is tried again soon
 * - `superseded`: a record that was republished has a newer version by another process of the owner
 * - `store-error`: the storage engine failed while a request was answered
 * - `restore`: a dump of the option `dumps` was read, and is written from now on
 * - `dump`: a dump was written
 * - `dump-error`: a dump, or reading one, failed with DUMP_FAILED; it is tried again after an interval
 * - `dump-stale`: no dump of a channel has succeeded for three intervals. Once, until one does
 */
export type RecordsEvents = {
  restore: [report: RestoreReport, dump: ChannelDump]
  dump: [report: DumpReport, dump: ChannelDump]
  'dump-error': [error: DHTError, dump: ChannelDump]
  'dump-stale': [health: DumpHealth]
  'republish-error': [error: unknown]
  superseded: [publicKey: Uint8Array, salt: Uint8Array]
  'store-error': [error: unknown]
}

export interface RecordsStats extends HolderStats {
  /** Records of this process that are kept alive. */
  readonly republished: number
}

/**
 * Records on the network, and those that this node keeps for others.
 *
 * @example
 * const records = new Records(node)
 * const keyPair = await Records.keyPair()
 * await records.put({ keyPair, value: Buffer.from('hello') })
 * const { value, seq, freshness } = await records.get(keyPair.publicKey)
 */
export class Records extends (Emitter as unknown as EmitterClass<RecordsEvents>) {
  /** HyperDHT's storage commands. */
  readonly hyperdht: HyperdhtStorage
  /** Values of up to 500 MiB, found by the hash of their bytes. */
  readonly large: LargeValues
  /** Many values under one key. */
  readonly sets: RecordSets
  /** Many small entries of one owner. */
  readonly collections: Collections
  readonly #config: RecordsConfig
  readonly #calls: Calls
  readonly #holder: Holder | null
  readonly #context: ClientContext
  readonly #republisher: Republisher
  /** Those that somebody waits for. BOUNDED: by the user's calls. */
  readonly #watches = new Set<Watch>()
  readonly #dumps: Dumps
  readonly #storeFailures: StoreFailures
  #closing: Promise<void> | null = null

  /**
   * @param node of this package, or of its stand-in for dht-rpc; it is not destroyed with the module
   * @throws TypeError or RangeError for an option that makes no sense
   */
  constructor(node: DHT, options: RecordsOptions = {}) {
    super()
    const config = parseOptions(options)
    const { clock, random, limitsOf, quorum, maxClockSkewMs } = config
    this.#config = config
    this.#calls = new Calls(node, clock)
    this.#storeFailures = new StoreFailures(clock)
    this.#holder = config.serve ? new Holder(node, config, this.#calls, (error) => this.#onStoreError(error)) : null
    this.#context = {
      node,
      clock,
      random,
      limitsOf,
      quorum,
      maxClockSkewMs,
      local: this.#holder,
      expectedHolders: new ExpectedHolders(),
      seenSeqs: new BoundedMap(MAX_SEEN_SEQS),
      knownNodes: { records: createKnownNodes(node, clock), hyperdht: createKnownNodes(node, clock) },
    }
    this.#republisher = new Republisher(clock, (error) => void this.emit('republish-error', error))
    this.hyperdht = new HyperdhtStorage(this.#context, this.#calls)
    const keepAlive = (kept: Kept): void => {
      if (this.#closing === null) this.#republisher.keep(kept)
    }
    this.large = new LargeValues({
      config,
      calls: this.#calls,
      context: this.#context,
      ready: () => this.ready(),
      keepAlive,
    })
    const call = <T>(wait: WaitOptions, work: CallWork<T>): Promise<T> => this.#call(wait, work)
    this.collections = new Collections({ config, call, keepAlive, forget: (name) => this.#republisher.forget(name) })
    this.sets = new RecordSets({
      config,
      call,
      large: this.large,
      write: (draft, wait, isRepublished, prepare) => this.#write(draft, wait, isRepublished, prepare),
      delete: (draft, wait) => this.#delete(draft, wait),
    })
    this.#dumps = this.#createDumps()
    for (const dump of config.dumps.map((each) => this.#dumps.create(each))) void this.#dumps.keep(dump)
  }

  /**
   * A key pair of an owner.
   *
   * @param seed 32 bytes: the same seed gives the same pair. Default: random
   */
  static keyPair(seed: Uint8Array = systemRandom.bytes(32)): Promise<KeyPair> {
    return createKeyPair(seed)
  }

  /**
   * The 32-byte key under which an owner's record lies: lookups walk to it, and {@link countOf} takes it.
   *
   * @param publicKey 32 bytes
   * @throws TypeError or RangeError for bad arguments
   */
  static targetOf(publicKey: Uint8Array, name: RecordName = {}): Uint8Array {
    return keyOfRead(publicKey, name).target
  }

  /** Resolves when the store is open; rejects with its error. Every call waits for it by itself. */
  ready(): Promise<void> {
    return this.#holder?.opened ?? Promise.resolve()
  }

  /**
   * Writes a version of a record.
   *
   * @returns resolves when a quorum has stored it; rejects with RecordsError RECORD_REFUSED, TOO_FEW_STORED,
   *   WRITE_CONFLICT, RECORDS_CLOSED, DEADLINE_EXCEEDED, or the signal's reason
   * @throws TypeError or RangeError for bad arguments
   */
  put(options: PutOptions): Promise<PutResult> {
    const draft = putDraft(options, this.#config)
    return this.#write(draft, options, options.republish !== false)
  }

  /**
   * Deletes a record: writes a tombstone that outlives the versions before it.
   *
   * @returns as {@link put}
   */
  delete(options: DeleteOptions): Promise<PutResult> {
    return this.#delete(deletionDraft(options, this.#config), options)
  }

  /**
   * Reads the record of an owner.
   *
   * @param publicKey 32 bytes
   * @returns rejects with RecordsError TOO_FEW_ANSWERED, RECORDS_CLOSED, DEADLINE_EXCEEDED, or the signal's reason
   * @throws TypeError or RangeError for bad arguments
   */
  get(publicKey: Uint8Array, options: GetOptions = {}): Promise<GetOutcome> {
    const key = keyOfRead(publicKey, options)
    return this.#call(options, async (context, goesOn) => {
      if (options.first === true) return readFirst(context, key)
      const read = await readNewest(context, key)
      if (this.#config.repair) goesOn(repair(context, key, read))
      return read.outcome
    })
  }

  /**
   * Every newer version of a record as it appears, deletions too; first the one there is. Versions that follow each other
   * faster than holders are asked may be passed over, never the newest. It works while its next version is waited for; it
   * ends, without an error, by its signal, by leaving the loop, and when the module is closed or the node destroyed.
   *
   * @param publicKey 32 bytes
   * @throws TypeError or RangeError for bad arguments
   * @example
   * for await (const { state, value } of records.watch(publicKey, { signal })) show(state, value)
   */
  watch(publicKey: Uint8Array, options: WatchOptions = {}): Watch {
    const dependencies = {
      node: this.#context.node,
      clock: this.#config.clock,
      call: <T>(wait: WaitOptions, work: (context: WriteContext) => Promise<T>) => this.#call(wait, work),
      isClosed: () => this.#closing !== null,
      onBegin: (watch: Watch) => void this.#watches.add(watch),
      onEnd: (watch: Watch) => void this.#watches.delete(watch),
    }
    return new Watch(dependencies, watchConfig(publicKey, options))
  }

  /** How many values under a 32-byte key are kept here, in a channel. */
  countOf(target: Uint8Array, channel = ''): number {
    return this.#holder?.store.countOf(channel, target) ?? 0
  }

  /** What is kept here, in a channel. With {@link restore} it makes the module a source of dumps. */
  async *entries(channel?: string): AsyncGenerator<Entry> {
    await this.ready()
    if (this.#holder !== null) yield* this.#holder.store.entries(channel)
  }

  /**
   * Keeps an entry of an earlier run, if it is genuine, alive, newer than what is there, and within the limits: it is
   * verified like one from the network.
   *
   * @returns `stored`, `known`, or why it was not; rejects when the store fails
   */
  async restore(entry: Entry): Promise<RestoreOutcome> {
    await this.ready()
    return this.#holder === null ? 'NOT_SERVING' : this.#holder.restore(entry)
  }

  /**
   * Dumps of a channel, to be restored and started by the caller; those of the option `dumps` are by the module. It shows
   * in {@link health}, and ends with the module, with a last dump if it was started.
   *
   * @throws TypeError or RangeError for options that make no sense, and for the path of another dump
   * @example
   * const dump = records.dump({ path: './chat.dump', channel: 'chat' })
   * await dump.restore()
   * dump.start()
   */
  dump(options: ChannelDumpOptions): ChannelDump {
    if (this.#closing !== null) throw new DHTError('RECORDS_CLOSED')
    if (this.#holder === null) throw new TypeError('a module that keeps nothing for others has nothing to dump')
    return this.#dumps.create(options)
  }

  /** Whether what is kept here is safe, as it is now. */
  get health(): RecordsHealth {
    return healthOf(this.#storeFailures, this.#dumps.health)
  }

  /** Counters, as they are now. */
  get stats(): RecordsStats {
    return { ...Holder.statsOf(this.#holder), republished: this.#republisher.size }
  }

  /**
   * Hands every record that is kept here to the nodes that will be its holders without us. For a node that leaves for
   * good; the records stay here as well.
   *
   * @returns how many were handed over; rejects with the signal's reason, DEADLINE_EXCEEDED or RECORDS_CLOSED
   */
  handOver(wait: WaitOptions = {}): Promise<number> {
    return this.#calls.run(wait, async (session) => (await this.#holder?.handOver(session)) ?? 0)
  }

  /**
   * Ends the module: calls under way fail with RECORDS_CLOSED, commands are no longer answered, the store is closed.
   * Idempotent.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#republisher.close()
    for (const watch of this.#watches) void watch.return()
    this.#calls.close()
    await this.#dumps.close()
    await this.#holder?.close()
  }

  #createDumps(): Dumps {
    const source = {
      entries: (channel: string) => this.entries(channel),
      restore: (entry: Entry) => this.restore(entry),
    }
    return new Dumps(source, this.#config.clock, {
      onRestored: (report, dump) => void this.emit('restore', report, dump),
      onDumped: (report, dump) => void this.emit('dump', report, dump),
      onFailed: (error, dump) => void this.emit('dump-error', error, dump),
      onStale: (health) => void this.emit('dump-stale', health),
    })
  }

  #onStoreError(error: unknown): void {
    this.#storeFailures.note(error)
    this.emit('store-error', error)
  }

  #call<T>(wait: WaitOptions, work: CallWork<T>): Promise<T> {
    return this.#calls.run(wait, async (session, goesOn, { pause }) => {
      await this.ready()
      return work({ ...this.#context, session, pause }, goesOn)
    })
  }

  #write(draft: Draft, wait: WaitOptions, isRepublished: boolean, prepare?: Prepare): Promise<PutResult> {
    const writing = this.#call(wait, async (context, goesOn) => {
      await prepare?.(wait)
      const written = await write(context, draft)
      goesOn(written.settled)
      return written
    })
    return writing.then(({ outcome, settled, record }) => {
      if (isRepublished && this.#closing === null) this.#keepAlive(draft, record, prepare)
      return { ...outcome, settled }
    })
  }

  #delete(draft: Draft, wait: WaitOptions): Promise<PutResult> {
    this.#republisher.forget(nameOf(draft))
    return this.#write(draft, wait, false)
  }

  #keepAlive(draft: Draft, { seq, ttlMs }: Written['record'], prepare?: Prepare): void {
    const again: Draft = { ...draft, seq, expected: null }
    const name = nameOf(draft)
    this.#republisher.keep({
      name,
      ttlMs,
      write: async () => {
        try {
          await prepare?.({})
          await this.#call({}, async (context, goesOn) => goesOn((await write(context, again)).settled))
          return 'written'
        } catch (error) {
          if (!hasCode(error, 'WRITE_CONFLICT')) throw error
          this.emit('superseded', draft.signer.publicKey, draft.salt)
          return 'superseded'
        }
      },
    })
  }
}

function nameOf({ key }: Draft): string {
  return nameOfKey(key)
}

/** @param goesOn takes what is done in the background after the result */
type CallWork<T> = (context: WriteContext, goesOn: (rest: Promise<unknown>) => void) => Promise<T>

/** Keys whose version is remembered: for others the first write asks. */
const MAX_SEEN_SEQS = 8192
