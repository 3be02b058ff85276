/** Deep equality as a value: `t.alike` is an assertion, too slow and too loud for thousands of them. */

/** Whether two values are of the same kind and hold the same: plain objects, arrays, bytes, and what `===` compares. */
export function isAlike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every((name) => Object.hasOwn(b, name) && isAlike(a[name as never], b[name as never]))
}
