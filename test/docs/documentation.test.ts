/** The texts say what is: their programs run and print what they say, their links lead somewhere, their lists are complete. */
import test from 'brittle'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fencedBlocks } from '../tutorial/transcript.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The longest takes 2 s on an idle machine. */
const LIMIT_MS = 60_000

/** The ports are fixed, so a second run of these tests on the same machine is waited for. */
const ATTEMPTS = 10
const BUSY_MS = 3000

/** Those whose code is a program that runs as it stands. */
const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'docs/ARCHITECTURE.md',
  'docs/ERRORS.md',
  'docs/GATEWAY.md',
  'docs/HYPERDHT.md',
  'docs/PERFORMANCE.md',
  'docs/PROTOCOL.md',
  'docs/RELIABILITY.md',
  'docs/SECURITY.md',
  'docs/SIMULATION.md',
]

/** All that was written for readers. */
const ALL_PAGES = ['.', 'bench', 'docs', 'docs/api', 'docs/api/xorpc', 'examples', 'tutorial'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
)

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Text that is no code: what looks like a link in a block is none. */
function proseOf(page: string): string {
  return read(page).replaceAll(/^```[^]*?^```$/gm, '')
}

function runOnce(program: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd: ROOT, timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const
    // From stdin, so that `xorpc` is the package of the folder it runs in, as for any script in it.
    const child = execFile(process.execPath, ['--input-type=module'], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
    child.stdin!.end(program)
  })
}

async function run(program: string): Promise<Outcome> {
  let outcome = await runOnce(program)
  for (let i = 1; i < ATTEMPTS && outcome.code !== 0 && outcome.stderr.includes('BIND_FAILED'); i++) {
    await new Promise((resolve) => setTimeout(resolve, BUSY_MS))
    outcome = await runOnce(program)
  }
  return outcome
}

/** First cells of the table rows of a text that have a name in backquotes there, without what follows in brackets. */
function namesInTable(markdown: string): string[] {
  return [...markdown.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([\w-]+)/g)].map(([, name]) => name!),
  )
}

/** The part of a page below a heading, up to the next one of the same depth or above. */
function section(page: string, heading: string): string {
  const depth = heading.indexOf(' ')
  const text = read(page)
  const from = text.indexOf(`\n${heading}\n`) + heading.length + 2
  const length = text.slice(from).search(new RegExp(`^#{1,${depth}} `, 'm'))
  return length === -1 ? text.slice(from) : text.slice(from, from + length)
}

/** Names of the members of an interface or type that is written over several lines, two blanks deep. */
function membersOf(path: string, start: string): string[] {
  const text = read(path)
  const from = text.indexOf(start)
  const body = text.slice(from, text.indexOf('\n}', from))
  return [...body.matchAll(/^ {2}'?([\w-]+)'?\??:/gm)].map(([, name]) => name!)
}

