/** The tutorial prints what its text says, shows code that is in its scripts, and links to what is there. */
import test from 'brittle'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { fencedBlocks, findDifference, readTranscripts } from './transcript.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The longest takes 4 s on an idle machine. */
const LIMIT_MS = 60_000

/** Held while the scripts run: their ports are fixed, so a second run of these tests on this machine has to wait. */
const TURN_PORT = 23399
const TURN_LIMIT_MS = 120_000
const TURN_RETRY_MS = 500

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

const chapters = readdirSync(join(ROOT, 'tutorial'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && /^\d\d-/.test(entry.name))
  .map(({ name }) => name)
  .sort()

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function scriptsOf(chapter: string): string[] {
  return readdirSync(join(ROOT, 'tutorial', chapter))
    .filter((name) => name.endsWith('.js'))
    .map((name) => `tutorial/${chapter}/${name}`)
    .sort()
}

function run(script: string): Promise<Outcome> {
  const env = { ...process.env }
  delete env.TUTORIAL_PORT
  return new Promise((resolve) => {
    const options = { cwd: ROOT, env, timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const
    execFile(process.execPath, [script], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}

/** Waits until no other run of these tests is under way. The system ends our turn with our process. */
async function takeTurn(): Promise<void> {
  const until = Date.now() + TURN_LIMIT_MS
  for (;;) {
    const server = createServer().unref()
    server.listen(TURN_PORT, '127.0.0.1')
    try {
      await once(server, 'listening')
      return
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'EADDRINUSE' || Date.now() > until) throw err
    }
    await delay(TURN_RETRY_MS)
  }
}

test('tutorial: the index lists the chapters in order, and each links to the next', (t) => {
  const listed = [...read('tutorial/README.md').matchAll(/^\| \d+ .*\]\((.+)\/README\.md\)/gm)].map(([, name]) => name)
  t.alike(listed, chapters)
  t.is(chapters.length, 13)
  for (const [i, chapter] of chapters.entries()) {
    const next = chapters[i + 1]
    t.ok(
      read(`tutorial/${chapter}/README.md`).includes(`(../${next === undefined ? '' : `${next}/`}README.md)`),
      chapter,
    )
  }
})

test('tutorial: all links lead somewhere', (t) => {
  for (const page of ['tutorial/README.md', ...chapters.map((chapter) => `tutorial/${chapter}/README.md`)]) {
    const broken = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)]
      .map(([, link]) => link!)
      .filter((link) => !existsSync(join(ROOT, dirname(page), link)))
    t.alike(broken, [], page)
  }
})

let turn: Promise<void> | null = null

for (const chapter of chapters) {
  const text = read(`tutorial/${chapter}/README.md`)

  test(`tutorial: ${chapter} shows code that its scripts contain`, (t) => {
    const sources = ['tutorial/network.js', ...scriptsOf(chapter)].map(read)
    const blocks = fencedBlocks(text, 'js')
    t.ok(blocks.length > 0)
    const strangers = blocks.filter((block) => !sources.some((source) => source.includes(`${block}\n`)))
    t.alike(strangers, [])
  })

  test(`tutorial: ${chapter} prints what it says`, { timeout: 3 * LIMIT_MS }, async (t) => {
    await (turn ??= takeTurn())
    const transcripts = readTranscripts(text)
    t.alike(transcripts.map(({ script }) => script).sort(), scriptsOf(chapter), 'each script is shown once')
    for (const { script, output } of transcripts) {
      const { code, stdout, stderr } = await run(script)
      t.is(stderr, '', script)
      t.is(code, 0, script)
      t.is(findDifference(output, stdout), null, script)
    }
  })
}
