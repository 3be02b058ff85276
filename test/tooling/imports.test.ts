/**
 * The house rules on who may import and use what, so that a breach is a failing test and not a matter of review.
 *
 * They are checked on the compiled files: there, `import type` is gone, and what is left is what really loads.
 */
import { type CallExpression, type NewExpression, parse, type Program } from 'acorn'
import { simple } from 'acorn-walk'
import test from 'brittle'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Longer files do more than one thing. */
const MAX_LINES = 400

/** Whose values a folder may import besides its own. Types may come from anywhere. */
const MAY_IMPORT: Record<string, string[]> = {
  primitives: [],
  wire: ['primitives'],
  transport: ['primitives'],
  routing: ['primitives'],
  query: ['primitives'],
  nat: ['primitives'],
  rpc: ['primitives', 'wire'],
  commands: ['primitives', 'wire'],
  node: ['primitives', 'wire', 'transport', 'routing', 'query', 'nat', 'rpc', 'commands'],
}

/** Every other folder is a module built on the node. */
const MODULE_MAY_IMPORT = ['primitives', 'wire', 'transport', 'node']

/** Where the runtime's own modules are at home. */
const RUNTIME_MODULES = /^lib\/(transport\/udp\.ts|transport\/link\/|contact-store\/indexed-db\.ts|gateway\/|cli\/)/

/** Packages that only one place of lib may import. */
const PACKAGE_HOMES: Record<string, RegExp> = {
  'udx-native': /^lib\/transport\/udp\.ts$/,
  '#fs': /^lib\/primitives\/durable-file\.ts$/,
  'sodium-universal': /^lib\/primitives\//,
  '@noble/hashes': /^lib\/(primitives|records)\//,
  // The core reads varints in place, and a page pays for each kilobyte of it.
  'compact-encoding': /^lib\/records\//,
  ws: /^lib\/(transport\/link\/ws\.ts|gateway\/)/,
}

/** Time, timers and randomness belong to primitives, so that everything else can run on virtual time and seeds. */
const PLATFORM_MEMBERS = new Set(['Date.now', 'Math.random', 'performance.now', 'crypto.getRandomValues'])
const PLATFORM_CALLS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date'])
const PLATFORM_OBJECTS = new Set(['globalThis', 'performance', 'crypto', 'process', 'Deno', 'window', 'self'])

/** Names that say nothing, and so collect everything. */
const EMPTY_NAMES = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'types', 'constants', 'misc', 'shared'])

interface Source {
  /** Path of the TypeScript file from the root, with slashes. */
  path: string
  lines: number
  /** The compiled file. */
  program: Program
  /** What it imports values from, as written. */
  imports: string[]
  /** Whether it has an `export * from`. */
  reexportsAll: boolean
}

function readSource(path: string): Source {
  const compiled = readFileSync(join(ROOT, 'dist', path.replace(/\.ts$/, '.js')), 'utf8')
  const lines = readFileSync(join(ROOT, path), 'utf8').trimEnd().split('\n').length
  return { ...parseSource(path, compiled), lines }
}

function parseSource(path: string, compiled: string): Source {
  const program = parse(compiled, { ecmaVersion: 'latest', sourceType: 'module' })
  const source: Source = { path, lines: 1, program, imports: [], reexportsAll: false }
  const add = (from: { type: string; value?: unknown } | null | undefined): void => {
    if (from) source.imports.push(typeof from.value === 'string' ? from.value : `(${from.type})`)
  }
  simple(program, {
    ImportDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => {
      add(node.source)
      source.reexportsAll = true
    },
  })
  return source
}

function listSources(): Source[] {
  const inLib = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => `lib/${path.replaceAll('\\', '/')}`)
  return (existsSync(join(ROOT, 'index.ts')) ? [...inLib, 'index.ts'] : inLib).sort().map(readSource)
}

/** The folder of lib a file is in; null: none. */
function folderOf(path: string): string | null {
  return /^lib\/([^/]+)\//.exec(path)?.[1] ?? null
}

