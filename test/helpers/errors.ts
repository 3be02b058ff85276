/** Errors to look at: brittle's `exception` matches them, but does not hand them over. */
import type { Assert } from 'brittle'

/** What a call throws; null when it does not. */
export function errorOf(run: () => unknown): Error | null {
  try {
    run()
    return null
  } catch (error) {
    return error as Error
  }
}

/** What a promise rejects with; null when it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error | null> {
  try {
    await promise
    return null
  } catch (error) {
    return error as Error
  }
}

/** What is thrown where nobody catches it, from here to the end of the test. */
export function collectUncaught(t: Assert): unknown[] {
  const errors: unknown[] = []
  const listener = (error: unknown): void => void errors.push(error)
  process.on('uncaughtException', listener)
  t.teardown(() => process.off('uncaughtException', listener))
  return errors
}
