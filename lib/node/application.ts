/**
 * Hands requests to the application's code. What that throws, or rejects with, is told and answered, and goes no
 * further: the node lives on.
 */
import { printError } from '../primitives/report.js'
import type { Request } from '../rpc/request.js'

/** Answered for the application when its listener fails: of the numbers reserved for the protocol, the last one. */
export const ERROR_HANDLER_FAILED = 15

export interface ApplicationHost {
  /** The application's entry; false when nobody listens. */
  onrequest(request: Request): unknown
  /** Tells of a failure; false when nobody wants to hear of failures. */
  tellError(error: unknown, request: Request): boolean
}

export class Application {
  readonly #host: ApplicationHost
  #printed = false

  constructor(host: ApplicationHost) {
    this.#host = host
  }

  /** Returns false when nobody listens. */
  handle(request: Request): boolean {
    try {
      const handled = this.#host.onrequest(request)
      if (handled instanceof Promise) handled.catch((error: unknown) => this.#onError(error, request))
      return handled !== false
    } catch (error) {
      this.#onError(error, request)
      return true
    }
  }

  /** Runs code of the application for a request, which may fail now or, with a promise, later. */
  run(request: Request, fn: () => unknown): void {
    try {
      const result = fn()
      if (result instanceof Promise) result.catch((error: unknown) => this.#onError(error, request))
    } catch (error) {
      this.#onError(error, request)
    }
  }

  #onError(error: unknown, request: Request): void {
    if (!request.answered) request.error(ERROR_HANDLER_FAILED)
    if (this.#host.tellError(error, request) || this.#printed) return
    // Once: a stranger who makes a listener fail must not fill the log.
    this.#printed = true
    printError('xorpc: a request listener failed; listen for request-error to hear of every failure', error)
  }
}
