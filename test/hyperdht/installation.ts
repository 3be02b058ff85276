/**
 * The packages hyperdht and hyperswarm, twice: as npm installed them, on dht-rpc, and as docs/HYPERDHT.md says, with a
 * link to compat/dht-rpc in the place of dht-rpc. The second one is a folder as npm makes it, but of links: Node.js
 * resolves a package from where its files really are, so only the packages that load dht-rpc have to be copied.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

const installed = new Map<Engine, Installation>()

export function installation(engine: Engine): Installation {
  let found = installed.get(engine)
  if (found === undefined) {
    found = load(engine === 'xorpc' ? installCompat() : ROOT)
    installed.set(engine, found)
  }
  return found
}

function load(path: string): Installation {
  const require = createRequire(join(path, 'index.js'))
  return {
    HyperDHT: require('hyperdht') as HyperDHTClass,
    Hyperswarm: require('hyperswarm') as HyperswarmClass,
    require,
    path,
  }
}

/** An application with the override: its folder. Removed when the process ends. */
function installCompat(): string {
  const path = mkdtempSync(join(tmpdir(), 'xorpc-hyperdht-'))
  process.on('exit', () => rmSync(path, { recursive: true, force: true }))
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
