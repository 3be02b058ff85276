/**
 * What test files and brittle use of Node.js, for browsers: resolved here by test/tooling/browser-bundle.ts, for them alone.
 * The package itself gets nothing of it, as proof that it needs nothing of it.
 *
 * Files are read from the server that the tests come from.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { Buffer } from 'buffer'
import EventEmitter from 'events'

export { Buffer, EventEmitter }
export const { once } = EventEmitter

/** Who wants to know of errors that nobody catches: load.js tells them, and fails where there is nobody. */
const uncaught = (globalThis[Symbol.for('uncaught')] = new Set())

export const process = {
  platform: 'browser',
  env: {},
  argv: [],
  exitCode: 0,
  cwd: () => '/',
  on(event, listener) {
    if (event === 'uncaughtException') uncaught.add(listener)
    return process
  },
  once(event, listener) {
    const wrapper = (error) => {
      uncaught.delete(wrapper)
      listener(error)
    }
    return process.on(event, wrapper)
  },
  off(event, listener) {
    uncaught.delete(listener)
    return process
  },
  nextTick: (fn, ...args) => queueMicrotask(() => fn(...args)),
}

/** What brittle takes for the program it runs in. It ends when that has nothing more to do, which load.js finds out. */
export const brittleProgram = {
  on: (event, listener) => (globalThis[Symbol.for('brittle-end')] = listener),
  off: () => {},
  Thread: { isMainThread: true },
}

const { port1, port2 } = new MessageChannel()
const waiting = []
port1.addEventListener('message', () => waiting.shift()?.())
port1.start()

/** A task of the event loop; not a global, so that the package does not find it. */
export function setImmediate(fn, ...args) {
  waiting.push(() => fn(...args))
  port2.postMessage(null)
}

export function readFileSync(path, encoding) {
  const request = new XMLHttpRequest()
  request.open('GET', path, false)
  request.send()
  if (request.status !== 200) throw new Error(`no file ${path}`)
  return encoding === undefined ? Buffer.from(request.responseText) : request.responseText
}

/** @param algorithm SHA-256 is the one that is used */
export function createHash(algorithm) {
  if (algorithm !== 'sha256') throw new Error(`no hash ${algorithm}`)
  const hash = sha256.create()
  const self = {
    update(data) {
      hash.update(typeof data === 'string' ? new TextEncoder().encode(data) : data)
      return self
    },
    digest(encoding) {
      const digest = Buffer.from(hash.digest())
      return encoding === undefined ? digest : digest.toString(encoding)
    },
  }
  return self
}

/** As much of it as brittle shows. */
export class AssertionError extends Error {
  constructor({ message, operator, actual, expected }) {
    super(message)
    Object.assign(this, { code: 'ERR_ASSERTION', generatedMessage: false, operator, actual, expected })
  }
}

export const inspect = (value) => String(value)
export const fileURLToPath = (url) => new URL(url).pathname
export const tmpdir = () => '/tmp'
