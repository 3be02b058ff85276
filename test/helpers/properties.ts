/** Property tests as assertions: what was tried is counted, and what was found is in the message, with the seed. */
import type { Assert } from 'brittle'
import fc, { type IAsyncProperty, type IProperty, type Parameters, type RunDetails } from 'fast-check'

/** Asserts that a property holds in every run, of which there is at least one. */
export function holds<T>(t: Assert, property: IProperty<T>, parameters: Parameters<T> = {}): void {
  report(t, fc.check(property, parameters))
}

/** The same of a property that has to be waited for. */
export async function holdsAsync<T>(
  t: Assert,
  property: IAsyncProperty<T>,
  parameters: Parameters<T> = {},
): Promise<void> {
  report(t, await fc.check(property, parameters))
}

function report<T>(t: Assert, details: RunDetails<T>): void {
  const text = details.failed ? fc.defaultReportMessage(details) : `held in ${details.numRuns} runs`
  t.ok(!details.failed && details.numRuns > 0, text)
}
