/**
 * What test files run in: Node.js, Bare, a page of Chromium and a dedicated Worker of one, where the same files must run the
 * same tests.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processRuntime } from './process-runtime.js'

export type RuntimeName = 'node' | 'bare' | 'chromium' | 'worker'

const NAMES: readonly string[] = ['node', 'bare', 'chromium', 'worker'] satisfies RuntimeName[]

export function isRuntimeName(name: string): name is RuntimeName {
  return NAMES.includes(name)
}

export interface Runtime {
  name: RuntimeName
  /** @param file path of the compiled test file */
  run(file: string, where: RunPlace): Promise<Exit>
}

export interface RunPlace {
  /** Working directory, where there is one. */
  cwd: string
  /** After this time the file is ended, with all it started. */
  limitMs: number
}

/** How a file ended, and what it printed. */
export interface Exit {
  code: number | null
  signal: string | null
  /** Whether it had to be ended. */
  late: boolean
  stdout: string
  stderr: string
}

export const NODE: Runtime = processRuntime('node', [process.execPath])

const LOADER = fileURLToPath(new URL('../../../test/bare/load.js', import.meta.url))

/** Path of Bare, which is a package of its own for each system. @returns null where npm installed none */
export function findBareProgram(): string | null {
  const { resolve } = createRequire(new URL('../../../test/bare/runtime/package.json', import.meta.url))
  let manifest
  try {
    manifest = resolve(`bare-runtime-${process.platform}-${process.arch}/package`)
  } catch {
    return null
  }
  const program = join(dirname(manifest), 'bin/bare')
  return existsSync(program) ? program : null
}

export function findBare(): Runtime | null {
  const program = findBareProgram()
  return program === null ? null : processRuntime('bare', [program, LOADER])
}

/** Systems that test/bare/runtime has a build of Bare for: not to find it there is a failure. */
export const HAS_BARE = new Set(['linux-x64'])

/**
 * Test files that run in Node.js only, and why. Every other file runs in Bare as well, with the same tests.
 *
 * By path, or by folder (with a slash at the end); what names no file is an error.
 */
export const NODE_ONLY: Record<string, string> = {
  'bench/command': 'starts processes of Node.js',
  'bench/gateway': 'loads the benchmark of it, which starts processes',
  'bench/records': 'starts processes of Node.js',
  'bench/plots': 'reads what processes of Node.js measured, and draws with a document for Node.js',
  'browser/': 'drives a browser from Node.js',
  'docs/': 'looks at the sources and runs the generator of the docs',
  'examples/': 'starts the examples in processes of Node.js',
  'fuzz/frame-campaign': 'the gateway is for Node.js',
  'fuzz/guided/corpus': 'counts executed blocks with the inspector of V8',
  'gateway/': 'the gateway is for Node.js',
  'hyperdht/documentation': 'runs the commands of the page, which are those of Node.js and npm',
  'network/liars-exact': 'statistics of thousands of lookups; network/liars runs the same code in all runtimes',
  'node/session-memory': 'asks the collector of V8',
  'records/kill': 'starts and kills processes of Node.js',
  'records/store/classic-level': 'the engine is for Node.js',
  'records/store/memory-level': 'abstract-level needs TextEncoder, which Bare has not',
  'reliability/command': 'the command line of a program for Node.js',
  'reliability/resources': 'looks at what keeps a process of Node.js running',
  'reliability/processes': 'starts, stops and kills processes of Node.js',
  'records/interop/classes': 'runs the package hyperdht, by createRequire',
  'records/interop/values': 'runs the package hyperdht, by createRequire',
  'records/interop/vectors': 'runs the package hyperdht, by createRequire',
  'reliability/overload': 'loads the benchmark of it, which starts processes',
  'tooling/': 'looks at the sources and starts processes of Node.js',
  'tutorial/chapters': 'starts the chapters in processes of Node.js',
  'tutorial/page': 'starts Chromium',
  'tutorial/page-access': 'starts Chromium',
  'tutorial/page-faults': 'starts Chromium',
  'tutorial/page-real': 'starts Chromium, and a network on UDP sockets',
  'tutorial/page-run': 'starts Chromium',
  'tutorial/page-chapters': 'of the page for browsers; reads its files',
  'tutorial/page-code': 'of the page for browsers; says where in the code an error is as V8 does',
  'tutorial/page-model': 'of the page for browsers',
  'tutorial/page-scene': 'of the page for browsers',
  'tutorial/page-served': 'starts npm and Chromium',
}

