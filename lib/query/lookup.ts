/**
 * Runs one traversal over the network: asks whom it names, feeds it what comes back, tells when it is over.
 *
 * Owns no timer and no socket: `ask` does the sending. Invariant: `onEnd` is called once, unless `stop` was called
 * before. Requests still on the way at the natural end run on, bounded by their own timeouts, though nothing is sent
 * again: their answers, and their silence, are what the routing table learns from. `stop` takes them back.
 */
import { hasCode } from '../primitives/errors.js'
import type { Reply } from '../rpc/reply.js'
import type { Candidate } from './candidate.js'
import type { ClosestReplies } from './closest-replies.js'
import type { CloserNodes } from './closer-nodes.js'
import type { SideQuestion } from './omissions.js'
import { Repeats } from './repeats.js'
import type { Walk } from './disjoint.js'

/** What became of one ask; exactly one of `onReply` and `onFailure` is called. */
export interface AskHandler {
  onReply(reply: Reply): void
  onFailure(error: Error): void
  onOverdue(transmissions: number, last: boolean): void
  /** Whether there shall be one transmission more than are asked for. */
  mayRepeat?(): boolean
}

/** Asks one candidate; returns what takes the request back. May settle before it returns. */
export type Ask = (candidate: Candidate, handler: AskHandler) => (error: Error) => void

/** Asks a node whom it knows around another target: a FIND_NODE, whatever the lookup asks. */
export type AskSide = (question: SideQuestion, handler: AskHandler) => (error: Error) => void

export interface LookupOptions {
  traversal: Walk
  closest: ClosestReplies<Reply>
  ask: Ask
  askSide: AskSide
  /** `dead` left all transmissions unanswered; `referrer` had named it. */
  hint?: (referrer: Candidate, dead: Candidate) => void
  /** No new asks while this says false; call `pump` when it changes. */
  mayAsk?: () => boolean
  onReply?: (reply: Reply) => void
  /** false: never more transmissions than asked for. Default true. */
  repeats?: boolean
  /** The walk is over with few successes: more seeds may be added now; returns whether some were. */
  onStarved?: () => boolean
  /** Over: with the error that ended it, or null. Requests may still be on the way. */
  onEnd: (error: Error | null) => void
}

/** Transmissions without an answer after which nobody waits for a candidate any more. */
const PRESUMED_DEAD_AFTER = 2

export class Lookup {
  readonly #options: LookupOptions
  /** Takes back the requests on the way. BOUNDED: by the concurrency and the slow ones, at most the visits. */
  readonly #asked = new Map<Candidate | SideQuestion, ((error: Error) => void) | null>()
  #pumping = false
  #again = false
  #ended = false
  #stopped = false
  #starved = false
  readonly #repeats = new Repeats()

