/** Waiting for what has no event: by looking again and again, with an end. */

/** Between two looks. */
const LOOK_AGAIN_MS = 5

/** Longer than anything that is waited for takes on a busy machine. */
const LIMIT_MS = 15_000

/**
 * Resolves when the condition holds.
 *
 * @param what named by the error when it does not hold within the limit
 */
export async function until(condition: () => boolean, what: string, limitMs = LIMIT_MS): Promise<void> {
  const end = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