/** As GitHub makes them of headings, of which all but the first of the same name are numbered; and those that are set. */
function anchorsOf(page: string): ReadonlySet<string> {
  const prose = proseOf(page)
  const anchors = new Set([...prose.matchAll(/<a id="([^"]+)">/g)].map(([, name]) => name!))
  for (const [, title] of prose.matchAll(/^#+ (.+)$/gm)) {
    const name = title!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
    let anchor = name
    for (let i = 1; anchors.has(anchor); i++) anchor = `${name}-${i}`
    anchors.add(anchor)
  }
  return anchors
}

for (const page of PAGES) {
  const program = fencedBlocks(read(page), 'js').join('\n')
  if (program !== '') {
    test(`docs: the program of ${page} prints what it says`, { timeout: ATTEMPTS * LIMIT_MS }, async (t) => {
      const said = [...program.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text!.trimEnd())
      const { code, stdout, stderr } = await run(program)
      t.is(stderr, '')
      t.is(code, 0)
      t.alike(stdout.trimEnd().split('\n'), said)
    })
  }
}

for (const page of ALL_PAGES) {
  test(`docs: the links of ${page} lead somewhere`, (t) => {
    const broken = [...proseOf(page).matchAll(/\]\((?!https?:)([^)#]*)(#[^)]*)?\)/g)].filter(([, path, anchor]) => {
      const target = path === '' ? page : join(dirname(page), path!)
      if (!existsSync(join(ROOT, target))) return true
      return anchor !== undefined && !anchorsOf(target).has(anchor.slice(1))
    })
    t.alike(
      broken.map(([link]) => link),
      [],
    )
  })
}

test('docs: the commands that the texts name are there', (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const page of ALL_PAGES) {
    const text = read(page)
    const names = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!)
    t.alike(without(names, Object.keys(scripts)), [], page)
    const programs = [...text.matchAll(/node ((?:bench|dist|docs|examples|test|tutorial)\/[\w./-]+\.js)/g)]
    const missing = programs.filter(([, path]) => !existsSync(join(ROOT, path!)))
    t.alike(
      missing.map(([command]) => command),
      [],
      page,
    )
  }
})

test('docs: the first code of the README are the two commands that set everything up', (t) => {
  const [first] = /^```[^]*?^```$/m.exec(read('README.md'))!
  t.is(first, '```sh\nnpm install && npm start\nnpm install && npm test\n```')
})

test('docs: the README lists every option and every event', (t) => {
  const options = namesInTable(section('README.md', '## Options'))
  t.alike(options.sort(), without(membersOf('lib/node/options.ts', 'export interface DHTOptions'), ['addNode']).sort())
  const methods = section('README.md', '## Methods')
  const events = namesInTable(methods.slice(methods.indexOf('| event |')))
  t.alike(events.sort(), membersOf('lib/node/events.ts', 'export type DHTEvents').sort())
})

test('docs: GATEWAY names every option of a gateway and of its clients, RECORDS lists those of records', (t) => {
  const gateway = read('docs/GATEWAY.md')
  for (const name of [
    ...membersOf('lib/gateway/options.ts', 'export const DEFAULT_LIMITS'),
    ...membersOf('lib/gateway/options.ts', 'export interface GatewayServerOptions'),
    ...membersOf('lib/transport/tunnel/options.ts', 'export interface GatewayOptions'),
  ]) {
    t.ok(gateway.includes(`\`${name}\``), name)
  }
  const records = namesInTable(section('docs/RECORDS.md', '## Options'))
  t.alike(records.sort(), membersOf('lib/records/options.ts', 'export interface RecordsOptions').sort())
})

test('docs: SIMULATION names every option of networks, hosts and churn', (t) => {
  const network = namesInTable(section('docs/SIMULATION.md', '## The wire'))
  t.alike(
    network.sort(),
    [...membersOf('lib/simulation/conditions.ts', 'export interface LinkConditions'), 'latency'].sort(),
  )
  const text = read('docs/SIMULATION.md')
  for (const name of [
    ...membersOf('lib/simulation/network.ts', 'export interface HostOptions'),
    ...membersOf('lib/simulation/nat.ts', 'export interface NatOptions'),
    ...membersOf('lib/simulation/churn.ts', 'export interface ChurnOptions'),
    ...membersOf('lib/simulation/simulation.ts', 'export interface SimulationOptions'),
  ]) {
    t.ok(text.includes(name), name)
  }
})

test('docs: every code of a DHTError is explained, and no other', (t) => {
  const codes = membersOf('lib/primitives/errors.ts', 'const MESSAGES')
  const explained = [...section('docs/ERRORS.md', '## DHTError').matchAll(/^### (\w+)$/gm)].map(([, code]) => code!)
  t.alike(explained.sort(), codes.sort())
})

test('docs: every folder of lib and every package has its place in ARCHITECTURE', (t) => {
  const text = read('docs/ARCHITECTURE.md')
  for (const { name } of readdirSync(join(ROOT, 'lib'), { withFileTypes: true })) {
    t.ok(text.includes(`| [lib/${name}](../lib/${name}) |`), name)
  }
  const manifest = JSON.parse(read('package.json')) as { dependencies: object; devDependencies: object }
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
    t.ok(section('docs/ARCHITECTURE.md', '## Packages').includes(name), name)
  }
})

test('docs: the vectors are all named in PROTOCOL', (t) => {
  const text = section('docs/PROTOCOL.md', '## Test vectors')
  const files = readdirSync(join(ROOT, 'test/vectors')).filter((name) => name.endsWith('.json'))
  for (const name of files) t.ok(text.includes(`\`${name}\``), name)
})

function without(list: string[], some: string[]): string[] {
  return list.filter((item) => !some.includes(item))
}
