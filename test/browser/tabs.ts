/**
 * Tabs of a browser, one before the other, as a visitor has them: what is behind is hidden, throttled and frozen. Driven by
 * the DevTools protocol as it is, because playwright keeps all its pages in view.
 */
import type { Assert } from 'brittle'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { startChromium } from '../tooling/chromium.js'

/** Patience with a browser that starts. */
const START_MS = 30_000
const RETRY_MS = 50

interface Target {
  id: string
  type: string
  webSocketDebuggerUrl: string
}

interface Answer {
  id?: number
  result?: { result: { value: unknown }; exceptionDetails?: { text: string; exception?: { description?: string } } }
  error?: { message: string }
}

export interface Tab {
  /** Runs an expression in the page, and waits for its promise. */
  evaluate(expression: string): Promise<unknown>
  /** What the browser does to tabs that have been hidden for five minutes, and to those that are wanted again. */
  setFrozen(frozen: boolean): Promise<void>
  toFront(): Promise<void>
}

export interface Tabs {
  /** The tab that was opened first. */
  first: Tab
  /** Opens a page before the others. */
  open(url: string): Promise<void>
}

export async function openTabs(t: Assert, url: string): Promise<Tabs> {
  const { profile, stop } = await startChromium(url, ['--remote-debugging-port=0'])
  t.teardown(stop)
  const devTools = `http://127.0.0.1:${await devToolsPort(profile)}/json`
  const first = await firstPage(devTools)
  const socket = new WebSocket(first.webSocketDebuggerUrl)
  t.teardown(() => socket.terminate(), { order: -1 })
  await once(socket, 'open')
  const send = caller(socket)
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    const { exceptionDetails } = result!
    if (exceptionDetails === undefined) return result!.result.value
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
  }
  // The browser may still be on its way there.
  const isThere = `document.readyState === 'complete' && location.href.startsWith(${JSON.stringify(url)})`
  await retry(async () => {
    if (!(await evaluate(isThere))) throw new Error(`no page at ${url}`)
  })
  return {
    first: {
      evaluate,
      async setFrozen(frozen) {
        await send('Page.setWebLifecycleState', { state: frozen ? 'frozen' : 'active' })
      },
      async toFront() {
        await fetch(`${devTools}/activate/${first.id}`)
      },
    },
    async open(other) {
      await fetch(`${devTools}/new?${other}`, { method: 'PUT' })
    },
  }
}

function caller(socket: WebSocket): (method: string, params: object) => Promise<Answer> {
  /** BOUNDED: by the calls that are not answered. */
  const waiting = new Map<number, (answer: Answer) => void>()
  let calls = 0
  socket.on('message', (data) => {
    const answer = JSON.parse((data as Buffer).toString()) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  })
  return async (method, params) => {
    const id = ++calls
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params }))
    const answer = await answered
    waiting.delete(id)
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
    return answer
  }
}

/** The browser writes it down when it listens. */
async function devToolsPort(profile: string): Promise<string> {
  return retry(async () => (await readFile(join(profile, 'DevToolsActivePort'), 'utf8')).split('\n')[0]!)
}

async function firstPage(devTools: string): Promise<Target> {
  return retry(async () => {
    const targets = (await (await fetch(devTools)).json()) as Target[]
    const page = targets.find(({ type }) => type === 'page')
    if (page === undefined) throw new Error('no page')
    return page
  })
}

async function retry<T>(attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + START_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() > end) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}
