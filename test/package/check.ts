/**
 * Checks the package as its users get it: packs it, has publint and attw look at the tarball, installs it into an empty
 * project, and there loads it by `import` and `require` and compiles TypeScript against it.
 *
 *     node dist/test/package/check.js
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { hasChromium, INSTALL_HINT } from '../tooling/chromium.js'
import { bundleCore, MAX_CORE_BYTES, runBundles } from './bundles.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const { resolve } = createRequire(import.meta.url)

/** A step that takes longer hangs. */
const STEP_LIMIT_MS = 120_000

/** What pages that are not built load by an import map. */
const BROWSER_FILE = 'dist/browser/xorpc.js'

/** What must never be in the tarball. */
const UNWANTED = /(^|\/)(test|bench|examples|tutorial|node_modules)\/|\.tsbuildinfo$|(^|\/)\.(?!\/)/

const LOAD_ESM = `
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import Default, { DHT } from 'xorpc'
const required = createRequire(import.meta.url)('xorpc')
assert.equal(typeof DHT, 'function')
assert.equal(Default, DHT, 'default import')
assert.equal(required, DHT, 'require')
const { Simulation } = await import('xorpc/simulation')
const { createTestnet } = await import('xorpc/testnet')
const { FileContactStore } = await import('xorpc/contact-store')
const { Records } = await import('xorpc/records')
const { Gateway } = await import('xorpc/gateway')
const sim = new Simulation({ seed: 1 })
await sim.startNodes(3)
await sim.destroy()
assert.equal(await new FileContactStore('./nothing-there.json').load(), null)
const testnet = await createTestnet(3)
const gateway = new Gateway({ host: '127.0.0.1', allow: ['loopback'] })
const { url } = await gateway.listen()
const node = new DHT({ gateway: url, bootstrap: testnet.bootstrap })
await node.fullyBootstrapped()
assert.ok(node.table.size > 0, 'through the gateway')
const [writer] = testnet.nodes.map((each) => new Records(each))
const keyPair = await Records.keyPair()
await writer.put({ keyPair, value: new TextEncoder().encode('kept'), ttlMs: 60_000 })
const { value } = await new Records(node).get(keyPair.publicKey)
assert.equal(new TextDecoder().decode(value), 'kept')
await node.destroy()
await gateway.close()
await testnet.destroy()
const stand = await import('xorpc/dht-rpc')
assert.equal(createRequire(import.meta.url)('xorpc/dht-rpc'), stand.default, 'stand-in for dht-rpc')
assert.ok(Object.create(stand.default.prototype) instanceof DHT)
`

const LOAD_CJS = `
const assert = require('node:assert/strict')
const DHT = require('xorpc')
assert.equal(typeof DHT, 'function')
import('xorpc').then((module) => {
  assert.equal(module.default, DHT, 'default import')
  assert.equal(module.DHT, DHT, 'named import')
})
`

const TYPES_ESM = `
import Default, { DHT } from 'xorpc'
const same: typeof DHT = Default
export function use(node: DHT): Default { return node instanceof same ? node : new DHT() }
import { Simulation } from 'xorpc/simulation'
import { createTestnet, type Testnet } from 'xorpc/testnet'
export const simulated: DHT = new Simulation({ seed: 1 }).createNode()
export const real: Promise<Testnet> = createTestnet(2)
import StandIn, { type DHTOptions, type Request } from 'xorpc/dht-rpc'
export class MyDHT extends StandIn {
  constructor(options: DHTOptions & { loud?: boolean } = {}) {
    super(options)
    this.on('nat-update', (host, port) => void ((host ?? '').length + (port ?? 0)))
    // @ts-expect-error there is no such event
    this.on('no-such-event', () => {})
  }
  override onrequest(req: Request): boolean {
    const target: Uint8Array | null = req.target
    if (req.command !== 1 || target === null) return false
    req.reply(req.value)
    return true
  }
  override async suspend(options?: object): Promise<void> { await super.suspend(options) }
}
export const mine: MyDHT = MyDHT.bootstrapper(10001, '127.0.0.1', { ephemeral: false })
// @ts-expect-error a port is a number or a range
export const wrong = new MyDHT({ port: 'any' })
`

const TYPES_CJS = `
import DHT = require('xorpc')
export function use(node: DHT): DHT { return node instanceof DHT ? node : new DHT() }
import StandIn = require('xorpc/dht-rpc')
import { type DHTOptions, type Request } from 'xorpc/dht-rpc'
export class MyDHT extends StandIn {
  constructor(options: DHTOptions = {}) { super(options) }
  override onrequest(req: Request): boolean { return req.command === 1 }
}
// @ts-expect-error a port is a number or a range
export const wrong = new MyDHT({ port: 'any' })
`

/** No types of a runtime and no skipLibCheck: our declarations must hold by themselves. */
const CONSUMER_TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2023'],
    types: [],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ['types-esm.mts', 'types-cjs.cts'],
}

class StepFailed extends Error {}

/** Runs a program; what it prints is shown when it fails. */
function run(cwd: string, command: string, args: string[]): string {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: STEP_LIMIT_MS,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  })
  if (error) throw new StepFailed(String(error))
  if (status !== 0) throw new StepFailed(`exit code ${status ?? signal}\n${stdout}${stderr}`)
  return stdout
}