/** The files of this package an import is of: one for each runtime that has its own; null: another package. */
function localTargets(source: Source, from: string): string[] | null {
  const targets = from.startsWith('#') ? Object.values(manifest.imports[from] ?? { default: from }) : null
  if (targets?.every((target) => target.startsWith('./dist/')) === true) {
    return [...new Set(targets.map((target) => target.slice('./dist/'.length).replace(/\.js$/, '.ts')))]
  }
  if (!from.startsWith('.')) return null
  const path = relative(ROOT, join(ROOT, dirname(source.path), from)).replaceAll('\\', '/')
  return [path.replace(/\.js$/, '.ts')]
}

function packageName(from: string): string {
  const parts = from.split('/')
  return from.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? from)
}

function checkLocal(source: Source, target: string): string | null {
  if (target === 'index.ts') return folderOf(source.path) === 'cli' ? null : 'imports index.ts'
  const own = folderOf(source.path)
  const theirs = folderOf(target)
  if (theirs === null) return `imports ${target}, outside of lib's folders`
  if (own === null || own === theirs) return null
  const allowed = MAY_IMPORT[own] ?? MODULE_MAY_IMPORT
  return allowed.includes(theirs) ? null : `${own} must not import values of ${theirs} (${target})`
}

function checkPackage(source: Source, from: string, dependencies: Set<string>): string | null {
  if (from.startsWith('node:')) return RUNTIME_MODULES.test(source.path) ? null : `imports ${from}`
  const name = packageName(from)
  if (!dependencies.has(name)) return `imports ${from}, which is no dependency`
  const home = PACKAGE_HOMES[name]
  return home === undefined || home.test(source.path) ? null : `imports ${name} away from its home`
}

function checkImports(source: Source, dependencies: Set<string>): string[] {
  const breaches: string[] = []
  for (const from of source.imports) {
    const targets = localTargets(source, from)
    const found = targets?.map((target) => checkLocal(source, target)) ?? [checkPackage(source, from, dependencies)]
    for (const breach of found) if (breach !== null) breaches.push(`${source.path}: ${breach}`)
  }
  if (source.reexportsAll) breaches.push(`${source.path}: export *`)
  return breaches
}

/** What a file uses of the platform; scopes are not looked at, so no local may be called like a timer function. */
function checkPlatform(source: Source): string[] {
  if (folderOf(source.path) === 'primitives' || RUNTIME_MODULES.test(source.path)) return []
  const breaches: string[] = []
  const report = (what: string): number => breaches.push(`${source.path}: uses ${what}`)
  const call = ({ callee }: CallExpression | NewExpression): void => {
    if (callee.type === 'Identifier' && PLATFORM_CALLS.has(callee.name)) report(callee.name)
  }
  simple(source.program, {
    CallExpression: call,
    NewExpression: call,
    MemberExpression: ({ object, property }) => {
      if (object.type !== 'Identifier') return
      const member = property.type === 'Identifier' ? `${object.name}.${property.name}` : object.name
      if (PLATFORM_OBJECTS.has(object.name) || PLATFORM_MEMBERS.has(member)) report(member)
    },
  })
  return breaches
}

function checkFile(source: Source): string[] {
  const breaches: string[] = []
  if (source.lines > MAX_LINES) breaches.push(`${source.path}: ${source.lines} lines, more than ${MAX_LINES}`)
  const names = source.path.split('/').map((part) => basename(part, '.ts'))
  for (const name of names) {
    if (EMPTY_NAMES.has(name)) breaches.push(`${source.path}: ${name} says nothing`)
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) breaches.push(`${source.path}: ${name} is not kebab-case`)
  }
  return breaches
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: object
  /** What has another module in each runtime. */
  imports: Record<string, Record<string, string>>
}
const dependencies = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.imports)])
const sources = listSources()

test('imports: values flow down and packages stay at home', (t) => {
  t.ok(sources.length > 0, 'there is something to check')
  t.alike(
    sources.flatMap((source) => checkImports(source, dependencies)),
    [],
  )
})

test('imports: time, timers, randomness and the runtime only in primitives', (t) => {
  t.alike(sources.flatMap(checkPlatform), [])
})

test('imports: files are short and named after what they hold', (t) => {
  t.alike(sources.flatMap(checkFile), [])
})

