/** Errors to look at: brittle's `exception` matches them, but does not hand them over. */

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
