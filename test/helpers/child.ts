/** Processes of the runtime that a test runs in, which run a compiled file of the tests. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Assert } from 'brittle'

/** What stands before the file on the command line: Bare has a loader. */
const BEFORE_FILE = 'Bare' in globalThis ? [fileURLToPath(new URL('../../../test/bare/load.js', import.meta.url))] : []

/** Far more than any of them takes. */
const LIMIT_MS = 30_000

export interface Ended {
  /** Exit code; null when a signal has ended it. */
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a file to its end. It is killed when that does not come. */
export async function runChild(t: Assert, file: URL, args: readonly string[] = []): Promise<Ended> {
  const child = spawn(process.execPath, [...BEFORE_FILE, fileURLToPath(file), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = (): void => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
  t.teardown(kill)
  const timer = setTimeout(kill, LIMIT_MS)
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
  }
  const ended = [once(child.stdout, 'end'), once(child.stderr, 'end'), once(child, 'exit')] as const
  const [, , [code]] = await Promise.all(ended)
  clearTimeout(timer)
  return { code: code as number | null, ...output }
}
