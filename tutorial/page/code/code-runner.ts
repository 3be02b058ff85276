/**
 * Runs the visitor's code against the live network, one piece at a time.
 *
 * It can be stopped: from then on whatever it awaits of the page's functions rejects, and none of them does anything
 * for it any more. Code that never comes back from a loop of its own cannot be stopped from within its thread; whoever
 * runs that thread ends it then (see worker/remote-model.ts).
 */
import type { ConsoleLine } from '../model/frame.js'
import { print } from './print.js'

/** Lines that are kept until the page takes them. A loop that prints must not fill the memory. */
const MAX_LINES = 500

export class StoppedError extends Error {
  override readonly name = 'StoppedError'
  constructor() {
    super('the code was stopped')
  }
}

/** Functions and values by the names that the code knows them by. */
export type Names = Record<string, unknown>

type Code = (...values: unknown[]) => Promise<unknown>
const AsyncFunction = (async () => {}).constructor as new (...namesAndBody: string[]) => Code

/** Lines that the engine puts before the code, for the numbers in messages: the head of the function, and ours. */
const LINES_BEFORE = 3

interface Run {
  stopped: boolean
  stop: (error: StoppedError) => void
  readonly whenStopped: Promise<never>
}

export class CodeRunner {
  /** BOUNDED: by MAX_LINES. */
  #lines: ConsoleLine[] = []
  #dropped = 0
  #run: Run | null = null

  get running(): boolean {
    return this.#run !== null
  }

  /**
   * Runs a piece of code to its end; the one before is stopped. Never rejects: what went wrong is printed.
   *
   * @param names what the code can use; `console` is added
   * @returns whether it ended by itself, without an error
   */
  async run(code: string, names: Names): Promise<boolean> {
    this.stop()
    const run = createRun()
    this.#run = run
    try {
      const all: Names = { ...guarded(names, run), console: this.#console(run) }
      const compiled = new AsyncFunction(...Object.keys(all), `'use strict'\n${code}`)
      await Promise.race([compiled(...Object.values(all)), run.whenStopped])
      return true
    } catch (error) {
      this.#print({ kind: error instanceof StoppedError ? 'info' : 'error', text: describe(error) })
      return false
    } finally {
      run.stopped = true
      if (this.#run === run) this.#run = null
    }
  }

  /** Ends the code that runs, if any. */
  stop(): void {
    if (this.#run === null) return
    this.#run.stopped = true
    this.#run.stop(new StoppedError())
    this.#run = null
  }

  /** Lines printed since the last call. */
  take(): ConsoleLine[] {
    const lines = this.#lines
    if (this.#dropped > 0) lines.push({ kind: 'info', text: `… ${this.#dropped} more lines are not shown` })
    this.#lines = []
    this.#dropped = 0
    return lines
  }

  #console(run: Run) {
    const log =
      (kind: ConsoleLine['kind']) =>
      (...values: unknown[]): void => {
        if (run.stopped) throw new StoppedError()
        this.#print({ kind, text: print(values) })
      }
    return { log: log('log'), info: log('log'), debug: log('log'), warn: log('error'), error: log('error') }
  }

  #print(line: ConsoleLine): void {
    if (this.#lines.length < MAX_LINES) this.#lines.push(line)
    else this.#dropped++
  }
}

function createRun(): Run {
  let stop!: (error: StoppedError) => void
  const whenStopped = new Promise<never>((_, reject) => (stop = reject))
  whenStopped.catch(() => {})
  return { stopped: false, stop, whenStopped }
}

/** The same names, whose functions fail once the code was stopped. Classes stay what they are. */
function guarded(names: Names, run: Run): Names {
  const isPlain = (value: unknown): value is (...args: unknown[]) => unknown =>
    typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value))
  const guard = (fn: (...args: unknown[]) => unknown) =>
    Object.defineProperty(
      (...args: unknown[]): unknown => {
        if (run.stopped) throw new StoppedError()
        const result = fn(...args)
        return result instanceof Promise ? Promise.race([result, run.whenStopped]) : result
      },
      'name',
      { value: fn.name },
    )
  return Object.fromEntries(Object.entries(names).map(([name, value]) => [name, isPlain(value) ? guard(value) : value]))
}

/** What went wrong, and in which line of the code. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${print([error])}`
  if (error instanceof StoppedError) return error.message
  // V8: `<anonymous>:5:7`, Firefox: `Function:5:7` or `anonymous:5:7`.
  const at = /(?:<anonymous>|Function|anonymous):(\d+):\d+/.exec(error.stack ?? '')
  const line = at === null ? '' : ` (line ${Number(at[1]) - LINES_BEFORE})`
  return `${error.name}: ${error.message}${line}`
}
