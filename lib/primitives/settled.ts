/**
 * Waiting until everything that waits for nothing but its turn has had it: promise jobs, the jobs they make, and ticks
 * of Node.js. Real timers, sockets and user interface get their turn too, now and then.
 *
 * In Node.js a job that asks for a tick does it: the runtime runs all jobs before the next tick (0.3 µs; a task of the
 * event loop takes 1 µs). Twice, so that ticks made by those jobs, and their jobs, are done as well.
 *
 * In browsers a task takes 22 µs. But one message is handed to every listener of its port, and all jobs are run after each
 * of them (HTML standard, "clean up after running script"), so that a port with many listeners gives many turns by one
 * task (2 µs).
 *
 * Elsewhere it is a task of the event loop each time: in Bare, too, where a program may have loaded a `process` whose
 * ticks are nothing but jobs, as those of a browser are.
 */

/** What runtimes have some of, and `es2023` does not declare. */
interface Platform {
  Bare?: object
  process?: { nextTick?: (fn: () => void) => void; versions?: { node?: string } }
  setImmediate?: (fn: () => void) => unknown
  MessageChannel?: new () => { port1: Port; port2: Port }
}

interface Port {
  addEventListener(event: 'message', listener: () => void): void
  start(): void
  postMessage(value: null): void
}

/** Turns after which the event loop gets its own: about 5 ms of a simulation, too short to be noticed. */
const TURNS_PER_TASK = 1024

/** The same for browsers: the turns that one message gives. */
const TURNS_PER_MESSAGE = 256

// Taken at once, since simulations of other software may replace the globals.
const platform = globalThis as unknown as Platform
const isNode = platform.Bare === undefined && platform.process?.versions?.node !== undefined
const nextTick = isNode ? platform.process?.nextTick : undefined
const runTask = createTaskRunner(platform)

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

/** A function that runs another when all jobs are done, in a task of the event loop that is to come. */
function createTaskRunner({ setImmediate, MessageChannel }: Platform): (fn: () => void) => void {
  if (setImmediate !== undefined) return setImmediate
  if (MessageChannel === undefined) throw new Error('this runtime has neither setImmediate nor MessageChannel')
  return createMessageRunner(new MessageChannel())
}

function createMessageRunner({ port1, port2 }: { port1: Port; port2: Port }): (fn: () => void) => void {
  /** BOUNDED: by the runs that go on at the same time. */
  const waiting: (() => void)[] = []
  /** Listeners whose turn is still to come for the message on its way; 0: none is on its way. */
  let turnsLeft = 0
  const ask = (): void => {
    turnsLeft = TURNS_PER_MESSAGE
    port2.postMessage(null)
  }
  for (let i = 0; i < TURNS_PER_MESSAGE; i++) {
    port1.addEventListener('message', () => {
      turnsLeft--
      const fn = waiting.shift()
      if (waiting.length > 0 && turnsLeft === 0) ask()
      fn?.()
    })
  }
  port1.start()
  return (fn) => {
    waiting.push(fn)
    if (turnsLeft === 0) ask()
  }
}