/** The program a package offers under a name, wherever npm has put the package. */
function findProgram(name: string, program: string): string {
  const path = findManifest(name)
  const { bin } = JSON.parse(readFileSync(path, 'utf8')) as { bin: string | Record<string, string> }
  const file = typeof bin === 'string' ? bin : bin[program]
  if (file === undefined) throw new StepFailed(`${name} has no program ${program}`)
  return join(dirname(path), file)
}

function findManifest(name: string): string {
  for (const dir of resolve.paths(name) ?? []) {
    const path = join(dir, name, 'package.json')
    try {
      readFileSync(path)
      return path
    } catch {
      // Not in this one.
    }
  }
  throw new StepFailed(`${name} is not installed`)
}

function runNode(cwd: string, args: string[]): void {
  run(cwd, process.execPath, args)
}

function pack(dir: string): string {
  // The build is there already, and its script would print into our JSON. The file for import maps is made when it is published.
  run(ROOT, 'npm', ['run', '--silent', 'build:browser'])
  const out = run(ROOT, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir])
  const [packed] = JSON.parse(out) as Array<{ filename: string; files: Array<{ path: string }> }>
  if (packed === undefined) throw new StepFailed('npm pack packed nothing')
  const unwanted = packed.files.map((file) => file.path).filter((path) => UNWANTED.test(path))
  if (unwanted.length > 0) throw new StepFailed(`should not be in the tarball:\n${unwanted.join('\n')}`)
  if (!packed.files.some(({ path }) => path === BROWSER_FILE)) throw new StepFailed(`${BROWSER_FILE} is missing`)
  return join(dir, packed.filename)
}

function install(dir: string, tarball: string): void {
  mkdirSync(dir)
  writeFileSync(join(dir, 'package.json'), '{ "name": "consumer", "private": true }')
  run(dir, 'npm', ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball])
  writeFileSync(join(dir, 'load.mjs'), LOAD_ESM)
  writeFileSync(join(dir, 'load.cjs'), LOAD_CJS)
  writeFileSync(join(dir, 'types-esm.mts'), TYPES_ESM)
  writeFileSync(join(dir, 'types-cjs.cts'), TYPES_CJS)
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(CONSUMER_TSCONFIG))
}

async function checkCore(dir: string): Promise<string> {
  const { gzipBytes } = await bundleCore(dir)
  const size = `${(gzipBytes / 1000).toFixed(1)} kB`
  if (gzipBytes > MAX_CORE_BYTES) throw new StepFailed(`${size}, at most ${MAX_CORE_BYTES / 1000} kB`)
  return size
}

async function checkBundles(dir: string): Promise<string> {
  if (!hasChromium()) {
    if (process.env.CI) throw new StepFailed(INSTALL_HINT)
    return `NOT DONE: ${INSTALL_HINT}`
  }
  const sizes = []
  for (const { bundle, result, found, size } of await runBundles(dir)) {
    const wanted = {
      refused: 'no UDP here: pass gateway or transport',
      isClass: true,
      isError: true,
      holders: 20,
      found: 20,
      value: 'kept',
      record: 'signed',
    }
    const { contacts, ...rest } = result as { contacts: number }
    if (!(contacts >= 20)) throw new StepFailed(`${bundle.name}: ${contacts} contacts`)
    if (!isDeepStrictEqual(rest, wanted)) throw new StepFailed(`${bundle.name}: ${JSON.stringify(rest)}`)
    if (found < size) throw new StepFailed(`${bundle.name}: through a gateway ${found} of ${size} nodes were found`)
    sizes.push(`${bundle.name} ${(bundle.gzipBytes / 1000).toFixed(1)} kB, found ${found} nodes through a gateway`)
  }
  return sizes.join('; ')
}

async function main(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'xorpc-package-'))
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }))
  const consumer = join(dir, 'consumer')
  let tarball = ''
  let failed = 0
  const step = async (name: string, fn: () => void | Promise<string>): Promise<void> => {
    try {
      const result = await fn()
      console.log(result === undefined ? `ok   ${name}` : `ok   ${name}: ${result}`)
    } catch (err) {
      failed++
      console.log(`FAIL ${name}: ${err instanceof StepFailed ? err.message : String(err)}`)
    }
  }

  await step('npm pack', () => {
    tarball = pack(dir)
  })
  if (tarball === '') return 1
  await step('publint', () => runNode(ROOT, [findProgram('publint', 'publint'), 'run', '--strict', tarball]))
  // The one rule left out says that `require` meets an ES module. It is meant to: every Node.js from 20.19 on loads it,
  // and gives the class itself by the export named 'module.exports', which is checked below.
  const attw = findProgram('@arethetypeswrong/cli', 'attw')
  await step('are the types wrong', () =>
    runNode(ROOT, [attw, tarball, '--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm']),
  )
  await step('install', () => install(consumer, tarball))
  await step('load by import', () => runNode(consumer, ['load.mjs']))
  await step('load by require', () => runNode(consumer, ['load.cjs']))
  await step('types of a strict consumer', () => runNode(consumer, [findProgram('typescript', 'tsc'), '-p', '.']))
  await step('bundle of the core for browsers, minified, gzip', () => checkCore(consumer))
  await step('in Chromium, built without configuration', () => checkBundles(consumer))
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
