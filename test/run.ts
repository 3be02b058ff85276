/**
 * Runs the test files and ends with a line `N passed, M failed`, counting tests.
 *
 *     node dist/test/run.js [--timeout seconds] [--parallel files] [--runtimes node,bare,chromium,worker] [--times] [filter...]
 *
 * A filter is a file (`test/rpc/client.test.ts`) or a part of its name (`rpc/`). Every test/**\/*.test.ts must have
 * been compiled; compiled files without a source are not run. Each file runs in a process or a page of its own, and fails
 * on a non-zero exit code, a signal, a missing end, a skipped or todo or solo test, a test without assertion, or when it
 * is still running after the time limit.
 *
 * Every file runs in Node.js, in Bare, in a page of Chromium and in a Worker of one, but for those that
 * tooling/runtimes.ts lists, and fails when it does not run the same tests everywhere. Tests are counted once for each
 * runtime they ran in.
 *
 * With --times it also says which files took most of the time.
 *
 * Where Chromium or nginx is not installed its tests are not run, and a line says so; with the variable CI set that is a
 * failure.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hasChromium } from './tooling/chromium.js'
import { hasNginx } from './tooling/nginx.js'
import { type Missing, openRuntimes, type OpenRuntimes, whyMissing, whyNoNginx } from './tooling/open-runtimes.js'
import { killRunning } from './tooling/process-runtime.js'
import { type FileReport, runFile } from './tooling/run-file.js'
import { EXCEPTIONS, isRuntimeName, type RuntimeName, whyNot } from './tooling/runtimes.js'
import { describeSlowest, type FileTime } from './tooling/slowest.js'
import type { TestReport } from './tooling/tap-report.js'

const USAGE =
  'usage: node dist/test/run.js [--timeout seconds] [--parallel files] [--runtimes node,bare,chromium,worker] [--times] ' +
  '[--dir compiled [--source sources]] [filter...]'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * These wait for real time, on sockets, fixed ports and in browsers, so one of them runs at a time, beside files that
 * compute. What they wait for costs no time that way: it is a third of a whole run.
 */
const ON_REAL_TIME =
  /^(browser|docs|examples|hyperdht|interop|tutorial)\/|^(bench\/records|network\/(lifecycle|network-id|sockets)|reliability\/processes)$/

/** Files that drive a browser themselves: there is nothing to them without one. */
const NEEDS_CHROMIUM = /^browser\//

/** The file that starts nginx. */
const NEEDS_NGINX = 'examples/nginx'

/** Files side by side. Two, because the smallest machines that build this have two cores. */
const DEFAULT_PARALLEL = 2

const DEFAULT_TIMEOUT_S = 300

/** Lines shown of the output of a file that broke off. */
const TAIL_LINES = 30

const OWN_DIR = join(ROOT, 'dist/test')

interface TestFile {
  /** Path below the test folder, without `.test.js`. */
  name: string
  path: string
  /** What it is to be run in. */
  runtimes: readonly RuntimeName[]
}

interface Tally {
  passed: number
  failed: number
  times: FileTime[]
}

function listNames(dir: string, suffix: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith(suffix) && !path.includes('node_modules/'))
    .map((path) => path.slice(0, -suffix.length))
    .sort()
}

