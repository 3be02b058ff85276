/**
 * Every newer version of a record, as it appears. Holders are asked in turn, a few at a time, whether they have a newer one
 * than the one we know: a byte says no. A write that counted is on half of the holders at least, so it is seen soon, and
 * when all have had their turn at the latest. Now and then, and where those asked are silent, the closest nodes are looked
 * up anew.
 */
import type { DHT } from '../../node/dht.js'
import type { Clock } from '../../primitives/clock.js'
import type { AbortSignalLike } from '../../primitives/signal.js'
import type { Peer } from '../../rpc/reply.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { decodeGetReply, encodeGet } from '../codec/messages.js'
import type { SignedRecord } from '../codec/record.js'
import type { EntryKey } from '../entry.js'
import { nextPeers } from '../rules/turns.js'
import { compareVersions, type Version } from '../rules/version.js'
import type { CallContext } from './context.js'
import { isOfOneNode } from './deliver.js'
import { type GetOutcome, outcomeOf } from './get.js'
import { newestOf, ownHolder, survey } from './survey.js'

export interface WatchDependencies {
  readonly node: DHT
  readonly clock: Clock
  readonly call: <T>(wait: { signal: AbortSignalLike }, work: (context: CallContext) => Promise<T>) => Promise<T>
  readonly isClosed: () => boolean
  /** The watch begins, and ends. */
  readonly onBegin: (watch: Watch) => void
  readonly onEnd: (watch: Watch) => void
}

export interface WatchConfig {
  readonly key: EntryKey
  readonly signal: AbortSignalLike | null
  readonly intervalMs: number
  readonly lookupIntervalMs: number
  readonly nodesAtATime: number
  readonly known: Version | null
}

/** Bytes of requests and replies are not counted here; docs/RECORDS.md has them. */
export interface WatchStats {
  /** Times that holders were asked, and that they were looked up. */
  readonly polls: number
  readonly lookups: number
}

type Step = IteratorResult<GetOutcome, undefined>

/**
 * An async iterator of newer versions, made by `records.watch`. It works while somebody waits for its next version, and
 * ends by its signal, by `return`, when the module is closed or the node destroyed.
 */
export class Watch implements AsyncIterableIterator<GetOutcome, undefined> {
  readonly #dependencies: WatchDependencies
  readonly #config: WatchConfig
  readonly #signal = new EndSignal()
  readonly #end = (): void => this.#finish()
  #known: Version | null
  #peers: readonly Peer[] = []
  /** Whose turn it is. */
  #turn = 0
  #lookedUpAt = -Infinity
  #lookedAt = -Infinity
  #hasBegun = false
  /** One step at a time. */
  #last: Promise<unknown> = Promise.resolve()
  #polls = 0
  #lookups = 0

  /** @internal */
  constructor(dependencies: WatchDependencies, config: WatchConfig) {
    this.#dependencies = dependencies
    this.#config = config
    this.#known = config.known
  }

  /** The next newer version: never rejects. */
  next(): Promise<Step> {
    const step = this.#last.then(() => this.#step())
    this.#last = step
    return step
  }

