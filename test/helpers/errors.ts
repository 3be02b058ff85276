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

/** Who tells of uncaught errors: in Bare not its stand-in for `process`, which has no more of them once it was left. */
const { Bare } = globalThis as { Bare?: NodeJS.Process }
const runtime = Bare ?? process

/** What is thrown where nobody catches it, from here to the end of the test. */
export function collectUncaught(t: Assert): unknown[] {
  const errors: unknown[] = []
  const listener = (error: unknown): void => void errors.push(error)
  runtime.on('uncaughtException', listener)
  t.teardown(async () => {
    await uncaughtTold()
    runtime.off('uncaughtException', listener)
  })
  return errors
}

/** Resolves when what was thrown before has been told: by Node.js at once, by Bare only with the next task. */
export async function uncaughtTold(): Promise<void> {
  for (let task = 0; task < 2; task++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** The next error that nobody catches. */
export function nextUncaught(): Promise<Error> {
  return new Promise((resolve) => runtime.once('uncaughtException', resolve))
}
