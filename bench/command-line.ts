/** What the command lines of all benchmarks have in common. */

/**
 * Reads the command line of this process. Where that cannot be read it says so, and how the command is used, and the
 * process will end with code 1.
 *
 * @param parse throws a TypeError for what it does not know
 */
export function readCommand<C>(parse: (args: string[]) => C, usage: string): C | null {
  try {
    return parse(process.argv.slice(2))
  } catch (err) {
    if (!(err instanceof TypeError)) throw err
    console.error(`${err.message}\n\n${usage}`)
    process.exitCode = 1
    return null
  }
}

/** @param option its name, as it is typed. @throws TypeError for anything but a whole number from 1 */
export function positiveInteger(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`${option} must be a positive integer`)
  return value
}

/** The parts that a comma-separated list names, in their own order. @throws TypeError for a name that is none */
export function chosenParts<P extends string>(parts: readonly P[], list: string): P[] {
  const names = list.split(',')
  const unknown = names.filter((name) => !(parts as readonly string[]).includes(name))
  if (unknown.length > 0) throw new TypeError(`Nothing here is called ${unknown.join(', ')}`)
  return parts.filter((part) => names.includes(part))
}
