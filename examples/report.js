/** Lines for people: aligned, coloured on a terminal, plain in a file or a pipe. */

const BAR_WIDTH = 30

/** @param {NodeJS.WriteStream} out */
export function createReport(out) {
  const isTerminal = out.isTTY === true
  const hasColours = isTerminal && !process.env.NO_COLOR
  const paint = (code, text) => (hasColours ? `\u001b[${code}m${text}\u001b[0m` : text)
  const label = (name) => `  ${paint(36, name.padEnd(8))}`

  return {
    title: (text) => out.write(`${paint(1, text)}\n\n`),

    line: (name, text) => out.write(`${label(name)}${text}\n`),

    /** A bar that is drawn over itself, and over which the next line is written; nothing where it would pile up. */
    progress(name, done, total) {
      if (!isTerminal) return
      const filled = Math.round((done / total) * BAR_WIDTH)
      const bar = paint(32, '━'.repeat(filled)) + paint(90, '━'.repeat(BAR_WIDTH - filled))
      out.write(`\r${label(name)}${bar} ${done} of ${total}\u001b[K${done < total ? '' : '\r\u001b[K'}`)
    },

    good: (text) => out.write(`\n${paint(32, text)}\n`),
    bad: (text) => out.write(`\n${paint(31, text)}\n`),

    /** The time since `startedAt`, of `performance.now()`, to be read. */
    since(startedAt) {
      const ms = performance.now() - startedAt
      return ms < 1000 ? `${Math.ceil(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
    },
  }
}
