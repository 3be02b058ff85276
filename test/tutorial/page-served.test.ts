/** `npm run tutorial`, as a visitor runs it. */
import test, { type Assert } from 'brittle'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { launchChromium } from '../tooling/chromium.js'
import { FIRST_NODES, hasNodes, holds, listenTo, PATIENCE_MS } from './page-browser.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

interface Served {
  url: string
  /** As Ctrl+C does it. @returns exit code of npm, or the signal that ended it */
  interrupt(): Promise<number | string | null>
}

/** Starts it on any free port, in a process group of its own: npm starts a shell, which starts the server. */
async function serve(t: Assert): Promise<Served> {
  const child = spawn('npm', ['run', 'tutorial', '--', '--port', '0'], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let hasEnded = false
  const ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => {
    hasEnded = true
    return code ?? signal ?? null
  })
  const signalAll = (signal: NodeJS.Signals): void => {
    if (!hasEnded) process.kill(-child.pid!, signal)
  }
  t.teardown(async () => {
    signalAll('SIGKILL')
    await ended
  })
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        output += String(text)
        const [, address] = /The tutorial: (http:\S+)/.exec(output) ?? []
        if (address !== undefined) resolve(address)
      })
    }
    void ended.then(() => reject(new Error(`it ended:\n${output}`)))
  })
  return {
    url,
    async interrupt() {
      signalAll('SIGINT')
      return ended
    },
  }
}

test('page: npm run tutorial serves it, with a real network beside it', { timeout: 4 * PATIENCE_MS }, async (t) => {
  const { url, interrupt } = await serve(t)
  t.is(new URL(url).hostname, '127.0.0.1', 'for this machine only')
  const browser = await launchChromium(PATIENCE_MS)
  t.teardown(() => browser.close(), { order: -1 })
  const page = await browser.newPage()
  const complaints: string[] = []
  listenTo(page, complaints)
  await page.goto(url)
  await hasNodes(page, FIRST_NODES)
  await page.getByRole('radio', { name: 'Real' }).check()
  await page.getByRole('form', { name: 'Join a real network' }).getByRole('button', { name: 'Join' }).click()
  await page.locator('.connection.connected').waitFor()
  await holds(page, "tutorialPage.state.kind === 'real' && tutorialPage.state.nodes.size > 10")
  t.alike(complaints, [])
  await browser.close()
  const end = await interrupt()
  t.ok(end === 0 || end === 130 || end === 'SIGINT', `ended by Ctrl+C: ${end}`)
})
