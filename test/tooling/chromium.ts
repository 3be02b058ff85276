/**
 * Chromium for tests: one browser for the whole run, and for each file a document of its own, in a page that the file before
 * it has left. New pages would be new processes, which takes longer than most files.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, ConsoleMessage, Page } from 'playwright-core'
import type { Exit, Runtime, RuntimeName } from './runtimes.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Where Debian and Ubuntu install it; the variable CHROMIUM names another one. */
export const CHROMIUM_PATH = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** How to get it, for those who have none. */
export const INSTALL_HINT = `Chromium is not at ${CHROMIUM_PATH}: apt-get install chromium, or set CHROMIUM to its path`

/** How often a folder that a dying process still writes to is removed. */
const REMOVE_TRIES = 10

const ARGUMENTS = [
  '--no-sandbox', // tests often run as root in containers, where its sandbox cannot
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** What the server gives of the repository: compiled files, for tests that read or load some, and the vectors. */
const SERVED = /^\/(dist|test)\/[\w./-]+\.(js|json)$/

const MEDIA_TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
}

const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>test</title>'

export function hasChromium(): boolean {
  return existsSync(CHROMIUM_PATH)
}

/** @param timeoutMs how long it may take to start */
export async function launchChromium(timeoutMs = 30_000): Promise<Browser> {
  // Loaded where it is needed: it takes longer than most test files, and most runs of some files need no browser.
  const { chromium } = await import('playwright-core')
  return chromium.launch({ executablePath: CHROMIUM_PATH, args: ARGUMENTS, timeout: timeoutMs })
}

/** A Chromium that nobody looks into, and that does with its tabs what it does with visitors'. */
export interface PlainChromium {
  /** Folder with its profile. */
  profile: string
  stop(): Promise<void>
}

/**
 * Starts Chromium without playwright, which is told of all that pages do, and keeps hidden ones awake.
 *
 * @param url the page it opens
 */
export async function startChromium(url: string, args: readonly string[] = []): Promise<PlainChromium> {
  const profile = await mkdtemp(join(tmpdir(), 'xorpc-chromium-'))
  const all = ['--headless', ...ARGUMENTS, `--user-data-dir=${profile}`, ...args, url]
  // A group of its own, as it has processes of its own.
  const browser = spawn(CHROMIUM_PATH, all, { stdio: 'ignore', detached: true })
  const kill = (): void => {
    if (browser.exitCode === null && browser.signalCode === null) process.kill(-browser.pid!, 'SIGKILL')
  }
  process.once('exit', kill)
  const exited = once(browser, 'exit')
  await once(browser, 'spawn')
  return {
    profile,
    async stop() {
      kill()
      await exited
      process.off('exit', kill)
      await rm(profile, { recursive: true, force: true, maxRetries: REMOVE_TRIES })
    },
  }
}

export interface ServeOptions {
  /** Of all answers. */
  headers?: Readonly<Record<string, string>>
  /** Serves over https. */
  tls?: { key: string; cert: string }
}

/** A server on the loopback interface for pages of tests. @param files contents by path, beside those of the repository */
export async function serveFiles(
  files: ReadonlyMap<string, string | Uint8Array>,
  { headers = {}, tls }: ServeOptions = {},
): Promise<{ server: Server; origin: string }> {
  const onRequest: RequestListener = (request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname)
    readServed(files, path).then(
      (content) => {
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
        response.setHeader('cache-control', 'max-age=3600')
        response.setHeader('content-type', MEDIA_TYPES[extname(path)] ?? 'text/html')
        response.end(content)
      },
      () => response.writeHead(404).end(),
    )
  }
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
  }
}

async function readServed(files: ReadonlyMap<string, string | Uint8Array>, path: string): Promise<string | Uint8Array> {
  const own = files.get(path)
  if (own !== undefined) return own
  if (path === '/') return PAGE
  if (!SERVED.test(path)) throw new Error('not served')
  return readFile(join(ROOT, path))
}

/** Runs test files in a browser. */
export interface BrowserRuntimes {
  /** In a page, and in a dedicated Worker of one. */
  runtimes: Runtime[]
  close(): Promise<void>
}

/**
 * @param bundles the bundled tests, by path
 * @param bundleOf path of the bundle of a compiled test file
 */
export async function openBrowser(
  bundles: ReadonlyMap<string, Uint8Array>,
  bundleOf: (file: string) => string,
): Promise<BrowserRuntimes> {
  const [browser, { server, origin }] = await Promise.all([launchChromium(), serveFiles(bundles)])
  const context = await browser.newContext()
  /** Pages that a file has left. BOUNDED: by the number of files run side by side. */
  const free: Page[] = []
  const runtime = (name: RuntimeName, start: (page: Page, url: string) => Promise<unknown>): Runtime => ({
    name,
    async run(file, { limitMs }) {
      const page = free.pop() ?? (await context.newPage())
      // A document of its own: what the file before it left is gone, with its Workers.
      await page.goto(origin)
      const url = `/test/chromium/load.js?file=${encodeURIComponent(bundleOf(file))}`
      const exit = await observe(page, limitMs, async () => start(page, url))
      if (exit.late || exit.signal !== null) await page.close()
      else free.push(page)
      return exit
    },
  })
  return {
    runtimes: [
      runtime('chromium', async (page, url) => page.addScriptTag({ url, type: 'module' })),
      runtime('worker', async (page, url) => page.evaluate(startWorker, url)),
    ],
    async close() {
      await browser.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Runs in the page. */
function startWorker(url: string): void {
  const { Worker } = globalThis as unknown as { Worker: new (url: string, options: { type: 'module' }) => EventTarget }
  const worker = new Worker(url, { type: 'module' })
  worker.addEventListener('error', (event) => {
    console.log(`err:${(event as unknown as { message: string }).message}`)
    console.log('end:1')
  })
}

/** Starts a file and collects what test/chromium/load.js prints, until it says that the file has ended. */
async function observe(page: Page, limitMs: number, start: () => Promise<unknown>): Promise<Exit> {
  const exit: Exit = { code: null, signal: null, late: false, stdout: '', stderr: '' }
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      page.off('console', onConsole)
      page.off('crash', onCrash)
      resolve(exit)
    }
    const timer = setTimeout(() => {
      exit.late = true
      end()
    }, limitMs)
    const onConsole = (message: ConsoleMessage): void => {
      const text = message.text()
      const content = text.slice('out:'.length)
      if (text.startsWith('out:')) exit.stdout += `${content}\n`
      else if (text.startsWith('end:')) {
        exit.code = Number(content)
        end()
      } else exit.stderr += `${text.startsWith('err:') ? content : text}\n`
    }
    const onCrash = (): void => {
      exit.signal = 'crash'
      end()
    }
    page.on('console', onConsole)
    page.on('crash', onCrash)
    start().catch((error: Error) => {
      clearTimeout(timer)
      reject(error)
    })
  })
}