/** From any way to write a test file's path to its name; other filters stay as they are. */
function filterName(filter: string): string {
  const path = filter.replaceAll('\\', '/')
  if (!/\.test\.[jt]s$/.test(path)) return path.replace(/^(\.\/)?(dist\/)?test\//, '')
  return relative(ROOT, resolve(path))
    .replaceAll('\\', '/')
    .replace(/^(dist\/)?test\//, '')
    .replace(/\.test\.[jt]s$/, '')
}

function isSelected(name: string, filters: string[]): boolean {
  return filters.length === 0 || filters.some((filter) => name.includes(filter))
}

function indent(text: string, by: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => by + line)
    .join('\n')
}

function printTest(test: TestReport): void {
  console.log(`    ${test.problem}: ${test.name}`)
  if (test.output.length > 0) console.log(indent(test.output.join('\n'), '  '))
}

function printFile(report: FileReport, bad: TestReport[]): void {
  const ok = bad.length === 0 && report.problems.length === 0
  const assertions = report.tests.reduce((sum, test) => sum + test.assertions, 0)
  const counts = `${report.tests.length} tests, ${assertions} assertions, ${Math.round(report.durationMs)} ms`
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${report.name} (${counts})`)
  for (const test of bad) printTest(test)
  for (const problem of report.problems) console.log(`    ${problem}`)
  if (report.problems.length > 0 && report.stdout !== '') {
    console.log('    last output:')
    console.log(indent(report.stdout.trimEnd().split('\n').slice(-TAIL_LINES).join('\n'), '    | '))
  }
  if (report.stderr !== '') {
    console.log('    stderr:')
    console.log(indent(report.stderr, '    ! '))
  }
}

/** A file with a problem of its own counts as one more failed test: something in it did not run. */
function tallyFile(report: FileReport, tally: Tally): void {
  const bad = report.tests.filter((test) => test.problem !== null)
  tally.passed += report.tests.length - bad.length
  tally.failed += bad.length + (report.problems.length > 0 ? 1 : 0)
  printFile(report, bad)
}

/** Runs one file wherever it is to be run, and compares. */
async function runEverywhere(
  { name, path, runtimes }: TestFile,
  { open, limitMs }: RunOptions,
  tally: Tally,
): Promise<void> {
  const reports: FileReport[] = []
  for (const runtime of runtimes) {
    const shownAs = runtime === 'node' ? name : `${name} in ${runtime}`
    const opened = open.get(runtime, path)
    if (opened === null) continue
    const report = await runFile(opened, shownAs, path, { cwd: ROOT, limitMs })
    tallyFile(report, tally)
    tally.times.push({ name, runtime, durationMs: report.durationMs })
    reports.push(report)
  }
  const difference = compareReports(reports)
  if (difference === null) return
  console.log(`FAIL ${name}: ${difference}`)
  tally.failed++
}

/** What one runtime ran and another one did not; null: nothing, or a file that broke off, which was told. */
function compareReports(reports: FileReport[]): string | null {
  if (reports.some(({ problems }) => problems.length > 0)) return null
  const names = reports.map(({ tests }) => tests.map(({ name }) => name))
  const numbers = names.map(({ length }) => length)
  if (new Set(numbers).size > 1) return `not the same number of tests everywhere: ${numbers.join(', ')}`
  const odd = names[0]?.find((name) => names.some((others) => !others.includes(name)))
  return odd === undefined ? null : `not everywhere: ${odd}`
}

interface RunOptions {
  open: OpenRuntimes
  limitMs: number
  parallel: number
}

async function runAll(files: TestFile[], options: RunOptions, tally: Tally): Promise<void> {
  const runLane = async (lane: TestFile[]): Promise<void> => {
    for (let file = lane.shift(); file !== undefined; file = lane.shift()) {
      await runEverywhere(file, options, tally)
    }
  }
  const waiting = files.filter(({ name }) => ON_REAL_TIME.test(name))
  const computing = files.filter(({ name }) => !ON_REAL_TIME.test(name))
  const runFirstLane = async (): Promise<void> => {
    await runLane(waiting)
    await runLane(computing)
  }
  const others = Array.from({ length: options.parallel - 1 }, async () => runLane(computing))
  await Promise.all([runFirstLane(), ...others])
}

/** An exception for a file that is gone would one day be taken for a reason. */
function tallyStale(names: string[], tally: Tally): void {
  for (const entry of EXCEPTIONS.flatMap(Object.keys)) {
    if (names.some((name) => name === entry || (entry.endsWith('/') && name.startsWith(entry)))) continue
    console.log(`FAIL test/tooling/runtimes.ts: no test file ${entry}`)
    tally.failed++
  }
}

/** The compiled files to run; a source that was not compiled and a filter that selects nothing are failures. */
function selectFiles({ dir, source: sourceDir, filters, runtimes }: Options, tally: Tally): TestFile[] {
  const names = listNames(sourceDir ?? dir, sourceDir === null ? '.test.js' : '.test.ts')
  if (dir === OWN_DIR) tallyStale(names, tally)
  for (const filter of filters) {
    if (names.some((name) => isSelected(name, [filter]))) continue
    console.log(`FAIL no test file is called like ${filter}`)
    tally.failed++
  }
  const files: TestFile[] = []
  for (const name of names) {
    if (!isSelected(name, filters)) continue
    const path = join(dir, `${name}.test.js`)
    if (existsSync(path)) {
      if (NEEDS_CHROMIUM.test(name) && !hasChromium()) continue
      if (name === NEEDS_NGINX && !hasNginx()) {
        tell(whyNoNginx(), tally)
        continue
      }
      files.push({ name, path, runtimes: runtimes.filter((runtime) => whyNot(name, runtime) === null) })
      continue
    }
    console.log(`FAIL ${name} (not compiled)`)
    tally.failed++
  }
  return files
}

interface Options {
  dir: string
  source: string | null
  limitMs: number
  parallel: number
  filters: string[]
  runtimes: RuntimeName[]
  /** Whether to say what took longest. */
  times: boolean
}

/** Says what cannot be run, once. */
function tell({ reason, isFailure }: Missing, tally: Tally, told = new Set<string>()): void {
  if (isFailure) tally.failed++
  if (told.has(reason)) return
  told.add(reason)
  console.log(`${isFailure ? 'FAIL' : 'NOTE'} ${reason}`)
}

/** The runtimes to use of those that are wanted. @throws TypeError for a runtime that is none */
function readRuntimes(text: string, tally: Tally): RuntimeName[] {
  const runtimes: RuntimeName[] = []
  const told = new Set<string>()
  for (const name of new Set(text.split(','))) {
    if (!isRuntimeName(name)) throw new TypeError(`--runtimes: what is ${name}?`)
    const missing = whyMissing(name)
    if (missing === null) runtimes.push(name)
    else tell(missing, tally, told)
  }
  return runtimes
}

function readOptions(tally: Tally): Options {
  const text = { type: 'string' } as const
  const times = { type: 'boolean', default: false } as const
  const options = { dir: text, source: text, timeout: text, parallel: text, runtimes: text, times }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const timeoutS = values.timeout === undefined ? DEFAULT_TIMEOUT_S : Number(values.timeout)
  if (!(timeoutS > 0)) throw new RangeError('--timeout must be a number of seconds')
  const parallel = Number(values.parallel ?? DEFAULT_PARALLEL)
  if (!Number.isInteger(parallel) || parallel < 1) throw new RangeError('--parallel must be a number of files')
  const ownSource = values.dir === undefined ? join(ROOT, 'test') : null
  return {
    dir: values.dir ?? OWN_DIR,
    source: values.source ?? ownSource,
    limitMs: timeoutS * 1000,
    parallel,
    filters: positionals.map(filterName),
    // The lists of test/tooling/runtimes.ts are about our own tests.
    runtimes: readRuntimes(values.runtimes ?? (values.dir === undefined ? 'node,bare,chromium,worker' : 'node'), tally),
    times: values.times,
  }
}

async function main(): Promise<void> {
  const tally: Tally = { passed: 0, failed: 0, times: [] }
  const options = readOptions(tally)
  const files = selectFiles(options, tally)
  const open = await openRuntimes(files)
  if (open.problem !== null) {
    console.log(`FAIL ${open.problem}`)
    tally.failed++
  }
  try {
    await runAll(files, { open, limitMs: options.limitMs, parallel: options.parallel }, tally)
  } finally {
    await open.close()
  }
  if (tally.passed + tally.failed === 0) {
    console.log('FAIL no test was run')
    process.exitCode = 1
  }
  if (tally.failed > 0) process.exitCode = 1
  if (options.times) for (const line of describeSlowest(tally.times)) console.log(line)
  console.log(`${tally.passed} passed, ${tally.failed} failed`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killRunning()
    process.exit(1)
  })
}

try {
  await main()
} catch (err) {
  console.error(err instanceof RangeError || err instanceof TypeError ? `${err.message}\n${USAGE}` : err)
  killRunning()
  process.exitCode = 1
}
