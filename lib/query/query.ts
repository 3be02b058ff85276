/**
 * A lookup as a stream of replies, with a commit to the closest nodes at its end (behaviour 13).
 *
 * Lazy: nothing is sent, resolved or counted before someone consumes it. Pull is back-pressure: while the buffer is
 * full nobody new is asked. The stream ends after the commits; it fails when all of them failed.
 */
import type { Cancel } from '../primitives/clock.js'
import { abortError, DHTError } from '../primitives/errors.js'
import type { AbortSignalLike } from '../primitives/signal.js'
import type { DHT } from '../node/dht.js'
import type { Peer, Reply } from '../rpc/reply.js'
import { ClosestReplies } from './closest-replies.js'
import { type Commit, type CommitOutcome, runCommits } from './commit.js'
import type { Walk } from './disjoint.js'
import { type Ask, type AskSide, Lookup } from './lookup.js'
import { failureOf, ReplyStreamClass } from './reply-stream.js'
import type { LookupEvent } from './trace.js'
import type { Tracer } from './tracer.js'
import type { TraversalOptions } from './traversal-options.js'

/** What to ask of every node on the way. */
export interface QueryMessage {
  /** 32-byte key to walk to: a hash, so that keys are spread evenly. */
  target: Uint8Array
  command: number
  value?: Uint8Array | null
}

/** A node to start from. Its `id` follows from the address: where one is given, it need not be right. */
export interface StartNode {
  id?: Uint8Array | null
  host: string
  port: number
}

export interface QueryOptions<T = Reply, S = unknown> {
  /** Turns a reply into what the stream yields; null, undefined, false, 0 or '' is not yielded. */
  map?: (reply: Reply) => T | null | undefined | false | 0 | ''
  /** After the walk: true repeats the command with each token at the closest nodes; a function is called for each. */
  commit?: Commit | null
  /** Start from these nodes. Other name: `closestNodes`. */
  nodes?: readonly StartNode[] | null
  closestNodes?: readonly StartNode[] | null
  /** Start from the senders of these replies. Other name: `closestReplies`. */
  replies?: readonly { from: StartNode }[] | null
  closestReplies?: readonly { from: StartNode }[] | null
  /** Ask only the nodes given. Default false. */
  onlyClosestNodes?: boolean
  /** Requests at a time. Default: the node's. */
  concurrency?: number
  /**
   * Walks that share no node (Baumgart and Mies, "S/Kademlia", 2007), 1 to 8, whose results are put together: liars that
   * have caught one of them have not caught the others. Default 1.
   */
  disjointPaths?: number
  /**
   * Transmissions after the first, per request. Default 1, one more for the few that may have lost both and would be in the
   * result, and a second in which an answer still counts.
   */
  retries?: number
  /** Ignore the congestion window, no retries. Default false. */
  force?: boolean
  /** Session whose `destroy` ends the query too. */
  session?: S | null
  /** Ends the query with the signal's reason. */
  signal?: AbortSignalLike | null
  /** Milliseconds from the first consumption after which the query fails with DEADLINE_EXCEEDED. */
  deadlineMs?: number
  /**
   * Called with every step of the lookup as it happens; `formatTrace` makes text of them. What it throws is uncaught,
   * and breaks nothing. Costs nothing when absent.
   */
  trace?: ((event: LookupEvent) => void) | null
}

/** A node to start from of which the table may know how quick it is. */
interface KnownNode extends StartNode {
  srttMs?: number
  ip?: number
}

/**
 * Where the neighbourhood of the target is known all of it is asked, but a consumer that is looking for one answer may have
 * it from the first few: on a local network they come within this time, and the others need not be asked.
 */
const FIRST_ANSWERS_MS = 5

/** What a query needs of the node it belongs to. */
export interface QueryHost {
  readonly k: number
  /** Whether the consumer may be content with the first answers: not so with a walk for its result, or for a commit. */
  readonly mayEndEarly: boolean
  /** The node itself, as commit functions get it. */
  readonly dht: DHT
  /** Tells the story of this query; null: nobody listens. */
  readonly tracer: Tracer | null
  createTraversal(
    options: Pick<TraversalOptions, 'target' | 'onlySeeds' | 'trace'> & { concurrency: number | undefined },
  ): Walk
  /** Contacts of the routing table closest to the target, and whether those are likely the closest there are. */
  seeds(target: Uint8Array, count: number): { nodes: readonly KnownNode[]; knowsNeighbours: boolean }
  /** Bootstrap nodes: at once where no name has to be looked up. */
  bootstrapSeeds(): readonly StartNode[] | Promise<readonly StartNode[]>
  ask: Ask
  askSide: AskSide
  /** The walk came to its natural end, with these closest nodes. */
  onResult?: (nodes: readonly Peer[], traversal: Walk) => void
  /** The walk is over: requests still on the way are not sent again. */
  retire(): void
  commit(reply: Reply): Promise<Reply>
  hint?: (referrer: { host: string; port: number }, dead: { ip: number; port: number }) => void
  /** The query starts (1) or is over (-1). */
  count(change: 1 | -1): void
  /** @throws TypeError or RangeError for a bad signal or deadline */
  checkWait(options: { signal?: AbortSignalLike | null; deadlineMs?: number }): void
  after(delayMs: number, fn: () => void): Cancel
  /** Told when the query is over, so that a session can let go of it. */
  onClose?: () => void
}

