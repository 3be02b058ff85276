/**
 * The package in a page, as applications get it: built by esbuild, vite and webpack without any configuration, run in
 * Chromium, by itself and in a network behind a gateway; and how large the core of it is.
 */
import { build as buildByEsbuild } from 'esbuild'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build as buildByVite } from 'vite'
import webpack from 'webpack'
import { Gateway } from '../../lib/gateway/index.js'
import { createTestnet } from '../../lib/testnet/index.js'
import { launchChromium, serveFiles } from '../tooling/chromium.js'

/** What a page may pay for the core, compressed. */
export const MAX_CORE_BYTES = 60_000

const CORE = `import DHT from 'xorpc'\nglobalThis.DHT = DHT\n`

const HOST = '127.0.0.1'

/** Nodes on UDP that the page's node is to find. */
const REAL_NODES = 25

/**
 * A network in the page, on virtual time: a value and a record are written and read, and contacts are kept. And a node in a real network,
 * through a gateway, which looks up.
 */
const APPLICATION = `
import DHT, { DHTError } from 'xorpc'
import { IndexedDBContactStore } from 'xorpc/contact-store'
import { Records } from 'xorpc/records'
import { Simulation } from 'xorpc/simulation'

globalThis.run = async () => {
  const refused = (() => { try { return new DHT() } catch (error) { return error.message } })()
  const stores = []
  const create = (options) => {
    const node = new DHT(options)
    stores.push(new Records(node, { clock: options.clock, random: options.random, hyperdht: false }))
    return node
  }
  const sim = new Simulation({ seed: 1, create })
  const nodes = await sim.startNodes(30)
  const values = new Map()
  for (const node of nodes) {
    node.on('request', (request) => {
      if (request.token !== null) values.set(node, request.value)
      request.reply(values.get(node) ?? null)
    })
  }
  const target = nodes[3].id
  const value = new TextEncoder().encode('kept')
  await sim.run(nodes[1].query({ target, command: 7, value }, { commit: true }).finished())
  const found = []
  const query = nodes[2].query({ target, command: 7 }, { map: (reply) => reply.value })
  query.on('data', (bytes) => bytes !== null && found.push(new TextDecoder().decode(bytes)))
  await sim.run(query.finished())
  const keyPair = await Records.keyPair()
  await sim.run(stores[1].put({ keyPair, value: new TextEncoder().encode('signed') }))
  const read = await sim.run(stores[9].get(keyPair.publicKey))
  for (const records of stores) await records.close()
  const store = new IndexedDBContactStore('test')
  await store.save(nodes[1].exportContacts())
  const { contacts } = await store.load()
  await sim.destroy()
  return { refused, isClass: nodes[0] instanceof DHT, isError: new DHTError('NODE_DESTROYED') instanceof Error,
    holders: values.size, found: found.length, value: found[0], contacts: contacts.length,
    record: new TextDecoder().decode(read.value) }
}

globalThis.lookUp = async (options) => {
  const node = new DHT(options)
  await node.fullyBootstrapped()
  const query = node.findNode(new Uint8Array(32).fill(5))
  await query.finished()
  const ports = query.closestNodes.map(({ port }) => port)
  await node.destroy()
  return ports
}
`

export interface Bundle {
  name: string
  sizeBytes: number
  gzipBytes: number
}

function measure(name: string, text: Uint8Array): Bundle {
  return { name, sizeBytes: text.length, gzipBytes: gzipSync(text, { level: 9 }).length }
}

/** The core, by esbuild. @param dir a project that has the package installed */
export async function bundleCore(dir: string): Promise<Bundle> {
  writeFileSync(join(dir, 'core.js'), CORE)
  const { outputFiles } = await buildByEsbuild({
    absWorkingDir: dir,
    entryPoints: ['core.js'],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  })
  return measure('core', outputFiles[0]!.contents)
}

/** The files that each bundler makes of a small application, by bundler; none is configured beyond where to read and write. */
const BUNDLERS: Record<string, (dir: string, outDir: string) => Promise<unknown>> = {
  esbuild: async (dir, outDir) =>
    buildByEsbuild({
      absWorkingDir: dir,
      entryPoints: ['app.js'],
      bundle: true,
      minify: true,
      format: 'esm',
      outdir: outDir,
      logLevel: 'silent',
    }),
  vite: async (dir, outDir) => buildByVite({ root: dir, configFile: false, logLevel: 'silent', build: { outDir } }),
  webpack: async (dir, outDir) =>
    new Promise((resolve, reject) => {
      const options = { context: dir, entry: './app.js', mode: 'production', output: { path: outDir } } as const
      webpack(options, (error, stats) => {
        const problem = error?.message ?? (stats?.hasErrors() ? stats.toString('errors-only') : null)
        if (problem === null) resolve(null)
        else reject(new Error(problem))
      })
    }),
}

export interface BundleRun {
  bundle: Bundle
  /** What the application says of the network in the page. */
  result: unknown
  /** Nodes of the real network that the page's lookup found, of those there are. */
  found: number
  size: number
}

/** What the page has as globals. */
interface PageGlobals {
  run(): Promise<unknown>
  lookUp(options: { gateway: string; bootstrap: unknown }): Promise<number[]>
}

/** What the application says in Chromium, for each bundler. @param dir a project that has the package installed */
export async function runBundles(dir: string): Promise<BundleRun[]> {
  writeFileSync(join(dir, 'app.js'), APPLICATION)
  writeFileSync(join(dir, 'index.html'), '<script type="module" src="./app.js"></script>')
  const browser = await launchChromium()
  const testnet = await createTestnet(REAL_NODES)
  const gateway = new Gateway({ host: HOST, allow: ['loopback'], origins: '*' })
  try {
    const { url } = await gateway.listen(0, HOST)
    const options = { gateway: url, bootstrap: testnet.bootstrap }
    const known = new Set(testnet.nodes.map((node) => node.address()!.port))
    const results = []
    for (const [name, build] of Object.entries(BUNDLERS)) {
      const outDir = join(dir, `by-${name}`)
      mkdirSync(outDir)
      await build(dir, outDir)
      const [file] = readdirSync(outDir, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'))
      if (file === undefined) throw new Error(`${name} made no script`)
      const script = readFileSync(join(outDir, file))
      const { server, origin } = await serveFiles(new Map([['/app.js', script]]))
      const page = await browser.newPage()
      await page.goto(origin)
      await page.addScriptTag({ url: '/app.js', type: 'module' })
      const result = await page.evaluate(async () => (globalThis as unknown as PageGlobals).run())
      const ports = await page.evaluate(async (given) => (globalThis as unknown as PageGlobals).lookUp(given), options)
      const found = ports.filter((port) => known.has(port)).length
      results.push({ bundle: measure(name, script), result, found, size: Math.min(20, known.size) })
      await page.close()
      server.closeAllConnections()
      server.close()
    }
    return results
  } finally {
    await browser.close()
    await gateway.close({ withinMs: 0 })
    await testnet.destroy()
  }
}
