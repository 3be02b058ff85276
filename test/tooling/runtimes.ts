/** What test files run in: Node.js, and Bare, where the same files must run the same tests. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type RuntimeName = 'node' | 'bare'

export interface Runtime {
  name: RuntimeName
  /** Program and arguments; the file comes last. */
  command: readonly [program: string, ...args: string[]]
}

export const NODE: Runtime = { name: 'node', command: [process.execPath] }

const LOADER = fileURLToPath(new URL('../../../test/bare/load.js', import.meta.url))

/** Bare, which is a package of its own for each system. @returns null where npm installed none */
export function findBare(): Runtime | null {
  const { resolve } = createRequire(new URL('../../../test/bare/runtime/package.json', import.meta.url))
  let manifest
  try {
    manifest = resolve(`bare-runtime-${process.platform}-${process.arch}/package`)
  } catch {
    return null
  }
  const program = join(dirname(manifest), 'bin/bare')
  return existsSync(program) ? { name: 'bare', command: [program, LOADER] } : null
}

/** Systems that test/bare/runtime has a build of Bare for: not to find it there is a failure. */
export const HAS_BARE = new Set(['linux-x64'])

/**
 * Test files that run in Node.js only, and why. Every other file runs in both, with the same tests in both.
 *
 * By path, or by folder (with a slash at the end); what names no file is an error.
 */
export const NODE_ONLY: Record<string, string> = {
  'bench/command': 'starts processes of Node.js',
  'bench/plots': 'reads what processes of Node.js measured, and draws with a document for Node.js',
  'docs/': 'looks at the sources and runs the generator of the docs',
  'examples/': 'starts the examples in processes of Node.js',
  'hyperdht/documentation': 'runs the commands of the page, which are those of Node.js and npm',
  'network/churn': 'waits for real time: a hundred nodes on one core answer later there than a lookup waits',
  'records/kill': 'starts and kills processes of Node.js',
  'records/store/classic-level': 'the engine is for Node.js',
  'records/store/memory-level': 'abstract-level needs TextEncoder, which Bare has not',
  'reliability/processes': 'starts, stops and kills processes of Node.js',
  'network/lifecycle': 'starts processes of Node.js',
  'records/interop/values': 'runs the package hyperdht, by createRequire',
  'records/interop/vectors': 'runs the package hyperdht, by createRequire',
  'security/inventory': 'looks at the sources of the tests',
  'simulation/dht-rpc': 'asks Node.js what keeps the process alive',
  'simulation/redirected-timers': 'replaces the timers of Node.js; those of Bare go on beside it',
  'tooling/': 'looks at the sources and starts processes of Node.js',
  'tutorial/chapters': 'starts the chapters in processes of Node.js',
  'tutorial/page-chapters': 'of the page for browsers; reads its files',
  'tutorial/page-code': 'of the page for browsers; says where in the code an error is as V8 does',
  'tutorial/page-model': 'of the page for browsers',
  'tutorial/page-scene': 'of the page for browsers',
}

/** Why a file runs in Node.js only; null: it runs everywhere. */
export function whyNodeOnly(name: string): string | null {
  const folder = name.slice(0, name.indexOf('/') + 1)
  return NODE_ONLY[name] ?? NODE_ONLY[folder] ?? null
}
