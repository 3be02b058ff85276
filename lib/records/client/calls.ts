/** Calls of the user's that are under way: each ends by its signal, its deadline, or when the module is closed. */
import type { DHT } from '../../node/dht.js'
import type { Session } from '../../node/session.js'
import type { Cancel, Clock } from '../../primitives/clock.js'
import { abortError, DHTError } from '../../primitives/errors.js'
import type { AbortSignalLike } from '../../primitives/signal.js'
import type { WaitOptions } from './context.js'

/** Longest deadline: what a timer can hold. */
const MAX_DEADLINE_MS = 2 ** 31 - 1

/** A call under way. */
export interface Call {
  /** All that it asks is asked in it. */
  readonly session: Session
  /** What a failed call failed with: the error of its own, or the reason that it was ended for. */
  failureOf(error: unknown): unknown
  /** The promise, or the end of the call if that comes first. */
  race<T>(promise: Promise<T>): Promise<T>
  /** Resolves after so long; rejects at once when the call is ended meanwhile. */
  readonly pause: (delayMs: number) => Promise<void>
  /** Signal and deadline do not concern it any more; when `rest` is over, neither does the closing of the module. */
  end(rest?: Promise<unknown>): void
}

export class Calls {
  readonly #node: DHT
  readonly #clock: Clock
  /** The calls under way, linked through themselves; this is the one begun last. BOUNDED: by the user's calls. */
  #latest: OpenCall | null = null
  #closed = false

  constructor(node: DHT, clock: Clock) {
    this.#node = node
    this.#clock = clock
  }

  /**
   * Runs work whose requests and queries are all made in the session it gets. What goes on in it after the work has
   * resolved is not ended by signal and deadline any more, but still when the module is closed.
   *
   * @param background resolves when that is over
   * @throws TypeError, RangeError for a bad signal or deadline
   */
  run<T>(
    wait: WaitOptions,
    work: (session: Session, goesOn: (background: Promise<unknown>) => void, call: Call) => Promise<T>,
  ): Promise<T> {
    checkWait(wait)
    return this.#run(wait, work)
  }

  /** Begins a call by hand. @throws DHTError RECORDS_CLOSED, or the signal's reason */
  open({ signal, deadlineMs }: WaitOptions): Call {
    if (this.#closed) throw new DHTError('RECORDS_CLOSED')
    if (signal?.aborted) throw abortError(signal.reason)
    const call = new OpenCall(this.#node.session(), this.#clock, (ended) => this.#forget(ended))
    call.previous = this.#latest
    if (this.#latest !== null) this.#latest.next = call
    this.#latest = call
    call.limit(signal ?? null, deadlineMs)
    return call
  }

  /** Fails everything under way, and everything later. */
  close(): void {
    this.#closed = true
    const calls: OpenCall[] = []
    for (let call = this.#latest; call !== null; call = call.previous) calls.push(call)
    for (const call of calls) call.fail(new DHTError('RECORDS_CLOSED'))
  }

  async #run<T>(
    wait: WaitOptions,
    work: (session: Session, goesOn: (background: Promise<unknown>) => void, call: Call) => Promise<T>,
  ): Promise<T> {
    const call = this.open(wait)
    let rest: Promise<unknown> | undefined
    try {
      const goesOn = (background: Promise<unknown>): void => {
        rest = background
      }
      return await work(call.session, goesOn, call)
    } catch (error) {
      throw call.failureOf(error)
    } finally {
      call.end(rest)
    }
  }

  /**
   * Its links go with it: what an ended call points to would be taken for alive until the next full collection, and so a
   * table of calls, whose older copies all point to newer ones, kept every call of a busy client for as long.
   */
  #forget(call: OpenCall): void {
    const { previous, next } = call
    if (previous !== null) previous.next = next
    if (next !== null) next.previous = previous
    else if (this.#latest === call) this.#latest = previous
    call.previous = null
    call.next = null
  }
}

/** A call is made thousands of times a second: what few of them need is made when it is needed. */
class OpenCall implements Call {
  readonly session: Session
  /** The calls begun before and after it. Only {@link Calls} writes them. */
  previous: OpenCall | null = null
  next: OpenCall | null = null
  readonly #clock: Clock
  readonly #forget: (call: OpenCall) => void
  #failure: Error | null = null
  /** Rejects when the call fails; null: nobody has asked. */
  #failed: Promise<never> | null = null
  #tell: ((error: Error) => void) | null = null
  /** BOUNDED: by what the call does at a time. */
  #pauses: Set<Cancel> | null = null
  #unlimit: (() => void) | null = null

  constructor(session: Session, clock: Clock, forget: (call: OpenCall) => void) {
    this.session = session
    this.#clock = clock
    this.#forget = forget
  }

  /** Begins to listen to a signal, and to count the time. */
  limit(signal: AbortSignalLike | null, deadlineMs: number | undefined): void {
    if (signal === null && deadlineMs === undefined) return
    const abort = (): void => this.fail(abortError(signal!.reason))
    const cancelTimer =
      deadlineMs === undefined
        ? null
        : this.#clock.after(deadlineMs, () => this.fail(new DHTError('DEADLINE_EXCEEDED')))
    signal?.addEventListener('abort', abort)
    this.#unlimit = () => {
      cancelTimer?.()
      signal?.removeEventListener('abort', abort)
    }
  }

  fail(error: Error): void {
    this.#failure ??= error
    this.#tell?.(this.#failure)
    const pauses = this.#pauses
    this.#pauses = null
    if (pauses !== null) for (const cancel of pauses) cancel()
    this.session.destroy(this.#failure)
  }

  failureOf(error: unknown): unknown {
    return this.#failure ?? error
  }

  race<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#whenFailed()])
  }

  get pause(): (delayMs: number) => Promise<void> {
    return (delayMs) => this.#pause(delayMs)
  }

  end(rest?: Promise<unknown>): void {
    this.#unlimit?.()
    this.#unlimit = null
    if (rest === undefined) return this.#forget(this)
    const forget = (): void => this.#forget(this)
    void rest.then(forget, forget)
  }

  #pause(delayMs: number): Promise<void> {
    const failed = this.#whenFailed()
    if (this.#failure !== null) return failed
    const pauses = (this.#pauses ??= new Set())
    const over = new Promise<void>((resolve) => {
      const cancel = this.#clock.after(delayMs, () => {
        pauses.delete(cancel)
        resolve()
      })
      pauses.add(cancel)
    })
    return Promise.race([over, failed])
  }

  #whenFailed(): Promise<never> {
    if (this.#failed !== null) return this.#failed
    this.#failed = new Promise<never>((_, reject) => (this.#tell = reject))
    this.#failed.catch(() => {}) // whoever races with it hears of it
    if (this.#failure !== null) this.#tell!(this.#failure)
    return this.#failed
  }
}

/** @throws TypeError, RangeError */
export function checkWait({ signal, deadlineMs }: WaitOptions): void {
  if (signal !== undefined && signal !== null && typeof signal.addEventListener !== 'function') {
    throw new TypeError('signal must be an AbortSignal')
  }
  if (deadlineMs === undefined) return
  if (!Number.isInteger(deadlineMs) || deadlineMs < 0 || deadlineMs > MAX_DEADLINE_MS) {
    throw new RangeError(`deadlineMs must be an integer from 0 to ${MAX_DEADLINE_MS}, got ${deadlineMs}`)
  }
}
