/** The tutorial prints what its text says, shows code that is in its scripts, and links to what is there. */
import test from 'brittle'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fencedBlocks, findDifference, readTranscripts } from './transcript.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The longest takes 4 s on an idle machine. */
const LIMIT_MS = 60_000

/** The ports are fixed, so a second run of these tests on the same machine is waited for. */
const ATTEMPTS = 10
const BUSY_MS = 3000

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

const chapters = readdirSync(join(ROOT, 'tutorial'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
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

function runOnce(script: string): Promise<Outcome> {
  const env = { ...process.env }
  delete env.TUTORIAL_PORT
  return new Promise((resolve) => {
    const options = { cwd: ROOT, env, timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const
    execFile(process.execPath, [script], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}

async function run(script: string): Promise<Outcome> {
  let outcome = await runOnce(script)
  for (let i = 1; i < ATTEMPTS && outcome.code !== 0 && outcome.stderr.includes('BIND_FAILED'); i++) {
    await new Promise((resolve) => setTimeout(resolve, BUSY_MS))
    outcome = await runOnce(script)
  }
  return outcome
}

test('tutorial: the index lists the chapters in order, and each links to the next', (t) => {
  const listed = [...read('tutorial/README.md').matchAll(/^\| \d+ .*\]\((.+)\/README\.md\)/gm)].map(([, name]) => name)
  t.alike(listed, chapters)
  t.is(chapters.length, 12)
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

for (const chapter of chapters) {
  const text = read(`tutorial/${chapter}/README.md`)

  test(`tutorial: ${chapter} shows code that its scripts contain`, (t) => {
    const sources = ['tutorial/network.js', ...scriptsOf(chapter)].map(read)
    const blocks = fencedBlocks(text, 'js')
    t.ok(blocks.length > 0)
    for (const block of blocks)
      t.ok(
        sources.some((source) => source.includes(`${block}\n`)),
        block.split('\n')[0]!,
      )
  })

  test(`tutorial: ${chapter} prints what it says`, { timeout: ATTEMPTS * LIMIT_MS }, async (t) => {
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
