/** docs/HYPERDHT.md says what is: its override is the one in use here, its example prints what it says. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { findBareProgram, HAS_BARE } from '../tooling/runtimes.js'
import { fencedBlocks } from '../tutorial/transcript.js'
import { installation } from '../../bench/hyperdht/installation.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/HYPERDHT.md'), 'utf8')

interface Manifest {
  name?: string
  version?: string
  overrides?: Record<string, string>
  dependencies?: Record<string, string>
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest
}

function copyExample(path: string): void {
  copyFileSync(join(ROOT, 'examples/hyperdht/meet.js'), join(path, 'meet.js'))
  writeFileSync(join(path, 'package.json'), readFileSync(join(ROOT, 'examples/hyperdht/package.json')))
}

/** What the page says that a file prints. */
function outputOf(name: string): string {
  const [block] = fencedBlocks(PAGE, 'console')
  const command = `$ node ${name}\n`
  return block!.slice(block!.indexOf(command) + command.length).trimEnd()
}

test('hyperdht docs: the override is that of the example, and leads to the folder in use', async (t) => {
  const [shown] = fencedBlocks(PAGE, 'json').map((text) => JSON.parse(text) as Manifest)
  const example = readManifest(join(ROOT, 'examples/hyperdht/package.json'))
  t.alike(shown!.overrides, example.overrides)
  const { path, require } = await installation('xorpc')
  const folder = shown!.overrides!['dht-rpc']!.replace('file:', '')
  t.is(realpathSync(join(path, folder)), realpathSync(join(ROOT, 'compat/dht-rpc')))
  t.is(require('dht-rpc'), require('xorpc/dht-rpc'))
})

test('hyperdht docs: the versions are those that are tested', async (t) => {
  const { require } = await installation('xorpc')
  const example = readManifest(join(ROOT, 'examples/hyperdht/package.json'))
  for (const name of ['hyperdht', 'hyperswarm']) {
    const { version } = require(`${name}/package.json`) as Manifest
    t.ok(PAGE.includes(`${name} ${version}`), `${name} ${version}`)
    t.is(example.dependencies![name], version)
  }
  const compat = readManifest(join(ROOT, 'compat/dht-rpc/package.json'))
  t.is(compat.name, 'dht-rpc')
  t.is(compat.version, ((await installation('dht-rpc')).require('dht-rpc/package.json') as Manifest).version)
})

test('hyperdht docs: the command that shows that it worked says true', async (t) => {
  const { path } = await installation('xorpc')
  const [command] = fencedBlocks(PAGE, 'sh').flatMap((text) => /^node -p "(.*)"$/m.exec(text)?.slice(1) ?? [])
  t.is(execFileSync(process.execPath, ['-p', command!], { cwd: path, encoding: 'utf8' }), 'true\n')
})

test('hyperdht docs: the example prints what the page says', async (t) => {
  const { path } = await installation('xorpc')
  copyExample(path)
  const printed = execFileSync(process.execPath, ['meet.js'], { cwd: path, encoding: 'utf8', timeout: 60_000 })
  t.is(printed.trimEnd(), outputOf('meet.js'))
})

test('hyperdht docs: in Bare, the check says true, and the example prints the same', async (t) => {
  const { path } = await installation('xorpc')
  const bare = findBareProgram()
  if (bare === null) {
    t.absent(HAS_BARE.has(`${process.platform}-${process.arch}`), 'no Bare for this system')
    return
  }
  const run = (name: string): string => {
    return execFileSync(bare, [name], { cwd: path, encoding: 'utf8', timeout: 60_000 })
  }
  const [check] = fencedBlocks(PAGE, 'cjs')
  writeFileSync(join(path, 'check.cjs'), check!)
  t.is(run('check.cjs'), 'true\n')
  copyExample(path)
  t.is(run('meet.js').trimEnd(), outputOf('meet.js'))
})

test('hyperdht docs: the links lead somewhere', (t) => {
  const links = [...PAGE.matchAll(/\]\((?!https?:)([^)#]*)/g)].map(([, path]) => path!)
  t.ok(links.length > 0)
  t.alike(
    links.filter((path) => !existsSync(join(ROOT, 'docs', path))),
    [],
  )
})