  /** Ends it at once; a step that is waited for is the last one. */
  return(): Promise<Step> {
    this.#finish()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  get stats(): WatchStats {
    return { polls: this.#polls, lookups: this.#lookups }
  }

  async #step(): Promise<Step> {
    const { clock } = this.#dependencies
    if (!this.#hasBegun) this.#begin()
    while (!this.#signal.aborted) {
      await this.#pause(this.#lookedAt + this.#config.intervalMs - clock.now())
      if (this.#signal.aborted) break
      this.#lookedAt = clock.now()
      const value = await this.#look()
      if (value !== null && !this.#signal.aborted) return { done: false, value }
    }
    return { done: true, value: undefined }
  }

  #begin(): void {
    const { node, onBegin, isClosed } = this.#dependencies
    const { signal } = this.#config
    this.#hasBegun = true
    if (signal?.aborted || isClosed() || node.destroyed) {
      this.#signal.abort()
      return
    }
    signal?.addEventListener('abort', this.#end)
    node.on('close', this.#end)
    onBegin(this)
  }

  #finish(): void {
    if (this.#signal.aborted) return
    const { node, onEnd } = this.#dependencies
    this.#signal.abort()
    this.#config.signal?.removeEventListener('abort', this.#end)
    node.off('close', this.#end)
    onEnd(this)
  }

  /** A newer version; null: none that we know of. A network that fails is asked again at the next turn. */
  async #look(): Promise<GetOutcome | null> {
    const { clock, call, node, isClosed } = this.#dependencies
    const isDue = clock.now() - this.#lookedUpAt >= this.#config.lookupIntervalMs || this.#peers.length === 0
    try {
      return await call({ signal: this.#signal }, (context) => (isDue ? this.#lookUp(context) : this.#poll(context)))
    } catch {
      if (node.destroyed || isClosed()) this.#finish()
      return null
    }
  }

  async #lookUp(context: CallContext): Promise<GetOutcome | null> {
    const { key } = this.#config
    this.#lookups++
    const { holders, others } = await survey(context, key, { headOnly: false, known: this.#known })
    this.#peers = holders.filter(({ token }) => token !== null).map(({ peer }) => peer)
    this.#lookedUpAt = context.clock.now()
    const records = [...holders, ...others].flatMap(({ record }) => (record === null ? [] : [record]))
    return this.#news(
      context,
      records,
      holders.map(({ peer }) => peer),
    )
  }

  async #poll(context: CallContext): Promise<GetOutcome | null> {
    const { key, nodesAtATime } = this.#config
    this.#polls++
    const own = (await ownHolder(context, key, false))?.record ?? null
    const peers = nextPeers(this.#peers, this.#turn, nodesAtATime)
    this.#turn = (this.#turn + peers.length) % this.#peers.length
    const answers = await Promise.all(peers.map((peer) => this.#ask(context, peer)))
    // Some of the holders are gone, so there are others.
    if (answers.every((answer) => answer === null)) this.#lookedUpAt = -Infinity
    const records = answers.flatMap((answer) => (answer?.status === 'found' ? [answer.record] : []))
    return this.#news(context, own === null ? records : [...records, own], peers)
  }

  async #ask({ session }: CallContext, peer: Peer) {
    const { channel, target, subkey } = this.#config.key
    const value = encodeGet({ channel, subkey, headOnly: false, known: this.#known, brief: true })
    try {
      const reply = await session.request({ command: RECORD_COMMAND.GET, target, value }, peer)
      return reply.error !== 0 || reply.value === null ? null : decodeGetReply(reply.value)
    } catch (error) {
      if (isOfOneNode(error)) return null
      throw error
    }
  }

  async #news(
    context: CallContext,
    records: readonly SignedRecord[],
    asked: readonly Peer[],
  ): Promise<GetOutcome | null> {
    const { maxClockSkewMs, clock } = context
    const nowMs = clock.wallTime()
    const known = this.#known
    const newer = records.filter((record) => known === null || compareVersions(record, known) > 0)
    const rules = { isWhole: true, nowMs, maxClockSkewMs }
    const { record, rejected } = await newestOf(newer, this.#config.key, rules)
    if (record === null) return null
    const isSameValue = known !== null && known.seq === record.seq && known.round === record.round
    this.#known = { seq: record.seq, round: record.round, signedAtMs: record.signedAtMs }
    const freshness = { answered: asked.length, needed: 1, agreeing: [], behind: [], rejected }
    const outcome = outcomeOf(record, nowMs, { basis: 'first', ...freshness })
    // A version whose life was prolonged is no news, and neither is what has ended before we saw it.
    return isSameValue || outcome.state === 'ended' ? null : outcome
  }

  /** Until the time has passed, or the end. */
  #pause(delayMs: number): Promise<void> {
    if (!(delayMs > 0)) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        this.#signal.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = this.#dependencies.clock.after(delayMs, wake)
      this.#signal.addEventListener('abort', wake)
    })
  }
}

/** The signal that ends what a watch does: its own, for not every runtime has AbortController. */
class EndSignal implements AbortSignalLike {
  aborted = false
  readonly reason = null
  /** BOUNDED: by what the watch does at a time. */
  readonly #listeners = new Set<() => void>()

  addEventListener(_: 'abort', listener: () => void): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }

  abort(): void {
    this.aborted = true
    for (const listener of this.#listeners) listener()
  }
}
