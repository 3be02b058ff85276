/**
 * Waiting until everything that waits for nothing but its turn has had it: promise jobs, the jobs they make, and ticks
 * of Node.js. Real timers, sockets and user interface get their turn too, now and then.
 *
 * In Node.js a job that asks for a tick does it: the runtime runs all jobs before the next tick (0.3 µs; a task of the
 * event loop takes 1 µs). Twice, so that ticks made by those jobs, and their jobs, are done as well. Elsewhere it is a
 * task of the event loop each time: in Bare, too, where a program may have loaded a `process` whose ticks are nothing
 * but jobs.
 */

/** What runtimes have some of, and `es2023` does not declare. */
interface Platform {
  Bare?: object
  process?: { nextTick?: (fn: () => void) => void }
  setImmediate?: (fn: () => void) => unknown
  MessageChannel?: new () => { port1: Port; port2: Port }
}

interface Port {
  addEventListener(event: 'message', listener: () => void): void
  start(): void
  postMessage(value: null): void
}

// Taken at once, since simulations of other software may replace the globals.
const platform = globalThis as unknown as Platform
const nextTick = platform.Bare === undefined ? platform.process?.nextTick : undefined
const runTask = createTaskRunner(platform)

/** Turns after which the event loop gets its own: about 5 ms of a simulation, too short to be noticed. */
const TURNS_PER_TASK = 1024

const resolved = Promise.resolve()

/**
 * Makes a function that calls `fn` once when all that has its turn coming is done, but never at once.
 *
 * @returns to be called again only after `fn` was called
 */
export function whenSettled(fn: () => void): () => void {
  if (nextTick === undefined) return () => runTask(fn)
  let turns = 0
  const ask = nextTick
  const second = (): void => ask(fn)
  const between = (): void => void resolved.then(second)
  const first = (): void => ask(between)
  return () => {
    turns++
    if (turns % TURNS_PER_TASK === 0) runTask(fn)
    else void resolved.then(first)
  }
}

/** A function that runs another as the next task of the event loop. */
function createTaskRunner({ setImmediate, MessageChannel }: Platform): (fn: () => void) => void {
  if (setImmediate !== undefined) return setImmediate
  // Browsers, whose setTimeout would wait 4 ms.
  if (MessageChannel === undefined) throw new Error('this runtime has neither setImmediate nor MessageChannel')
  const { port1, port2 } = new MessageChannel()
  /** BOUNDED: by the runs that go on at the same time. */
  const waiting: (() => void)[] = []
  port1.addEventListener('message', () => waiting.shift()!())
  port1.start()
  return (fn) => {
    waiting.push(fn)
    port2.postMessage(null)
  }
}
