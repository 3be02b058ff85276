/**
 * What the chapters of the tutorial say that their scripts print.
 *
 * A chapter shows a run as a block ```console: the line `$ node <script>`, then the output. What stands between ‹angle
 * quotes› is an example of something that changes from run to run; only its kind is compared. Runs of blanks are taken
 * for one, so that columns may shift.
 */

/** A run as a chapter shows it. */
export interface Transcript {
  /** Path of the script from the root of the repository. */
  script: string
  output: string
}

/** The contents of the fenced blocks of one language, without the indentation of the fence. */
export function fencedBlocks(markdown: string, language: string): string[] {
  const fence = new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\`$`, 'gm')
  return [...markdown.matchAll(fence)].map(([, indent, text]) =>
    text!
      .split('\n')
      .map((line) => (line.startsWith(indent!) ? line.slice(indent!.length) : line))
      .join('\n')
      .trimEnd(),
  )
}

/** The runs that a chapter shows. @throws Error when a console block shows something else */
export function readTranscripts(markdown: string): Transcript[] {
  return fencedBlocks(markdown, 'console').map((block) => {
    const [command, ...output] = block.split('\n')
    const script = /^\$ node (\S+)$/.exec(command!)?.[1]
    if (script === undefined) throw new Error(`a console block starts with "$ node <script>", not with: ${command}`)
    return { script, output: output.join('\n') }
  })
}

/** The first line of `actual` that is not what `expected` says, or null when there is none. */
export function findDifference(expected: string, actual: string): string | null {
  const wanted = expected.trimEnd().split('\n')
  const got = actual.trimEnd().split('\n')
  for (let i = 0; i < Math.max(wanted.length, got.length); i++) {
    const line = wanted[i]
    if (line !== undefined && got[i] !== undefined && linePattern(line).test(squeeze(got[i]!))) continue
    return `line ${i + 1}: the text says ${show(line)}, the script prints ${show(got[i])}`
  }
  return null
}

function show(line: string | undefined): string {
  return line === undefined ? 'nothing' : JSON.stringify(line)
}

function squeeze(line: string): string {
  return line.trim().replace(/ +/g, ' ')
}

function linePattern(line: string): RegExp {
  const parts = squeeze(line).split(/‹([^›]*)›/)
  const pattern = parts.map((part, i) => (i % 2 === 1 ? kindOf(part) : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
  return new RegExp(`^${pattern.join('')}$`)
}

/** What may stand in the place of an example. */
function kindOf(example: string): string {
  if (/^\d+$/.test(example)) return '\\d+'
  if (/^\d+\.\d+$/.test(example)) return '\\d+\\.\\d+'
  if (/^\d[\d ]*$/.test(example)) return '\\d[\\d ]*'
  if (/^[0-9a-f]{8,}$/.test(example)) return `[0-9a-f]{${example.length}}`
  return '.+'
}
