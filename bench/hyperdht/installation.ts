/**
 * The packages hyperdht and hyperswarm, twice: as npm installed them, on dht-rpc, and as docs/HYPERDHT.md says, with a
 * link to compat/dht-rpc in the place of dht-rpc. The second one is a folder as npm makes it, but of links: Node.js and
 * Bare resolve a package from where its files really are, so only the packages that load dht-rpc have to be copied.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { HyperDHTClass, HyperswarmClass } from './packages.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** What a node runs on. */
export type Engine = 'xorpc' | 'dht-rpc'

export const ENGINES: readonly Engine[] = ['xorpc', 'dht-rpc']

/** Of every pair one on each, and both on ours. */
export const PAIRS: readonly [Engine, Engine][] = [
  ['xorpc', 'xorpc'],
  ['xorpc', 'dht-rpc'],
  ['dht-rpc', 'xorpc'],
]

export interface Installation {
  HyperDHT: HyperDHTClass
  Hyperswarm: HyperswarmClass
  /** As the application's own files would. */
  require: NodeJS.Require
  /** The application's folder. */
  path: string
}

const installed = new Map<Engine, Promise<Installation>>()

/** An application that has them. */
export function installation(engine: Engine): Promise<Installation> {
  let found = installed.get(engine)
  if (found === undefined) {
    found = engine === 'xorpc' ? loadCompat() : load(ROOT, new URL('bench/hyperdht/require.cjs', pathToFileURL(ROOT)))
    installed.set(engine, found)
  }
  return found
}

/**
 * @param path folder of the application
 * @param file one of its files, which gives its own `require`: each runtime has its own way to make one from outside
 */
async function load(path: string, file: URL): Promise<Installation> {
  const { default: require } = (await import(file.href)) as { default: NodeJS.Require }
  return {
    HyperDHT: require('hyperdht') as HyperDHTClass,
    Hyperswarm: require('hyperswarm') as HyperswarmClass,
    require,
    path,
  }
}

function loadCompat(): Promise<Installation> {
  const path = installCompat()
  const file = join(path, 'require.cjs')
  writeFileSync(file, 'module.exports = require\n')
  return load(path, pathToFileURL(file))
}

/** What {@link installation} has made. BOUNDED: one. */
const folders: string[] = []

/** Removes what was installed here. Done at the end of the process, too, unless it is killed. */
export function removeInstallation(): void {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true })
  installed.clear()
}

process.on('exit', removeInstallation)

/** An application with the override: its folder. */
function installCompat(): string {
  const path = mkdtempSync(join(tmpdir(), 'xorpc-hyperdht-'))
  folders.push(path)
  const modules = join(path, 'node_modules')
  mkdirSync(modules)
  const packages = listPackages()
  const onDht = dependents(packages, 'dht-rpc')
  for (const [name, { folder }] of packages) {
    if (name === 'dht-rpc' || name === 'xorpc') continue
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    if (onDht.has(name)) cpSync(folder, join(modules, name), { recursive: true })
    else symlinkSync(folder, join(modules, name), 'junction')
  }
  symlinkSync(ROOT, join(modules, 'xorpc'), 'junction')
  // The override of docs/HYPERDHT.md.
  symlinkSync(join(modules, 'xorpc/compat/dht-rpc'), join(modules, 'dht-rpc'), 'junction')
  return path
}

/** Releases of what is measured and tested here. */
export async function readVersions(): Promise<Record<'hyperdht' | 'hyperswarm', string>> {
  const { require } = await installation('dht-rpc')
  const read = (name: string): string => (require(`${name}/package.json`) as { version: string }).version
  return { hyperdht: read('hyperdht'), hyperswarm: read('hyperswarm') }
}

interface Installed {
  folder: string
  dependencies: string[]
}

function listPackages(): Map<string, Installed> {
  const modules = join(ROOT, 'node_modules')
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  )
  const packages = new Map<string, Installed>()
  for (const name of names) {
    const folder = join(modules, name)
    const manifest = join(folder, 'package.json')
    if (name.startsWith('.') || !existsSync(manifest)) continue
    const { dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as { dependencies?: object }
    packages.set(name, { folder, dependencies: Object.keys(dependencies) })
  }
  return packages
}

/** Packages that load this one, directly or not. */
function dependents(packages: Map<string, Installed>, of: string): Set<string> {
  const found = new Set([of])
  for (let before = 0; before !== found.size;) {
    before = found.size
    for (const [name, { dependencies }] of packages) if (dependencies.some((one) => found.has(one))) found.add(name)
  }
  return found
}
