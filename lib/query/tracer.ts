/**
 * Tells the story of one lookup (`trace.ts`) from what its parts say: the walk says whom it learnt of and whom it gives
 * up, the requests say when they are made, repeated and settled. Exists only for lookups that are traced.
 *
 * An answer is told before what follows from it, though its worth is known only after that: it is kept until the next
 * event, and the names it brought are told right behind it.
 */
import b4a from 'b4a'
import { keyOf } from '../primitives/address.js'
import { DHTError } from '../primitives/errors.js'
import { commonPrefixLength } from '../primitives/id.js'
import type { Peer, Reply } from '../rpc/reply.js'
import type { Candidate } from './candidate.js'
import type { ClosestReplies } from './closest-replies.js'
import type { CommitOutcome } from './commit.js'
import type { Ask, AskHandler, AskSide } from './lookup.js'
import type { LearntFrom, LookupEvent, LookupKind, TraceNode } from './trace.js'
import type { TraversalEvent } from './traversal-options.js'

export interface TracerOptions {
  /** Number of the lookup. */
  lookup: number
  kind: LookupKind
  command: number
  /** 32-byte Uint8Array, kept. */
  target: Uint8Array
  now: () => number
  /** Must not throw. It may end the lookup. */
  emit: (event: LookupEvent) => void
}

/** An event without what all of them have. */
type Told<E extends LookupEvent = LookupEvent> = E extends LookupEvent ? Omit<E, 'lookup' | 'atMs'> : never

/** One request of the lookup; `side`: a question beside the walk. */
interface Request {
  readonly node: TraceNode
  readonly askedAt: number
  readonly side: boolean
}

/** An answer that is being looked at. */
interface Answer {
  readonly request: Request
  readonly reply: Reply
  readonly at: number
  readonly late: boolean
  /** BOUNDED: by the names of a reply. */
  readonly learnt: TraceNode[]
}

/** Takes back a request that was never made. */
const NOTHING_TO_CANCEL = (): void => {}

export class Tracer {
  /** Where the seeds that follow come from; set by whoever adds them. */
  source: Exclude<LearntFrom, 'reply'> = 'options'
  readonly #options: TracerOptions
  /** By address key. BOUNDED: by the asks of the walk, and the names of a reply. */
  readonly #nodes = new Map<number, TraceNode>()
  /** Those of the walk. BOUNDED: by its asks. */
  readonly #requests = new Map<Candidate, Request>()
  #closest: ClosestReplies<Reply> | null = null
  #state: 'new' | 'walking' | 'walked' | 'ending' | 'done' = 'new'
  #startedAt = 0
  #answer: Answer | null = null
  #asked = 0
  #answered = 0
  #failed = 0
  #retried = 0

  constructor(options: TracerOptions) {
    this.#options = options
  }

  /**
   * The lookup begins.
   * @param closest where its results will be
   * @param source see {@link Tracer.source}
   */
  start(closest: ClosestReplies<Reply>, source: Tracer['source']): void {
    const { kind, command, target, now } = this.#options
    this.#closest = closest
    this.source = source
    this.#startedAt = now()
    this.#state = 'walking'
    this.#tell({ type: 'started', kind, command, target: hex(target), startedAtMs: rounded(this.#startedAt) })
  }

