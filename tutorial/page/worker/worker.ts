/**
 * The thread that the network lives in: the page stays fluent however busy the network is, and code that never ends
 * can be ended.
 *
 * Each round lets time pass for a slice, and then shows what has become of it, if the page is ready for a frame. While
 * nobody can see the page, a simulated network stands still; a real one goes on.
 */
import { PageModel } from '../model/page-model.js'
import type { FromWorker, ToWorker } from './messages.js'

/** A frame of the screen. */
const ROUND_MS = 16

/** Part of a round that the network may take. The rest is for messages and for making frames. */
const BUDGET_MS = 11

interface Scope {
  postMessage: (message: FromWorker) => void
  addEventListener(event: 'message', listener: (event: { data: ToWorker }) => void): void
  addEventListener(event: 'error', listener: (event: { message: string }) => void): void
  addEventListener(event: 'unhandledrejection', listener: (event: PromiseRejectionEvent) => void): void
}

const scope = self as unknown as Scope
const model = new PageModel({ now: () => performance.now() })

let ready = false
let visible = true

scope.addEventListener('message', ({ data }) => {
  if (data.type === 'ready') ready = true
  else if (data.type === 'visible') visible = data.visible
  else void model.act(data.action)
})

// The visitor's listeners and forgotten promises, as far as they are not awaited by anybody.
scope.addEventListener('error', ({ message }) => scope.postMessage({ type: 'error', message }))
scope.addEventListener('unhandledrejection', (event) => {
  event.preventDefault()
  scope.postMessage({ type: 'error', message: String(event.reason) })
})

async function round(): Promise<void> {
  const startedAt = performance.now()
  if (visible) await model.slice(BUDGET_MS)
  if (ready) {
    ready = false
    scope.postMessage({ type: 'frame', frame: model.frame() })
  }
  const restMs = ROUND_MS - (performance.now() - startedAt)
  setTimeout(next, Math.max(0, restMs))
}

function next(): void {
  round().catch((error: unknown) => {
    scope.postMessage({ type: 'error', message: String(error) })
    setTimeout(next, ROUND_MS)
  })
}

next()
