/** Calls of the user's that are under way: each ends by its signal, its deadline, or when the module is closed. */
import type { DHT } from '../../node/dht.js'
import type { Session } from '../../node/session.js'
import type { Clock } from '../../primitives/clock.js'
import { abortError, DHTError } from '../../primitives/errors.js'
import type { WaitOptions } from './context.js'

/** Longest deadline: what a timer can hold. */
const MAX_DEADLINE_MS = 2 ** 31 - 1

export class Calls {
  readonly #node: DHT
  readonly #clock: Clock
  /** BOUNDED: by the user's calls. */
  readonly #sessions = new Set<Session>()
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
    work: (session: Session, goesOn: (background: Promise<unknown>) => void) => Promise<T>,
  ): Promise<T> {
    checkWait(wait)
    return this.#run(wait, work)
  }

  /** Fails everything under way, and everything later. */
  close(): void {
    this.#closed = true
    for (const session of this.#sessions) session.destroy(new DHTError('RECORDS_CLOSED'))
  }

  async #run<T>(
    { signal, deadlineMs }: WaitOptions,
    work: (session: Session, goesOn: (background: Promise<unknown>) => void) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new DHTError('RECORDS_CLOSED')
    if (signal?.aborted) throw abortError(signal.reason)
    const session = this.#node.session()
    this.#sessions.add(session)
    let failure: Error | null = null
    const fail = (error: Error): void => {
      failure ??= error
      session.destroy(failure)
    }
    const abort = (): void => fail(abortError(signal!.reason))
    const cancelTimer =
      deadlineMs === undefined ? null : this.#clock.after(deadlineMs, () => fail(new DHTError('DEADLINE_EXCEEDED')))
    signal?.addEventListener('abort', abort)
    let rest: Promise<unknown> = Promise.resolve()
    try {
      return await work(session, (background) => {
        rest = background
      })
    } catch (error) {
      throw failure ?? (this.#closed ? new DHTError('RECORDS_CLOSED') : error)
    } finally {
      cancelTimer?.()
      signal?.removeEventListener('abort', abort)
      const forget = (): void => void this.#sessions.delete(session)
      void rest.then(forget, forget)
    }
  }
}

function checkWait({ signal, deadlineMs }: WaitOptions): void {
  if (signal !== undefined && signal !== null && typeof signal.addEventListener !== 'function') {
    throw new TypeError('signal must be an AbortSignal')
  }
  if (deadlineMs === undefined) return
  if (!Number.isInteger(deadlineMs) || deadlineMs < 0 || deadlineMs > MAX_DEADLINE_MS) {
    throw new RangeError(`deadlineMs must be an integer from 0 to ${MAX_DEADLINE_MS}, got ${deadlineMs}`)
  }
}
