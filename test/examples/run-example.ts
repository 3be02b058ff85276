/** Runs an example in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Folder of the package. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

export interface Outcome {
  /** null when it had to be killed. */
  code: number | null
  stdout: string
  stderr: string
}

/** The longest takes 2 s on an idle machine; one that is still running then does not end by itself. */
const LIMIT_MS = 50_000

export interface RunOptions {
  /** Called with all of stdout so far, each time there is more. */
  onOutput?: (stdout: string, child: ChildProcess) => void
  /** Beside the environment of the test. */
  env?: Readonly<Record<string, string>>
}

/** @param script path from the package's folder */
export function runExample(
  script: string,
  args: readonly string[] = [],
  { onOutput, env = {} }: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const outcome: Outcome = { code: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    outcome.stdout += text
    onOutput?.(outcome.stdout, child)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text))
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ ...outcome, code })
    })
  })
}
