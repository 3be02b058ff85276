/** Errors of the user's own callbacks: never swallowed, and never allowed to break what called them. */

interface Platform {
  queueMicrotask?: (fn: () => void) => void
  console?: { error(...args: unknown[]): void }
}

const platform = globalThis as unknown as Platform

/**
 * Throws the error where nothing of ours is on the stack, so that it is uncaught as it would have been without us,
 * but only after our own work is done.
 */
export function throwLater(error: unknown): void {
  const rethrow = (): void => {
    throw error
  }
  if (platform.queueMicrotask) platform.queueMicrotask(rethrow)
  else void Promise.resolve().then(rethrow)
}

/** Prints an error that nobody listens for. */
export function printError(text: string, error: unknown): void {
  platform.console?.error(text, error)
}