const BREACHES: Array<[path: string, compiled: string, breach: RegExp | null]> = [
  ['lib/rpc/a.ts', `import { x } from '../wire/x.js'`, null],
  ['lib/rpc/a.ts', `import { x } from './x.js'`, null],
  ['lib/rpc/a.ts', `import { x as y } from '../routing/x.js'`, /rpc must not import values of routing/],
  ['lib/rpc/a.ts', `import {} from '../routing/x.js'`, /rpc must not import values of routing/],
  ['lib/rpc/a.ts', `import(name)`, /no dependency/],
  ['lib/rpc/a.ts', `import '../routing/x.js'`, /rpc must not import values of routing/],
  ['lib/rpc/a.ts', `export { x } from '../routing/x.js'`, /rpc must not import values of routing/],
  ['lib/rpc/a.ts', `const x = await import('../routing/x.js')`, /rpc must not import values of routing/],
  ['lib/wire/a.ts', `import { x } from '../rpc/x.js'`, /wire must not import values of rpc/],
  ['lib/primitives/a.ts', `import { x } from '../wire/x.js'`, /primitives must not import values of wire/],
  ['lib/node/a.ts', `import { x } from '../records/x.js'`, /node must not import values of records/],
  ['lib/records/a.ts', `import { x } from '../node/x.js'`, null],
  ['lib/records/a.ts', `import { x } from '../gateway/x.js'`, /records must not import values of gateway/],
  ['lib/node/a.ts', `import { x } from '../../index.js'`, /imports index.ts/],
  ['lib/node/a.ts', `import { x } from '../../test/x.js'`, /outside of lib/],
  ['index.ts', `export { x } from './lib/node/x.js'`, null],
  ['index.ts', `export * from './lib/node/x.js'`, /export \*/],
  ['lib/node/a.ts', `import fs from 'node:fs'`, /imports node:fs/],
  ['lib/transport/udp.ts', `import fs from 'node:fs'\nimport udx from 'udx-native'`, null],
  ['lib/primitives/durable-file.ts', `import { open } from '#fs'`, null],
  ['lib/primitives/durable-file.ts', `import fs from 'node:fs/promises'`, /imports node:fs/],
  ['lib/contact-store/index.ts', `import { open } from '#fs'`, /away from its home/],
  ['lib/wire/a.ts', `import x from '#other'`, /no dependency/],
  ['lib/node/a.ts', `import udx from 'udx-native'`, /away from its home/],
  ['lib/wire/a.ts', `import sodium from 'sodium-universal'`, /away from its home/],
  ['lib/primitives/a.ts', `import sodium from 'sodium-universal'`, null],
  ['lib/wire/a.ts', `import x from 'fs'`, /no dependency/],
  ['lib/wire/a.ts', `import x from '#crypto'`, null],
  ['lib/routing/a.ts', `import x from '#transport'`, /routing must not import values of transport/],
  ['lib/routing/a.ts', `import x from '#nothing'`, /no dependency/],
  ['lib/wire/a.ts', `import x from 'streamx/errors'`, null],
]

for (const [path, compiled, breach] of BREACHES) {
  test(`imports: the guard ${breach === null ? 'lets pass' : 'sees'} ${path}: ${compiled.replace('\n', '; ')}`, (t) => {
    const found = checkImports(parseSource(path, compiled), dependencies)
    if (breach === null) t.alike(found, [])
    else t.ok(found.length > 0 && found.every((each) => breach.test(each)), found.join())
  })
}

const PLATFORM_USES = [
  'Date.now()',
  'const f = Math.random',
  'setTimeout(f, 1)',
  'new Date()',
  'globalThis.x',
  'process.env',
]

test('imports: the guard sees uses of the platform', (t) => {
  for (const text of PLATFORM_USES) {
    t.is(checkPlatform(parseSource('lib/node/a.ts', text)).length, 1, text)
    t.is(checkPlatform(parseSource('lib/primitives/a.ts', text)).length, 0, `${text} in primitives`)
  }
  t.is(
    checkPlatform(parseSource('lib/node/a.ts', 'clock.now(); this.random.next(); a.setTimeout(1)')).length,
    0,
    'ours',
  )
})

test('imports: the guard sees long files and empty names', (t) => {
  const source = parseSource('lib/rpc/session.ts', '')
  t.alike(checkFile({ ...source, lines: MAX_LINES }), [])
  t.is(checkFile({ ...source, lines: MAX_LINES + 1 }).length, 1, 'too long')
  for (const path of ['lib/rpc/utils.ts', 'lib/common/session.ts', 'lib/rpc/inFlight.ts']) {
    t.is(checkFile({ ...source, path }).length, 1, path)
  }
})
