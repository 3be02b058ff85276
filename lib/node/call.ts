/** One request of the caller's as a promise: settled by reply, failure, abort or deadline, whichever is first. */
import type { Clock } from '../primitives/clock.js'
import { abortError, DHTError } from '../primitives/errors.js'
import type { AbortSignalLike } from '../primitives/signal.js'
import type { Exchange, ExchangeHandler, Outgoing, SendOptions } from '../rpc/exchange.js'
import type { Reply } from '../rpc/reply.js'

/** How long a call may wait. */
export interface WaitOptions {
  /** Ends the waiting with the signal's reason. */
  signal?: AbortSignalLike | null
  /** Milliseconds from the call until it fails with DEADLINE_EXCEEDED, whatever else is still running. */
  deadlineMs?: number
}

class Call implements ExchangeHandler {
  release: (() => void) | null = null
  readonly #resolve: (reply: Reply) => void
  readonly #reject: (error: Error) => void

  constructor(resolve: (reply: Reply) => void, reject: (error: Error) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  onReply(reply: Reply): void {
    this.release?.()
    this.#resolve(reply)
  }

  onFailure(error: Error): void {
    this.release?.()
    this.#reject(error)
  }
}

/** Where a call is sent. */
export interface Caller {
  readonly clock: Clock
  /** @throws DHTError QUEUE_FULL */
  send(message: Outgoing, options: SendOptions, handler: ExchangeHandler): Exchange
  cancel(exchange: Exchange, error: Error): void
}

/** Sends a request and waits for its outcome. */
export function callWith(
  caller: Caller,
  message: Outgoing,
  options: SendOptions,
  wait: WaitOptions | undefined,
): Promise<Reply> {
  if (wait?.signal?.aborted) return Promise.reject(abortError(wait.signal.reason))
  return new Promise<Reply>((resolve, reject) => {
    const call = new Call(resolve, reject)
    const exchange = caller.send(message, options, call)
    if (wait === undefined || exchange.state === 'settled') return
    if (wait.signal || wait.deadlineMs !== undefined) {
      call.release = onLimit(caller.clock, wait, (error) => caller.cancel(exchange, error))
    }
  })
}

/**
 * Calls `onEnd` once, when the signal aborts or the deadline passes. Returns what stops listening.
 */
function onLimit(clock: Clock, wait: WaitOptions, onEnd: (error: Error) => void): () => void {
  const { signal, deadlineMs } = wait
  const abort = (): void => {
    release()
    onEnd(abortError(signal!.reason))
  }
  const expire = (): void => {
    release()
    onEnd(new DHTError('DEADLINE_EXCEEDED'))
  }
  const cancelTimer = deadlineMs === undefined ? null : clock.after(deadlineMs, expire)
  if (signal) signal.addEventListener('abort', abort)
  const release = (): void => {
    cancelTimer?.()
    signal?.removeEventListener('abort', abort)
  }
  return release
}

/** The same for work that goes on, once it has begun, when the caller stops waiting. Not begun after an abort. */
export function waitFor<T>(begin: () => Promise<T>, clock: Clock, wait: WaitOptions | undefined): Promise<T> {
  if (wait?.signal?.aborted) return Promise.reject(abortError(wait.signal.reason))
  const work = begin()
  if (!wait || (!wait.signal && wait.deadlineMs === undefined)) return work
  return new Promise<T>((resolve, reject) => {
    const release = onLimit(clock, wait, reject)
    work.then(resolve, reject).finally(release)
  })
}
