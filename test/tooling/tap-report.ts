/**
 * Reads what brittle prints: its TAP has assertions indented under the test they belong to, without a plan of their
 * own, and one plan at the very end, which is missing when the process died on the way.
 */
import { Parser, type Result } from 'tap-parser'

export interface TestReport {
  name: string
  assertions: number
  /** Why this test does not count as passed; null: it passed. */
  problem: string | null
  /** What was printed while it ran, without the assertions that held. */
  output: string[]
}

export interface TapReport {
  tests: TestReport[]
  /** Tests announced at the end; null: the end never came. */
  planned: number | null
  /** Whether a test has begun that did not end. */
  unfinished: boolean
}

/** A test's time is part of what brittle prints as its name. */
const TIME_SUFFIX = / # time = [\d.]+ms$/

/** A mark on the test or on one of its assertions. */
function isMarked(result: Result, mark: 'skip' | 'todo'): boolean {
  return result[mark] !== false
}

/** Passed over, or allowed to fail. */
function isExcused(result: Result): boolean {
  return isMarked(result, 'skip') || isMarked(result, 'todo')
}

function judge(result: Result, assertions: Result[]): string | null {
  if (isMarked(result, 'skip')) return 'skipped'
  if (isMarked(result, 'todo')) return 'todo'
  if (!result.ok || assertions.some((assertion) => !assertion.ok)) return 'failed'
  if (assertions.some(isExcused)) return 'skipped in part'
  if (assertions.length === 0) return 'no assertion in it'
  return null
}

/**
 * Cuts the output where a test ends. Explanations are taken from here and not from the parser: they quote source
 * code in a way that is often no valid YAML.
 */
function splitOutput(text: string): string[][] {
  const sections: string[][] = [[]]
  for (const line of text.split('\n')) {
    if (/^(not )?ok \d+/.test(line)) sections.push([])
    else if (line !== '' && !/^ {4}ok \d+|^TAP version|^# /.test(line)) sections.at(-1)?.push(line)
  }
  return sections
}

/** Reads one file's whole output. Lines that are not TAP are passed over. */
export function readTap(text: string): TapReport {
  const sections = splitOutput(text)
  const tests: TestReport[] = []
  let assertions: Result[] = []
  let planned: number | null = null
  const parser = new Parser()

  parser.on('child', (child: Parser) => {
    child.on('assert', (result: Result) => assertions.push(result))
  })
  parser.on('assert', (result: Result) => {
    const problem = judge(result, assertions)
    const name = result.name.replace(TIME_SUFFIX, '')
    tests.push({ name, assertions: assertions.length, problem, output: sections[tests.length] ?? [] })
    assertions = []
  })
  // Parsing text without a plan ends with a made-up plan of zero tests.
  parser.on('plan', (plan: { end: number }) => {
    if (plan.end > 0) planned = plan.end
  })
  parser.end(text)
  return { tests, planned, unfinished: assertions.length > 0 }
}
