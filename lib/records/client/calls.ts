/** Calls of the user's that are under way: each ends by its signal, its deadline, or when the module is closed. */
import type { DHT } from '../../node/dht.js'
import type { Session } from '../../node/session.js'
import type { Cancel, Clock } from '../../primitives/clock.js'
import { abortError, DHTError } from '../../primitives/errors.js'
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
  /** How to end each. BOUNDED: by the user's calls. */
  readonly #calls = new Set<(error: Error) => void>()
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
    const session = this.#node.session()
    let failure: Error | null = null
    let tell = (_error: Error): void => {}
    const failed = new Promise<never>((_, reject) => (tell = reject))
    // BOUNDED: by what the call does at a time.
    const pauses = new Set<Cancel>()
    failed.catch(() => {}) // whoever races with it hears of it
    const fail = (error: Error): void => {
      failure ??= error
      tell(failure)
      for (const cancel of pauses) cancel()
      pauses.clear()
      session.destroy(failure)
    }
    const abort = (): void => fail(abortError(signal!.reason))
    const cancelTimer =
      deadlineMs === undefined ? null : this.#clock.after(deadlineMs, () => fail(new DHTError('DEADLINE_EXCEEDED')))
    signal?.addEventListener('abort', abort)
    this.#calls.add(fail)
    return {
      session,
      failureOf: (error) => failure ?? error,
      race: (promise) => Promise.race([promise, failed]),
      pause: (delayMs) => {
        if (failure !== null) return failed
        const over = new Promise<void>((resolve) => {
          const cancel = this.#clock.after(delayMs, () => {
            pauses.delete(cancel)
            resolve()
          })
          pauses.add(cancel)
        })
        return Promise.race([over, failed])
      },
      end: (rest = Promise.resolve()) => {
        cancelTimer?.()
        signal?.removeEventListener('abort', abort)
        const forget = (): void => void this.#calls.delete(fail)
        void rest.then(forget, forget)
      },
    }
  }

  /** Fails everything under way, and everything later. */
  close(): void {
    this.#closed = true
    for (const fail of this.#calls) fail(new DHTError('RECORDS_CLOSED'))
  }

  async #run<T>(
    wait: WaitOptions,
    work: (session: Session, goesOn: (background: Promise<unknown>) => void, call: Call) => Promise<T>,
  ): Promise<T> {
    const call = this.open(wait)
    let rest: Promise<unknown> = Promise.resolve()
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
