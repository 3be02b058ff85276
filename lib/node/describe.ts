/** Values in the texts of errors: short, and whatever they are. */

/** What a wrong value was, for an error message. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value === 'object' && value !== null) {
    try {
      return JSON.stringify(value).slice(0, 80)
    } catch {
      return 'an object' // circular: its shape would not help anyway
    }
  }
  return String(value)
}