  constructor(options: LookupOptions) {
    this.#options = options
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Asks as many as may be asked now, and ends the lookup when there is nothing left to do. */
  pump(): void {
    // A request can fail while it is being sent, and its handler comes back here.
    if (this.#pumping) {
      this.#again = true
      return
    }
    this.#pumping = true
    do {
      this.#again = false
      this.#askAll()
    } while (this.#again)
    this.#pumping = false
    // Their answers are nothing for the consumer, so they do not wait until it reads on.
    if (!this.#ended) this.#askBeside()
    if (!this.#ended && this.#options.traversal.finished && !this.#extend()) this.#end(null)
  }

  /** Ends it without `onEnd`; requests on the way fail with this error, unheard. */
  stop(error: Error): void {
    if (this.#stopped) return
    this.#ended = true
    this.#stopped = true
    // The newest first: those still wait for a place, and would be sent when the others free theirs.
    const cancels = [...this.#asked.values()].reverse()
    this.#asked.clear()
    for (const cancel of cancels) cancel?.(error)
  }

  #askAll(): void {
    const { traversal, mayAsk } = this.#options
    while (!this.#ended && (mayAsk === undefined || mayAsk())) {
      const candidate = traversal.next()
      if (candidate === null) return
      this.#ask(candidate)
    }
  }

  #askBeside(): void {
    const { traversal, askSide } = this.#options
    for (let question = traversal.nextSide(); question !== null; question = traversal.nextSide()) {
      this.#askSide(question, askSide)
    }
  }

  #askSide(question: SideQuestion, ask: AskSide): void {
    const { traversal } = this.#options
    const settle = (closer: CloserNodes | null): void => {
      if (this.#ended) return
      traversal.onSide(question, closer)
      this.pump()
    }
    this.#asked.set(question, null)
    const forget = (): void => void this.#asked.delete(question)
    const cancel = ask(question, {
      onReply: (reply) => {
        forget()
        settle(reply.error === 0 ? reply.closer : null)
      },
      onFailure: (error) => {
        forget()
        if (isOfOneNode(error)) settle(null)
        else if (!this.#stopped) this.#end(error)
      },
      onOverdue: () => settle(null),
    })
    if (this.#asked.has(question)) this.#asked.set(question, cancel)
  }

  #ask(candidate: Candidate): void {
    const { traversal, ask } = this.#options
    this.#asked.set(candidate, null)
    const cancel = ask(candidate, {
      onReply: (reply) => this.#onReply(candidate, reply),
      onFailure: (error) => this.#onFailure(candidate, error),
      onOverdue: (transmissions, last) => {
        if (this.#ended) return
        const isGivenUp = transmissions >= PRESUMED_DEAD_AFTER && !this.#repeats.isAwaited(candidate)
        if (last || isGivenUp) traversal.onPresumedDead(candidate)
        else traversal.onSlow(candidate)
        this.pump()
      },
      mayRepeat: () => this.#mayRepeat(candidate),
    })
    if (this.#asked.has(candidate)) this.#asked.set(candidate, cancel)
  }

  #mayRepeat(candidate: Candidate): boolean {
    const { traversal, repeats = true } = this.#options
    return !this.#ended && repeats && this.#repeats.grant(traversal, candidate)
  }

  #onReply(candidate: Candidate, reply: Reply): void {
    this.#asked.delete(candidate)
    if (this.#ended) return
    const { traversal, closest, hint, onReply } = this.#options
    const ok = reply.error === 0
    const identified = reply.from.id !== null
    const failed = traversal.onReply(candidate, { identified, ok }, reply.closer)
    if (hint !== undefined) for (const dead of failed) hint(candidate, dead)
    if (ok && identified) closest.add(reply.from.id!, reply)
    if (ok) onReply?.(reply)
    this.pump()
  }

  #onFailure(candidate: Candidate, error: Error): void {
    this.#asked.delete(candidate)
    if (this.#stopped) return
    const { traversal, hint } = this.#options
    const silent = hasCode(error, 'REQUEST_TIMEOUT')
    if (!isOfOneNode(error)) {
      this.#end(error)
      return
    }
    // Once the result stands nothing is sent again, and a single silence is no reason to speak ill of anybody.
    const isDead = silent && (!this.#ended || candidate.presumedDead)
    const referrers = traversal.onFailed(candidate)
    if (hint !== undefined && isDead) for (const referrer of referrers) hint(referrer, candidate)
    if (!this.#ended) this.pump()
  }

  #extend(): boolean {
    const { traversal, onStarved } = this.#options
    if (this.#starved || onStarved === undefined || traversal.successes >= traversal.k / 4) return false
    this.#starved = true
    if (!onStarved()) return false
    this.pump()
    return true
  }

  #end(error: Error | null): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.onEnd(error)
  }
}

/** What the system refuses to send, and silence, concern one candidate only; everything else ends the lookup. */
function isOfOneNode(error: Error): boolean {
  return hasCode(error, 'REQUEST_TIMEOUT') || hasCode(error, 'SEND_FAILED')
}