/**
 * A running query: a streamx Readable and an async iterator of replies (or of what `map` made of them).
 *
 * @example
 * for await (const reply of node.query({ target, command: 1 })) if (reply.value) break
 */
export class Query<T = Reply> extends ReplyStreamClass<T> {
  /** The node this query belongs to. */
  readonly dht: DHT
  /** 32-byte key. */
  readonly target: Uint8Array
  readonly command: number
  readonly value: Uint8Array | null
  /** What became of each commit, in the order of {@link closestReplies}; empty until they are done. */
  commits: readonly CommitOutcome[] = []

  readonly #host: QueryHost
  readonly #options: QueryOptions<T>
  readonly #closest: ClosestReplies<Reply>
  readonly #traversal: Walk
  readonly #lookup: Lookup
  readonly #tracer: Tracer | null
  #fromTable = false
  #opened = false
  #flowing = false
  #committing = false
  /** Stop listening to signals, deadlines and for the first answers. BOUNDED: by the calls of `finished`, and one more. */
  readonly #limits: Cancel[] = []

  /** @internal Made by `node.query` and `node.findNode`. */
  constructor(host: QueryHost, message: Required<QueryMessage>, options: QueryOptions<T>) {
    super()
    this.dht = host.dht
    this.target = message.target
    this.command = message.command
    this.value = message.value
    this.#host = host
    this.#options = options
    this.#closest = new ClosestReplies(message.target, host.k)
    const { tracer } = host
    this.#tracer = tracer
    this.#traversal = host.createTraversal({
      target: message.target,
      onlySeeds: options.onlyClosestNodes === true,
      concurrency: options.concurrency,
      ...(tracer !== null && { trace: (event) => tracer.onStep(event) }),
    })
    this.#lookup = new Lookup({
      traversal: this.#traversal,
      closest: this.#closest,
      ask: tracer === null ? host.ask : tracer.wrap(host.ask),
      askSide: tracer === null ? host.askSide : tracer.wrapSide(host.askSide),
      ...(host.hint && { hint: host.hint }),
      mayAsk: () => this.#flowing,
      // A number of the caller's own is kept to.
      repeats: options.retries === undefined,
      onReply: (reply) => this.#onReply(reply),
      onStarved: () => this.#seedFromTable(),
      onEnd: (error) => this.#onEnd(error),
    })
    if (options.signal) this.#watch(options.signal)
  }

  /** The replies of the closest nodes so far, nearest first, at most 20, as they came in (before `map`). */
  get closestReplies(): Reply[] {
    return this.#closest.list()
  }

  /** The closest nodes so far, nearest first, at most 20. */
  get closestNodes(): Peer[] {
    return this.#closest.list().map((reply) => reply.from)
  }

  /** Requests on the way that can still change the result. */
  get inflight(): number {
    return this.#lookup.ended ? 0 : this.#traversal.inFlight
  }

  /** Replies without an error code so far. */
  get successes(): number {
    return this.#traversal.successes
  }

  /** Error replies and nodes that did not answer, so far. */
  get errors(): number {
    return this.#traversal.errors
  }

  /** Requests at a time; may be changed while it runs. */
  get concurrency(): number {
    return this.#traversal.concurrency
  }

  set concurrency(value: number) {
    this.#traversal.concurrency = value
  }

  /**
   * Consumes what is left and waits for the end.
   *
   * @param options `signal` and `deadlineMs` end the query, not only the waiting
   * @returns resolves when the query is over, also after a plain `destroy()`; rejects with what it failed with
   * @throws TypeError or RangeError for a bad signal or deadline
   */
  finished(options: { signal?: AbortSignalLike | null; deadlineMs?: number } = {}): Promise<void> {
    this.#host.checkWait(options)
    const ended = new Promise<void>((resolve, reject) => {
      // Without a listener of ours the failure would be uncaught.
      this.on('error', () => {})
      const settle = () => {
        const failure = failureOf(this)
        if (failure === null) resolve()
        else reject(failure)
      }
      if (this.destroyed) settle()
      else this.on('close', settle)
    })
    if (options.signal) this.#watch(options.signal)
    if (options.deadlineMs !== undefined) this.#armDeadline(options.deadlineMs)
    this.resume()
    return ended
  }

  override _open(callback: (error: Error | null) => void): void {
    this.#opened = true
    this.#host.count(1)
    if (this.#tracer !== null) this.#tracer.start(this.#closest, 'options')
    if (this.#options.deadlineMs !== undefined) this.#armDeadline(this.#options.deadlineMs)
    this.#seedFromOptions()
    if (this.#traversal.candidates.length < this.#host.k) this.#seedFromTable()
    if (this.#options.onlyClosestNodes || this.#traversal.candidates.length >= this.#host.k) return callback(null)
    const bootstrap = this.#host.bootstrapSeeds()
    if (!(bootstrap instanceof Promise)) {
      this.#seed(bootstrap, 'bootstrap')
      return callback(null)
    }
    bootstrap.then(
      (nodes) => {
        this.#seed(nodes, 'bootstrap')
        callback(null)
      },
      (error: Error) => callback(error),
    )
  }

  override _read(callback: (error: Error | null) => void): void {
    this.#flowing = true
    this.#lookup.pump()
    callback(null)
  }

  override _predestroy(): void {
    // Before the requests on the way are taken back: those are not hops that failed.
    if (this.#tracer !== null) this.#tracer.end(failureOf(this) ?? new DHTError('REQUEST_DESTROYED'))
    if (!this.#lookup.ended) this.#lookup.stop(new DHTError('REQUEST_DESTROYED'))
  }

  override _destroy(callback: (error: Error | null) => void): void {
    if (!this.#lookup.ended) this.#lookup.stop(new DHTError('REQUEST_DESTROYED'))
    for (const cancel of this.#limits) cancel()
    if (this.#opened) this.#host.count(-1)
    this.#host.onClose?.()
    callback(null)
  }

  #onReply(reply: Reply): void {
    const item = this.#map(reply)
    if (item && !this.push(item)) this.#flowing = false
  }

  #map(reply: Reply): T | null | undefined | false | 0 | '' {
    const { map } = this.#options
    if (!map) return reply as T
    try {
      return map(reply)
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
      return null
    }
  }

  #onEnd(error: Error | null): void {
    this.#host.retire()
    if (error === null) this.#host.onResult?.(this.closestNodes, this.#traversal)
    if (error !== null) this.destroy(error)
    else if (this.#options.commit) this.#commit(this.#options.commit)
    else this.#finish()
  }

  #commit(commit: Commit): void {
    if (this.#committing) return
    this.#committing = true
    if (this.#tracer !== null) this.#tracer.endWalk()
    const replies = this.closestReplies
    if (replies.length === 0) return this.destroy(new DHTError('TOO_FEW_NODES'))
    void runCommits(replies, commit, this as Query<unknown>, this.#host).then((outcomes) => {
      if (this.destroying) return
      this.commits = outcomes
      if (outcomes.some(({ ok }) => ok)) this.#finish()
      else this.destroy(new DHTError('COMMIT_FAILED', undefined, { cause: outcomes.at(-1)!.error }))
    })
  }

  #finish(): void {
    if (this.#tracer !== null) this.#tracer.end(null)
    this.push(null)
  }

  #seedFromOptions(): void {
    const { nodes, closestNodes, replies, closestReplies } = this.#options
    const given = nodes ?? closestNodes ?? (replies ?? closestReplies)?.map(({ from }) => from)
    // A wrong id would make a stranger of the node, whose answer then counts for nothing.
    if (given) for (const { host, port } of given) this.#traversal.addSeed(host, port)
  }

  #seedFromTable(): boolean {
    if (this.#fromTable || this.#options.onlyClosestNodes) return false
    this.#fromTable = true
    const before = this.#traversal.candidates.length
    // Twice k: where some are dead, the spare ones keep the true neighbours within reach.
    const { nodes, knowsNeighbours } = this.#host.seeds(this.target, 2 * this.#host.k)
    if (knowsNeighbours) this.#askNearest()
    this.#seed(nodes, 'table')
    return this.#traversal.candidates.length > before
  }

  #askNearest(): void {
    if (!this.#host.mayEndEarly) return this.#traversal.askNearestAtOnce()
    const ask = (): void => {
      this.#traversal.askNearestAtOnce()
      if (!this.#lookup.ended) this.#lookup.pump()
    }
    this.#limits.push(this.#host.after(FIRST_ANSWERS_MS, ask))
  }

  #seed(nodes: readonly KnownNode[], from: 'table' | 'bootstrap'): void {
    if (this.#tracer !== null) this.#tracer.source = from
    for (const { host, port, id, srttMs, ip } of nodes) this.#traversal.addSeed(host, port, id ?? null, srttMs, ip)
  }

  #watch(signal: AbortSignalLike): void {
    if (this.destroying) return
    const abort = () => this.destroy(abortError(signal.reason))
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort)
    this.#limits.push(() => signal.removeEventListener('abort', abort))
  }

  /** Of several deadlines the first one ends it. */
  #armDeadline(deadlineMs: number): void {
    if (this.destroying) return
    this.#limits.push(this.#host.after(deadlineMs, () => this.destroy(new DHTError('DEADLINE_EXCEEDED'))))
  }
}
