/**
 * Child processes with typed calls: what is measured runs in a process of its own, so that nobody else's garbage,
 * compiled code or CPU time is in its figures.
 *
 * A child file calls `serve(handlers)` and exports `typeof handlers`; the parent starts it with that type.
 */
import { fork } from 'node:child_process'

/** Functions a child offers. Arguments and results travel as JSON. */
export type Handlers = Record<string, (...args: never[]) => unknown>

/** A running child process. */
export interface Child<H extends Handlers> {
  /** Runs a handler in the child. Rejects with what it threw, or when the child ended or took too long. */
  call<K extends keyof H & string>(name: K, ...args: Parameters<H[K]>): Promise<Awaited<ReturnType<H[K]>>>
  /** Sends it a signal, such as `SIGSTOP`. */
  signal(signal: NodeJS.Signals): void
  /** Kills the child and waits until it is gone. Idempotent. */
  stop(): Promise<void>
}

interface Call {
  name: string
  args: unknown[]
}

interface Result {
  value?: unknown
  error?: string
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** Far above any single step of a default run; a child that is silent this long hangs. */
const CALL_TIMEOUT_MS = 15 * 60_000

export interface ChildOptions {
  /** Limit of its heap. Default: that of Node.js. */
  heapMb?: number
  /** Longest time of one call. Default 900000 (15 min). */
  callTimeoutMs?: number
}

/** Starts `children/<file>.js` with the garbage collector exposed. One call at a time. */
export function startChild<H extends Handlers>(
  file: string,
  { heapMb, callTimeoutMs = CALL_TIMEOUT_MS }: ChildOptions = {},
): Child<H> {
  const heap = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`]
  const child = fork(new URL(`./children/${file}.js`, import.meta.url), { execArgv: ['--expose-gc', ...heap] })
  let waiting: Waiting | null = null
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))

  const settle = (result: Result): void => {
    const { resolve, reject } = waiting ?? {}
    waiting = null
    if (result.error === undefined) resolve?.(result.value)
    else reject?.(new Error(`${file}: ${result.error}`))
  }
  child.on('message', (message) => settle(message as Result))
  child.on('exit', (code) => settle({ error: `ended with exit code ${code}` }))

  return {
    call(name, ...args) {
      const timer = setTimeout(() => settle({ error: `${name} took too long` }), callTimeoutMs)
      const result = new Promise<unknown>((resolve, reject) => {
        waiting = { resolve, reject }
        child.send({ name, args } satisfies Call, (err) => {
          if (err !== null) settle({ error: err.message })
        })
      })
      return result.finally(() => clearTimeout(timer)) as Promise<never>
    },
    signal: (signal) => void child.kill(signal),
    async stop() {
      // It has nothing to save, and may be too busy to be asked.
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Offers these functions to the parent process, and ends with it. */
export function serve(handlers: Handlers): void {
  process.on('message', (message) => {
    const { name, args } = message as Call
    void answer(handlers, name, args).then((result) => process.send?.(result))
  })
  process.on('disconnect', () => process.exit())
}

async function answer(handlers: Handlers, name: string, args: unknown[]): Promise<Result> {
  try {
    return { value: await handlers[name]!(...(args as never[])) }
  } catch (err) {
    return { error: err instanceof Error ? (err.stack ?? err.message) : String(err) }
  }
}

/** Runs `use` with the children and stops them whatever happens. */
export async function withChildren<T>(children: Child<never>[], use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

/** CPU time this process has used, user and system, all threads, in microseconds. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
