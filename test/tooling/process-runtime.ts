/** Runs a test file in a process of its own, and ends whatever the file leaves behind. */
import { spawn } from 'node:child_process'
import type { Exit, Runtime, RunPlace } from './runtimes.js'

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

/** A runtime that is a program. @param command program and arguments; the file comes last */
export function processRuntime(name: Runtime['name'], command: readonly [program: string, ...args: string[]]): Runtime {
  const [program, ...args] = command
  return { name, run: async (file, where) => runProcess(program, [...args, file], where) }
}

async function runProcess(program: string, args: string[], { cwd, limitMs }: RunPlace): Promise<Exit> {
  // A group of its own, so that what it leaves behind can be ended with it.
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
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
