/** The pages of examples/browser, in Chromium and among each other, and the process that serves them. */
import test from 'brittle'
import { build } from 'esbuild'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { hasChromium, launchChromium } from '../tooling/chromium.js'
import { ROOT } from './run-example.js'

/** Of one thing that is waited for. */
const PATIENCE = { timeout: 60_000 }

/** As `npm run build:browser` does it. */
async function bundle(): Promise<void> {
  await build({
    entryPoints: [join(ROOT, 'dist/index.js')],
    outfile: join(ROOT, 'dist/browser/xorpc.js'),
    bundle: true,
    format: 'esm',
    minify: true,
    platform: 'browser',
    logLevel: 'silent',
  })
}

/** Waits until an element's text matches. */
async function says(page: Page, id: string, text: RegExp): Promise<string> {
  const found = page.locator(`#${id}`).filter({ hasText: text })
  await found.waitFor(PATIENCE)
  return (await found.textContent()) ?? ''
}

test('browser examples: without the file for browsers the server says how to make it', (t) => {
  const copy = mkdtempSync(join(tmpdir(), 'xorpc-pages-'))
  t.teardown(() => rmSync(copy, { recursive: true, force: true }))
  cpSync(join(ROOT, 'examples/browser'), join(copy, 'examples/browser'), { recursive: true })
  mkdirSync(join(copy, 'node_modules'))
  symlinkSync(ROOT, join(copy, 'node_modules/xorpc'), 'dir')
  const { status, stderr } = spawnSync(process.execPath, [join(copy, 'examples/browser/server.js')], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  t.is(status, 1)
  t.ok(stderr.includes('npm run build:browser'), stderr)
})

test(
  'browser examples: a chat between two tabs and a process',
  { timeout: 180_000, skip: !hasChromium() },
  async (t) => {
    await bundle()
    const child = spawn(process.execPath, ['examples/browser/server.js'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    const output = { stdout: '', stderr: '' }
    child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()))
    while (!output.stdout.includes('embed.html')) {
      const [data] = (await once(child.stdout, 'data')) as [Buffer]
      output.stdout += data.toString()
    }
    child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()))
    const [origin] = /http:\/\/[^/]+/.exec(output.stdout)!
    const browser = await launchChromium()
    t.teardown(() => browser.close())
    const errors: string[] = []
    const open = async (path: string): Promise<Page> => {
      const page = await browser.newPage()
      page.on('pageerror', (error) => void errors.push(error.message))
      await page.goto(`${origin}/${path}`)
      return page
    }

    const [ann, bob] = [await open('chat.html?name=ann'), await open('chat.html?name=bob')]
    for (const page of [ann, bob]) await says(page, 'members', /^ann, bob, node$/)
    await says(bob, 'state', /^You are bob\.$/)
    await ann.fill('#text', 'hello')
    await ann.click('button')
    await says(bob, 'messages', /ann: hello/)
    await says(ann, 'messages', /node: ann, you said: hello/)
    t.ok(output.stdout.includes('ann: hello'), 'the process heard it, too')
    const namesake = await open('chat.html?name=ann')
    await says(namesake, 'members', /^ann, ann, bob, node$/)
    await namesake.fill('#text', 'so am I')
    await namesake.click('button')
    await says(ann, 'messages', /ann: so am I/)
    const own = await namesake
      .locator('#messages li')
      .filter({ hasText: /^ann: so am I$/ })
      .count()
    t.is(own, 1, 'what it said itself, and no echo of it')
    await namesake.close()

    // Where it is dark the page is as dark as its fields.
    await ann.emulateMedia({ colorScheme: 'dark' })
    const colours =
      "getComputedStyle(document.documentElement).colorScheme + ' ' + getComputedStyle(document.body).color"
    t.is(await ann.evaluate(colours), 'light dark rgb(255, 255, 255)')

    const writer = await open('store.html')
    await says(writer, 'state', /^joined$/)
    await writer.click('#write button')
    t.ok(/kept by \d\d? nodes/.test(await says(writer, 'written', /kept by [1-9]/)))
    const reader = await open('store.html')
    await says(reader, 'state', /^joined$/)
    await reader.fill('#key', await writer.inputValue('#key'))
    await reader.click('#read button')
    t.is(await says(reader, 'found', /./), 'hello from a page')

    t.ok(/joined; \d+ closest nodes found/.test(await says(await open('embed.html'), 'out', /joined;/)))
    t.alike(errors, [])
    child.kill('SIGTERM')
    const [code] = (await once(child, 'exit')) as [number | null]
    t.is(code, 0)
    t.is(output.stderr, '')
  },
)
