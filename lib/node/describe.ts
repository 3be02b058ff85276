/** Values in the texts of errors: short, and whatever they are. */

/** Longest text of a value: enough to recognize it. */
const MAX_LENGTH = 80

/** What a wrong value was, for an error message. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value).slice(0, MAX_LENGTH)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value === 'object' && value !== null) {
    try {
      return JSON.stringify(value).slice(0, MAX_LENGTH)
    } catch {
      return 'an object' // circular: its shape would not help anyway
    }
  }
  return String(value).slice(0, MAX_LENGTH)
}
