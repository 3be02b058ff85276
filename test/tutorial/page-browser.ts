/** The tutorial page in Chromium: built, served from a folder of a web server, opened. */
import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { build } from 'vite'
import { pageConfig, type PageConfigOptions } from '../../tutorial/page/server/page-config.js'
import { launchChromium } from '../tooling/chromium.js'

/** Where the page is: it must not matter. */
const FOLDER = '/some/folder/'

/** A loaded machine with two cores; nothing here waits for a time to pass. */
export const PATIENCE_MS = 90_000

const MEDIA_TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

/** What the page starts with. */
export const FIRST_NODES = 60

/** A common phone. */
export const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
} as const

export interface Site {
  url: string
  browser: Browser
  /** Opens the page, and waits until its first network is there. What it complains of is collected in `complaints`. */
  open(options?: BrowserContextOptions & { hash?: string }): Promise<Page>
  complaints: string[]
  close(): Promise<void>
}

export async function openSite(local: PageConfigOptions['local'] = null): Promise<Site> {
  const outDir = await mkdtemp(join(tmpdir(), 'xorpc-page-'))
  await build(pageConfig({ outDir, local }))
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    const name = pathname.startsWith(FOLDER) ? pathname.slice(FOLDER.length) || 'index.html' : 'none'
    readFile(join(outDir, name)).then(
      (content) => {
        response.setHeader('content-type', MEDIA_TYPES[extname(name)] ?? 'text/plain')
        response.end(content)
      },
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${FOLDER}`
  const browser = await launchChromium(PATIENCE_MS)
  const complaints: string[] = []
  return {
    url,
    browser,
    complaints,
    async open({ hash = '', ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
      const page = await context.newPage()
      listenTo(page, complaints)
      await page.goto(url + hash)
      await hasNodes(page, FIRST_NODES)
      return page
    },
    async close() {
      await browser.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(outDir, { recursive: true, force: true })
    },
  }
}

/** Collects what a page complains of, and makes it wait patiently. */
export function listenTo(page: Page, complaints: string[]): void {
  page.setDefaultTimeout(PATIENCE_MS)
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
}

/** Waits until there are so many nodes, none of them on its way in, and the picture shows them. */
export async function hasNodes(page: Page, count: number): Promise<void> {
  const drawn = `globalThis.tutorialPage?.stage.painter.drawn.nodes === ${count}`
  await holds(page, `${drawn} && tutorialPage.state.nodes.size === ${count} && tutorialPage.state.task === null`)
}

/** Waits until an expression is true in the page. */
export async function holds(page: Page, expression: string): Promise<void> {
  await page.waitForFunction(expression, null, { timeout: PATIENCE_MS })
}

/** Pixels of the picture, as a screenshot shows it, that have the colour of the style sheet's variable. */
export async function pixelsOf(page: Page, colour: string): Promise<number> {
  const png = await page.locator('.stage').screenshot({ timeout: PATIENCE_MS })
  return page.evaluate<number>(`(async () => {
    const bytes = Uint8Array.from(atob('${png.toString('base64')}'), (c) => c.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d', { willReadFrequently: true })
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--${colour}')
    context.fillRect(0, 0, 1, 1)
    const wanted = context.getImageData(0, 0, 1, 1).data
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, image.width, image.height)
    let count = 0
    for (let i = 0; i < data.length; i += 4) {
      const gap = Math.abs(data[i] - wanted[0]) + Math.abs(data[i + 1] - wanted[1]) + Math.abs(data[i + 2] - wanted[2])
      if (gap < 12) count++
    }
    return count
  })()`)
}
