/** Runs one test file in a process of its own and judges it; what cannot be shown to have passed has failed. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type AnyNode, parse } from 'acorn'
import { full } from 'acorn-walk'
import type { Runtime } from './runtimes.js'
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

export interface RunPlace {
  /** Working directory of the process. */
  cwd: string
  /** After this time the process is killed, with all it started. */
  limitMs: number
}

interface Exit {
  code: number | null
  signal: string | null
  /** Whether it had to be killed. */
  late: boolean
  stdout: string
  stderr: string
}

/** After the process has ended, how long its output may stay open (by a child it left behind). */
const CLOSE_MS = 5000

/** Process groups that are running. BOUNDED: by the number of files run side by side. */
const running = new Set<number>()

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}

/** Ends every file that is running, for when the runner itself is told to end. */
export function killRunning(): void {
  for (const pid of running) killGroup(pid)
}

async function runProcess(runtime: Runtime, file: string, cwd: string, limitMs: number): Promise<Exit> {
  // A group of its own, so that what it leaves behind can be ended with it.
  const [program, ...args] = runtime.command
  const child = spawn(program, [...args, file], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const pid = child.pid
  if (pid !== undefined) running.add(pid)
  const exit: Exit = { code: null, signal: null, late: false, stdout: '', stderr: '' }
  const kill = (): void => {
    exit.late = true
    if (pid !== undefined) killGroup(pid)
  }
  let timer = setTimeout(kill, limitMs)
  child.stdout.setEncoding('utf8').on('data', (text: string) => (exit.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (exit.stderr += text))
  child.on('exit', () => {
    clearTimeout(timer)
    timer = setTimeout(kill, CLOSE_MS)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (pid !== undefined) {
        running.delete(pid)
        killGroup(pid)
      }
      resolve({ ...exit, code, signal })
    })
  })
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
  const { cwd, limitMs } = where
  const start = performance.now()
  const exit = await runProcess(runtime, file, cwd, limitMs)
  const durationMs = performance.now() - start
  const report = readTap(exit.stdout)
  const problems = findProblems(exit, report, limitMs)
  if (usesSolo(file)) problems.push('uses solo, which leaves the other tests out')
  return { name, tests: report.tests, problems, stdout: exit.stdout, stderr: exit.stderr, durationMs }
}