  /** A step of the walk: what the traversal's `trace` option is told. */
  onStep({ type, candidate, referrer }: TraversalEvent): void {
    if (type === 'seed') {
      this.#tell({ type: 'learnt', node: this.#learn(candidate), from: this.source, by: null })
    } else if (type === 'named') {
      const node = this.#learn(candidate)
      if (this.#answer !== null) this.#answer.learnt.push(node)
      else this.#tell({ type: 'learnt', node, from: 'reply', by: this.#nodes.get(referrer!.key) ?? null })
    } else if (type === 'slow' || type === 'presumed-dead') {
      const request = this.#requests.get(candidate)
      if (request !== undefined) this.#tell({ type, node: request.node, afterMs: this.#since(request) })
    }
  }

  /** The same way to ask, told of. */
  wrap(ask: Ask): Ask {
    return (candidate, handler) => {
      const request = this.#ask(candidate, false)
      this.#requests.set(candidate, request)
      // Whoever heard of it may have ended the lookup.
      if (this.#state === 'done') return NOTHING_TO_CANCEL
      return ask(candidate, this.#listen(request, handler))
    }
  }

  /** The same for questions beside the walk. */
  wrapSide(ask: AskSide): AskSide {
    return (question, handler) => {
      const { candidate } = question
      const request = this.#ask(candidate, true)
      if (this.#state === 'done') return NOTHING_TO_CANCEL
      return ask(question, this.#listen(request, handler))
    }
  }

  /** The walk is over; what is answered from now on is late. */
  endWalk(): void {
    this.#flush()
    if (this.#state === 'walking') this.#state = 'walked'
  }

  /** A commit to a node begins. Returns what to tell its outcome. */
  commit(to: Peer): (outcome: CommitOutcome) => void {
    const { now } = this.#options
    const node = this.#nodes.get(keyOf(to.host, to.port)) ?? this.#register(to, 0)
    const startedAt = now()
    this.#tell({ type: 'commit-asked', node })
    return ({ ok, error }) => {
      const afterMs = rounded(now() - startedAt)
      if (ok) this.#tell({ type: 'commit-accepted', node, afterMs })
      else this.#tell({ type: 'commit-refused', node, afterMs, error: nameOf(error!), message: error!.message })
    }
  }

  /** The lookup is over. Only the first call counts, and only where it had begun. */
  end(error: Error | null): void {
    this.#flush()
    if (this.#state === 'ending' || this.#state === 'done' || this.#closest === null) return
    // Who hears of the end may end it once more.
    this.#state = 'ending'
    const closest = this.#closest.list().map(({ from }) => this.#nodes.get(keyOf(from.host, from.port))!)
    const asked = this.#asked
    const answered = this.#answered
    const failed = this.#failed
    this.#tell({
      type: 'done',
      error: error === null ? null : nameOf(error),
      closest,
      asked,
      answered,
      failed,
      waiting: asked - answered - failed,
      transmissions: asked + this.#retried,
    })
    this.#state = 'done'
  }

  #ask(candidate: Candidate, side: boolean): Request {
    const node = this.#nodes.get(candidate.key) ?? this.#learn(candidate)
    const request = { node, askedAt: this.#options.now(), side }
    this.#asked++
    this.#tell({ type: 'asked', node, inFlight: this.#asked - this.#answered - this.#failed, side })
    return request
  }

  #listen(request: Request, handler: AskHandler): AskHandler {
    return {
      onReply: (reply) => {
        this.#onReply(request, reply)
        handler.onReply(reply)
        this.#flush()
      },
      onFailure: (error) => {
        this.#failed++
        const { node, side } = request
        this.#tell({ type: 'failed', node, afterMs: this.#since(request), error: nameOf(error), side })
        handler.onFailure(error)
      },
      onOverdue: (transmissions, last) => {
        if (!last) this.#onRetry(request, transmissions + 1)
        handler.onOverdue(transmissions, last)
      },
      mayRepeat: () => handler.mayRepeat?.() === true,
    }
  }

  #onReply(request: Request, reply: Reply): void {
    this.#flush()
    this.#answered++
    // A relayed reply comes from another address than the one asked.
    const { from } = reply
    if (!this.#nodes.has(keyOf(from.host, from.port))) this.#register(from, request.node.hop)
    this.#answer = { request, reply, at: this.#options.now(), late: this.#state !== 'walking', learnt: [] }
  }

  #onRetry(request: Request, transmission: number): void {
    this.#retried++
    const { node, side } = request
    this.#tell({ type: 'retried', node, afterMs: this.#since(request), transmission, side })
  }

  /** Tells of the answer that is being looked at, and of whom it named: by now it is known what it was worth. */
  #flush(): void {
    const answer = this.#answer
    if (answer === null) return
    this.#answer = null
    const { request, reply, at, late, learnt } = answer
    const { node, askedAt, side } = request
    const told: Told = {
      type: 'answered',
      node,
      afterMs: rounded(at - askedAt),
      rttMs: rounded(reply.rtt),
      error: reply.error,
      named: reply.closer?.length ?? 0,
      learnt: learnt.length,
      rank: this.#rankOf(reply),
      late,
      side,
    }
    this.#tell(told, at)
    for (const named of learnt) this.#tell({ type: 'learnt', node: named, from: 'reply', by: node }, at)
  }

  #rankOf({ from }: Reply): number | null {
    if (from.id === null) return null
    const index = this.#closest!.list().findIndex((reply) => reply.from.id === from.id)
    return index === -1 ? null : index + 1
  }

  #tell(told: Told, at = -1): void {
    this.#flush()
    if (this.#state === 'new' || this.#state === 'done') return
    const { lookup, now, emit } = this.#options
    emit({ lookup, atMs: rounded((at === -1 ? now() : at) - this.#startedAt), ...told })
  }

  #since({ askedAt }: Request): number {
    return rounded(this.#options.now() - askedAt)
  }

  #learn({ key, host, port, id, hop }: Candidate): TraceNode {
    this.#nodes.delete(key)
    return this.#register({ host, port, id }, hop)
  }

  #register({ host, port, id }: Peer, hop: number): TraceNode {
    const sharedBits = id === null ? 0 : commonPrefixLength(id, this.#options.target)
    const node = { host, port, id: id === null ? '' : hex(id), sharedBits, hop }
    this.#nodes.set(keyOf(host, port), node)
    return node
  }
}

function hex(bytes: Uint8Array): string {
  return b4a.toString(bytes, 'hex')
}

/** To the microsecond: what lies behind it is the noise of sums. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function nameOf(error: Error): string {
  return error instanceof DHTError ? error.code : error.name
}
