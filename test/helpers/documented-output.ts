/**
 * Runs the commands that a Markdown page shows and compares what they print with what the page says.
 *
 * The convention: a fenced block of the language `console` starts with `$ command`, the rest of it is the output of
 * that command. `…` stands for anything within a line: a time, a port, an id. Nothing else is lenient: every line of
 * the block is printed, in this order, and no other.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Folder of the package: commands are run in it, and pages are named from it. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** One command and its output, as a page shows them. */
export interface DocumentedRun {
  /** Program and arguments, as written after `$ `. */
  command: string
  /** Lines of the output, without the spaces at their ends. */
  lines: string[]
  /** Line of the page where the command stands, from 1. */
  line: number
}

/** What a command did. */
export interface RunOutcome {
  code: number | null
  stdout: string
  stderr: string
}

/** A command that is still running then has failed: what pages show is over in seconds. */
const LIMIT_MS = 60_000

/** Stands for anything within a line. */
const ANYTHING = '…'

/** The runs that a page shows, in its order. @param page path from the package's folder */
export function readDocumentedRuns(page: string): DocumentedRun[] {
  return parseDocumentedRuns(readFileSync(`${ROOT}${page}`, 'utf8'))
}

/** The same for the page's text. */
export function parseDocumentedRuns(markdown: string): DocumentedRun[] {
  const runs: DocumentedRun[] = []
  let run: DocumentedRun | null = null
  let inBlock = false
  for (const [index, text] of markdown.split(/\r?\n/).entries()) {
    if (!inBlock) {
      inBlock = text.trim() === '```console'
    } else if (text.trim() === '```') {
      inBlock = false
      run = null
    } else if (text.startsWith('$ ')) {
      run = { command: text.slice(2).trim(), lines: [], line: index + 1 }
      runs.push(run)
    } else {
      run?.lines.push(text.trimEnd())
    }
  }
  return runs
}

/** Whether a printed line is the documented one. */
export function matchesLine(expected: string, actual: string): boolean {
  const pattern = expected.split(ANYTHING).map(escape).join('.*')
  return new RegExp(`^${pattern}$`, 'u').test(actual.trimEnd())
}

/** The first difference between the documented lines and the output, for a person to read; null when there is none. */
export function findDifference(expected: readonly string[], stdout: string): string | null {
  const actual = stdout.replace(/\n$/, '').split(/\r?\n/)
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const wanted = expected[i]
    const printed = actual[i]
    if (wanted !== undefined && printed !== undefined && matchesLine(wanted, printed)) continue
    return `line ${i + 1}\n  documented: ${wanted ?? '(nothing more)'}\n  printed:    ${printed ?? '(nothing more)'}`
  }
  return null
}

/** Runs `node …` as documented, with this very Node.js, without a terminal; `npm start` and the like through npm. */
export function runCommand(command: string, limitMs: number = LIMIT_MS): Promise<RunOutcome> {
  const [program, ...args] = command.split(/\s+/)
  const child = spawn(program === 'node' ? process.execPath : program!, args, {
    cwd: ROOT,
    env: withoutColours(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const outcome: RunOutcome = { code: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text))
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ ...outcome, code })
    })
  })
}

function withoutColours(): NodeJS.ProcessEnv {
  const env = { ...process.env }
  delete env['FORCE_COLOR']
  return env
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
