/**
 * The house rules on who may import and use what, so that a breach is a failing test and not a matter of review.
 */
import test from 'brittle'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Expression, parseSync, type Program, Visitor } from 'oxc-parser'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Longer files do more than one thing. */
const MAX_LINES = 400

/** Whose values a folder may import besides its own. Types may come from anywhere in lib. */
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
const RUNTIME_MODULES = /^lib\/(transport\/udp\.ts|gateway\/|cli\/)/

/** Packages that only one place of lib may import. */
const PACKAGE_HOMES: Record<string, RegExp> = {
  'udx-native': /^lib\/transport\/udp\.ts$/,
  'sodium-universal': /^lib\/primitives\//,
}

/** Time, timers and randomness belong to primitives, so that everything else can run on virtual time and seeds. */
const PLATFORM_MEMBERS = new Set(['Date.now', 'Math.random', 'performance.now', 'crypto.getRandomValues'])
const PLATFORM_CALLS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date'])
const PLATFORM_OBJECTS = new Set(['globalThis', 'performance', 'crypto', 'process', 'Deno', 'window', 'self'])

/** Names that say nothing, and so collect everything. */
const EMPTY_NAMES = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'types', 'constants', 'misc', 'shared'])

interface Import {
  /** As written. */
  from: string
  isType: boolean
}

interface Source {
  /** Path from the root, with slashes. */
  path: string
  text: string
  program: Program
  imports: Import[]
  /** Whether it has an `export * from`. */
  reexportsAll: boolean
}

/** A named import is of a type when each of its names is. `import {}` and `import 'x'` load the module: values. */
function areTypes(entries: Array<{ isType: boolean }>): boolean {
  return entries.length > 0 && entries.every((entry) => entry.isType)
}

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8')
  return parseSource(path, text)
}

function parseSource(path: string, text: string): Source {
  const { program, module, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const imports: Import[] = module.staticImports.map((statement) => ({
    from: statement.moduleRequest.value,
    isType: areTypes(statement.entries),
  }))
  let reexportsAll = false
  for (const { entries } of module.staticExports) {
    for (const entry of entries) {
      if (entry.moduleRequest === null) continue
      imports.push({ from: entry.moduleRequest.value, isType: entry.isType })
      if (entry.importName.kind === 'All' || entry.importName.kind === 'AllButDefault') reexportsAll = true
    }
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const request = text.slice(moduleRequest.start, moduleRequest.end)
    imports.push({ from: request.replaceAll(/^['"]|['"]$/g, ''), isType: false })
  }
  return { path, text, program, imports, reexportsAll }
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

/** The file of this package an import is of; null: another package. */
function localTarget(source: Source, from: string): string | null {
  if (!from.startsWith('.')) return null
  const path = relative(ROOT, join(ROOT, dirname(source.path), from)).replaceAll('\\', '/')
  return path.replace(/\.js$/, '.ts')
}

function packageName(from: string): string {
  const parts = from.split('/')
  return from.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? from)
}

function checkLocal(source: Source, target: string, isType: boolean): string | null {
  if (target === 'index.ts') return folderOf(source.path) === 'cli' ? null : 'imports index.ts'
  const own = folderOf(source.path)
  const theirs = folderOf(target)
  if (theirs === null) return `imports ${target}, outside of lib's folders`
  if (own === null || own === theirs || isType) return null
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
  for (const { from, isType } of source.imports) {
    const target = localTarget(source, from)
    const breach = target === null ? checkPackage(source, from, dependencies) : checkLocal(source, target, isType)
    if (breach !== null) breaches.push(`${source.path}: ${breach}`)
  }
  if (source.reexportsAll) breaches.push(`${source.path}: export *`)
  return breaches
}

/** What a file uses of the platform; scopes are not looked at, so no local may be called like a timer function. */
function checkPlatform(source: Source): string[] {
  if (folderOf(source.path) === 'primitives' || RUNTIME_MODULES.test(source.path)) return []
  const breaches: string[] = []
  const report = (what: string): number => breaches.push(`${source.path}: uses ${what}`)
  const call = (callee: Expression): void => {
    if (callee.type === 'Identifier' && PLATFORM_CALLS.has(callee.name)) report(callee.name)
  }
  new Visitor({
    CallExpression: (node) => call(node.callee),
    NewExpression: (node) => call(node.callee),
    MemberExpression: (node) => {
      if (node.object.type !== 'Identifier') return
      const { name } = node.object
      const member = node.property.type === 'Identifier' ? `${name}.${node.property.name}` : name
      if (PLATFORM_OBJECTS.has(name) || PLATFORM_MEMBERS.has(member)) report(member)
    },
  }).visit(source.program)
  return breaches
}

function checkFile(source: Source): string[] {
  const breaches: string[] = []
  const lines = source.text.trimEnd().split('\n').length
  if (lines > MAX_LINES) breaches.push(`${source.path}: ${lines} lines, more than ${MAX_LINES}`)
  const names = source.path.split('/').map((part) => basename(part, '.ts'))
  for (const name of names) {
    if (EMPTY_NAMES.has(name)) breaches.push(`${source.path}: ${name} says nothing`)
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) breaches.push(`${source.path}: ${name} is not kebab-case`)
  }
  return breaches
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object }
const dependencies = new Set(Object.keys(manifest.dependencies))
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

const BREACHES: Array<[path: string, text: string, breach: RegExp | null]> = [
  ['lib/rpc/a.ts', `import { x } from '../wire/x.js'`, null],
  ['lib/rpc/a.ts', `import { x } from './x.js'`, null],
  ['lib/rpc/a.ts', `import type { X } from '../routing/x.js'`, null],
  ['lib/rpc/a.ts', `import { type X } from '../routing/x.js'`, null],
  ['lib/rpc/a.ts', `export type { X } from '../routing/x.js'`, null],
  ['lib/rpc/a.ts', `import { type X, x } from '../routing/x.js'`, /rpc must not import values of routing/],
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
  ['lib/node/a.ts', `import udx from 'udx-native'`, /away from its home/],
  ['lib/wire/a.ts', `import sodium from 'sodium-universal'`, /away from its home/],
  ['lib/primitives/a.ts', `import sodium from 'sodium-universal'`, null],
  ['lib/wire/a.ts', `import x from 'fs'`, /no dependency/],
  ['lib/wire/a.ts', `import x from 'compact-encoding/raw'`, null],
]

for (const [path, text, breach] of BREACHES) {
  test(`imports: the guard ${breach === null ? 'lets pass' : 'sees'} ${path}: ${text.replace('\n', '; ')}`, (t) => {
    const found = checkImports(parseSource(path, text), dependencies)
    if (breach === null) t.alike(found, [])
    else t.ok(found.length === 1 && breach.test(found[0] ?? ''), found.join())
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
