/** A page of Chromium with the client in it. */
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { launchChromium, serveFiles } from '../../test/tooling/chromium.js'
import type { PageClient } from './page-client.js'

const ENTRY = fileURLToPath(new URL('./page-client.js', import.meta.url))

/** Isolated pages have clocks of 5 µs, others of 100. */
const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

export interface OpenPage {
  page: Page
  close(): Promise<void>
}

/** What the page has as globals, for the functions that run in it. */
export interface PageGlobals {
  pageClient: PageClient
}

export async function openPage(): Promise<OpenPage> {
  const bundle = await build({ entryPoints: [ENTRY], bundle: true, format: 'esm', write: false, logLevel: 'silent' })
  const { server, origin } = await serveFiles(new Map([['/client.js', bundle.outputFiles[0]!.contents]]), {
    headers: ISOLATED,
  })
  const browser = await launchChromium()
  const page = await browser.newPage()
  await page.goto(origin)
  await page.addScriptTag({ url: '/client.js', type: 'module' })
  await page.waitForFunction(() => 'pageClient' in globalThis)
  return {
    page,
    async close() {
      await browser.close()
      server.closeAllConnections()
      server.close()
    },
  }
}
