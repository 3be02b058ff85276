/** Runs one test file and judges it; what cannot be shown to have passed has failed. */
import { readFileSync } from 'node:fs'
import { type AnyNode, parse } from 'acorn'
import { full } from 'acorn-walk'
import type { Exit, Runtime, RunPlace } from './runtimes.js'
import { readTap, type TestReport } from './tap-report.js'

export interface FileReport {
  name: string
  tests: TestReport[]
  /** What is wrong with the file as a whole, such as a crash. */
  problems: string[]
  stdout: string
  stderr: string
  durationMs: number
}

/** Whether the file picks single tests, by which the others are left out without a trace in the output. */
function usesSolo(file: string): boolean {
  let found = false
  const text = readFileSync(file, 'utf8')
  try {
    full(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }), (node) => {
      if (node.type === 'Identifier' && node.name === 'solo') found = true
      if (node.type === 'MemberExpression' && isNamed(node.property, 'solo')) found = true
      if (node.type === 'Property' && isNamed(node.key, 'solo')) found = true
      if (node.type === 'ImportSpecifier' && isNamed(node.imported, 'solo')) found = true
    })
  } catch {
    // Not even JavaScript: running it has told.
  }
  return found
}

function isNamed(node: AnyNode, name: string): boolean {
  return (node.type === 'Identifier' && node.name === name) || (node.type === 'Literal' && node.value === name)
}

function findProblems(exit: Exit, report: ReturnType<typeof readTap>, limitMs: number): string[] {
  const problems: string[] = []
  const anyFailed = report.tests.some((test) => test.problem !== null)
  if (exit.late && exit.code === null) problems.push(`still running after ${limitMs / 1000} s`)
  else if (exit.late) problems.push('left a process behind that holds its output open')
  else if (exit.signal !== null) problems.push(`ended by ${exit.signal}`)
  else if (exit.code !== 0 && !anyFailed) problems.push(`exit code ${exit.code}`)
  if (report.tests.length === 0 && !report.unfinished) problems.push('no test in it')
  else if (report.planned === null) problems.push('ended before its tests did')
  else if (report.planned !== report.tests.length) {
    problems.push(`${report.planned} tests announced, ${report.tests.length} seen`)
  }
  return problems
}

/**
 * @param runtime what runs it
 * @param name how the file is called in the report
 * @param file path of the JavaScript file
 */
export async function runFile(runtime: Runtime, name: string, file: string, where: RunPlace): Promise<FileReport> {
  const start = performance.now()
  const exit = await runtime.run(file, where)
  const durationMs = performance.now() - start
  const report = readTap(exit.stdout)
  const problems = findProblems(exit, report, where.limitMs)
  if (usesSolo(file)) problems.push('uses solo, which leaves the other tests out')
  return { name, tests: report.tests, problems, stdout: exit.stdout, stderr: exit.stderr, durationMs }
}
