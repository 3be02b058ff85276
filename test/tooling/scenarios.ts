/** Runs of the test runner itself: files written for it, and what it must say of them. */
import test, { type Assert } from 'brittle'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const RUNNER = fileURLToPath(new URL('../run.js', import.meta.url))

/** The files are written elsewhere, where no package can be found by its name. */
const IMPORT = `import test, { skip, todo } from '${import.meta.resolve('brittle')}'\n`

export const PASSING = `test('fine', (t) => { t.pass(); t.is(1, 1) })\n`
export const NESTED = `test('nested', async (t) => { const s = t.test('sub'); s.plan(1); s.pass(); await s })\n`

export interface Scenario {
  title: string
  files: Record<string, string>
  args?: string[]
  env?: Record<string, string>
  summary: string
  /** What the output must say. */
  says: RegExp[]
}

/** Each is a test; browsers take a while to start on a busy machine. */
export function runScenarios(scenarios: Scenario[]): void {
  for (const scenario of scenarios) {
    test(`runner: ${scenario.title}`, { timeout: 120_000 }, (t) => runScenario(t, scenario))
  }
}

function runScenario(t: Assert, scenario: Scenario): void {
  const dir = mkdtempSync(join(tmpdir(), 'xorpc-runner-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(scenario.files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    // The module type would come from a package.json that is not there.
    const isScript = path.endsWith('.js')
    writeFileSync(join(dir, path), isScript && text !== '' ? IMPORT + text : text)
  }
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  const args = [RUNNER, '--dir', dir, ...(scenario.args ?? [])].map((arg) => (arg === 'src' ? join(dir, 'src') : arg))
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...scenario.env } })
  const lines = run.stdout.trimEnd().split('\n')
  t.is(lines.at(-1), scenario.summary, 'the last line is the summary')
  t.is(lines.filter((line) => /^\d+ passed, \d+ failed$/.test(line)).length, 1, 'there is one such line')
  t.is(run.status, scenario.summary.endsWith(' 0 failed') && !scenario.summary.startsWith('0') ? 0 : 1, 'exit code')
  for (const pattern of scenario.says) t.ok(pattern.test(run.stdout), `says ${pattern.source}`)
  if (/not ok|FAIL/.test(run.stderr)) t.fail('problems go to stdout')
}
