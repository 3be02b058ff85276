/**
 * Runs one test file in a page or in a dedicated Worker, and hands what it prints to the console: lines by the batch, since
 * each message to the test runner costs as much as a test.
 *
 *     /test/chromium/load.js?file=/bundle/wire/varint.test.js
 */
const FLUSH_LINES = 100

const print = console.log.bind(console)
let lines = []

function flush() {
  if (lines.length > 0) print(`out:${lines.join('\n')}`)
  lines = []
}

let isLoaded = false
let isInTest = false

console.log = (...values) => {
  const line = values.join(' ')
  lines.push(line)
  const isResult = /^(not )?ok/.test(line)
  // Tests as they end, so that one that blocks for ever does not take the others with it.
  if (isResult || lines.length > FLUSH_LINES) flush()
  if (/^# (not )?ok$/.test(line)) end(line === '# ok' ? 0 : 1)
  else if (isResult) isInTest = false
  else if (line.startsWith('# ')) isInTest = true
  if (isResult) setTimeout(endWhenIdle)
}

/** The next test begins as a job after the one before, so that one task later there is none. */
function endWhenIdle() {
  if (isLoaded && !isInTest && !hasEnded) globalThis[Symbol.for('brittle-end')]?.()
}

let hasEnded = false

/** Late errors count: those of all jobs that are left, and of one more task. */
function end(code) {
  if (hasEnded) return
  hasEnded = true
  setTimeout(() => {
    flush()
    print(`end:${code}`)
  })
}

function fail(error) {
  flush()
  print(`err:${error?.stack ?? error}`)
  print('end:1')
}

addEventListener('error', (event) => {
  event.preventDefault() // told here; a Worker would tell its page again
  const error = event.error ?? event.message
  const listeners = [...(globalThis[Symbol.for('uncaught')] ?? [])]
  if (listeners.length === 0) fail(error)
  for (const listener of listeners) listener(error)
})
addEventListener('unhandledrejection', (event) => {
  event.preventDefault()
  fail(event.reason)
})

import('/bundle/patience.js')
  .then(() => import(new URL(import.meta.url).searchParams.get('file')))
  .then(() => {
    isLoaded = true
    setTimeout(endWhenIdle)
  }, fail)
