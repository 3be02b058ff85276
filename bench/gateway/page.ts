/**
 * A page of Chromium with the client in it, as a visitor has it: no DevTools are attached. Through them, by which
 * playwright drives pages, the browser tells of every WebSocket message, contents and all, which costs several times what
 * the message does. So the page asks our server what to do, and a request that waits for the answer costs nothing.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { startChromium } from '../../test/tooling/chromium.js'
import { HOST } from '../subject.js'
import type { PageCall, PageClient, PageResult } from './page-client.js'

const ENTRY = fileURLToPath(new URL('./page-client.js', import.meta.url))

const DOCUMENT =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>bench</title>' +
  '<script type="module" src="/client.js"></script>'

/** Isolated pages have clocks of 5 µs, others of 100. */
const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

/** No call takes as long; a browser that is gone answers none. */
const CALL_TIMEOUT_MS = 5 * 60_000

export interface OpenPage {
  /** Runs a function of the page. One call at a time. */
  call<Name extends keyof PageClient>(
    name: Name,
    ...args: Parameters<PageClient[Name]>
  ): Promise<Awaited<ReturnType<PageClient[Name]>>>
  close(): Promise<void>
}

export async function openPage(): Promise<OpenPage> {
  const bundle = await build({ entryPoints: [ENTRY], bundle: true, format: 'esm', write: false, logLevel: 'silent' })
  const calls = new Calls()
  const files = new Map<string, [type: string, content: string | Uint8Array]>([
    ['/', ['text/html', DOCUMENT]],
    ['/client.js', ['text/javascript', bundle.outputFiles[0]!.contents]],
  ])
  const onRequest: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(ISOLATED)) response.setHeader(name, value)
    const file = files.get(request.url ?? '')
    if (file !== undefined) response.setHeader('content-type', file[0]).end(file[1])
    else if (request.url === '/next') calls.onNext(request, response).catch(() => response.destroy())
    else response.writeHead(404).end()
  }
  const server = createServer(onRequest)
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const url = `http://${HOST}:${(server.address() as AddressInfo).port}/`
  const { stop } = await startChromium(url)
  return {
    call: (name, ...args) => calls.call({ name, args }) as Promise<never>,
    async close() {
      await stop()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** What the page is to do, and what came of it. */
class Calls {
  #next: PageCall | null = null
  /** The page's request for something to do. */
  #idle: ServerResponse | null = null
  #settle: ((result: PageResult) => void) | null = null

  call(call: PageCall): Promise<unknown> {
    this.#next = call
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the page: ${call.name} took too long`)), CALL_TIMEOUT_MS)
      this.#settle = (result) => {
        clearTimeout(timer)
        if ('error' in result) reject(new Error(`the page: ${result.error}`))
        else resolve(result.value)
      }
      this.#send()
    })
  }

  async onNext(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.setEncoding('utf8')
    let body = ''
    for await (const text of request) body += text as string
    this.#idle = response
    const result = JSON.parse(body) as PageResult | null
    if (result === null) this.#send()
    else {
      const settle = this.#settle
      this.#settle = null
      settle?.(result)
    }
  }

  #send(): void {
    if (this.#next === null || this.#idle === null) return
    this.#idle.end(JSON.stringify(this.#next))
    this.#next = null
    this.#idle = null
  }
}