/** Test files that do not run in Bare alone, and why; in the same form. */
export const NOT_IN_BARE: Record<string, string> = {
  'contact-store/indexed-db': 'Bare has no IndexedDB, and the copy of it for Node.js does not load there',
  'records/store/browser-level': 'Bare has no IndexedDB, and the copy of it for Node.js does not load there',
}

/** Test files that run in Node.js and Bare, not in browsers, and why; in the same form. */
export const NOT_IN_BROWSERS: Record<string, string> = {
  'bare/': 'what is special about the entries of the package in Bare; its networks are on UDP sockets',
  'bench/hyperdht': 'HyperDHT needs udx-native, which is native code',
  'bench/pool': 'tells its progress on the stderr of a process',
  'bench/simulated': 'compares with dht-rpc, which needs udx-native, native code',
  'contact-store/file': 'a browser has no files that programs share',
  'hyperdht/': 'HyperDHT is made for UDP sockets, and does not load in browsers',
  'interop/': 'dht-rpc runs on UDP sockets alone',
  'network/join': 'a large simulation, which takes minutes there',
  'network/lifecycle': 'starts processes',
  'network/lookups': 'a large simulation, which takes minutes there',
  'network/network-id': 'real UDP sockets',
  'network/sockets': 'real UDP sockets',
  'network/storage': 'a large simulation, which takes minutes there',
  'node/bootstrapper': 'real UDP sockets',
  'node/network-watch': 'hashes a hundred thousand addresses, which takes minutes there, and real UDP sockets',
  'records/dump/channel-dump': 'writes files, which browsers have not got',
  'records/dump/dumps': 'writes files, which browsers have not got',
  'reliability/small-buffers': 'real UDP sockets',
  'reliability/disk': 'full and broken disks: a browser has no files',
  'security/inventory': 'looks at the sources of the tests',
  'security/sockets': 'real UDP sockets',
  'security/work': 'counts executed blocks with the inspector of V8, and hashes in libsodium',
  'simulation/dht-rpc': 'compares with dht-rpc, which needs udx-native, native code',
  'simulation/redirected-timers': 'replaces timers that browsers have not got: setImmediate, process.nextTick',
  'simulation/udx': 'compares with udx-native, which is native code',
  'testnet/': 'real UDP sockets',
  'transport/direct-receive': 'the insides of UDP sockets',
  'transport/udp': 'real UDP sockets',
}

/** Nothing but computing on virtual time, and much of it: the page has run it on the same engine just before. */
const COMPUTES_LONG = 'a long simulation, the same in a Worker as in the page'

/** Test files that run in Node.js, Bare and a page, not in a Worker, and why; in the same form. */
export const NOT_IN_WORKERS: Record<string, string> = {
  'network/churn': COMPUTES_LONG,
  'network/liars': COMPUTES_LONG,
  'network/partition': COMPUTES_LONG,
  'node/network-loss': COMPUTES_LONG,
  'node/reunion': COMPUTES_LONG,
  'node/upkeep': COMPUTES_LONG,
  'query/network-size': 'long statistics, the same in a Worker as in the page',
  'query/omissions': COMPUTES_LONG,
  'records/collections': COMPUTES_LONG,
  'records/figures': COMPUTES_LONG,
  'records/figures-lifetime': COMPUTES_LONG,
  'records/large': COMPUTES_LONG,
  'records/large-keeping': COMPUTES_LONG,
  'records/sets': COMPUTES_LONG,
  'reliability/churn': COMPUTES_LONG,
  'security/identity': COMPUTES_LONG,
  'security/newcomers': COMPUTES_LONG,
  'simulation/churn': COMPUTES_LONG,
  'simulation/nat-nodes': COMPUTES_LONG,
}

/** All exceptions, for what has to hold for each. */
export const EXCEPTIONS: readonly Record<string, string>[] = [NODE_ONLY, NOT_IN_BARE, NOT_IN_BROWSERS, NOT_IN_WORKERS]

/** The lists that are about a runtime. */
const LISTS: Record<RuntimeName, readonly Record<string, string>[]> = {
  node: [],
  bare: [NODE_ONLY, NOT_IN_BARE],
  chromium: [NODE_ONLY, NOT_IN_BROWSERS],
  worker: [NODE_ONLY, NOT_IN_BROWSERS, NOT_IN_WORKERS],
}

/** Why a file does not run in a runtime; null: it does. */
export function whyNot(name: string, runtime: RuntimeName): string | null {
  for (const list of LISTS[runtime]) {
    const reason = find(list, name)
    if (reason !== null) return reason
  }
  return null
}

function find(list: Record<string, string>, name: string): string | null {
  const folder = name.slice(0, name.indexOf('/') + 1)
  return list[name] ?? list[folder] ?? null
}
