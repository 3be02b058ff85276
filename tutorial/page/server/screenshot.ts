/** `npm run tutorial:screenshot`: makes the picture of the page that the README shows, in docs/tutorial-page.png. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { build, preview } from 'vite'
import { pageConfig, ROOT } from './page-config.js'

const outDir = await mkdtemp(join(tmpdir(), 'xorpc-tutorial-'))
const config = pageConfig({ outDir, local: null })
await build(config)
const server = await preview({ ...config, preview: { host: '127.0.0.1', port: 0 } })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
})
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 850 } })
  page.setDefaultTimeout(120_000)
  await page.goto(`${server.resolvedUrls!.local[0]}#chapter-11`)
  await page.getByRole('button', { name: 'Do it' }).click()
  // The walk is over, and the commits are on their way.
  await page.waitForFunction(
    "globalThis.tutorialPage?.state.lookup?.closest.filter(({ commit }) => commit === 'accepted').length >= 8",
  )
  // Without the chapter's text, which would be most of the file's size.
  const { x, y, width, height } = (await page.locator('main').boundingBox())!
  const left = (await page.locator('.picture').boundingBox())!.x
  const clip = { x: left - 8, y: y + 4, width: x + width - left + 4, height: height - 8 }
  await page.screenshot({ path: join(ROOT, 'docs/tutorial-page.png'), clip })
} finally {
  await browser.close()
  await server.close()
  await rm(outDir, { recursive: true, force: true })
}
