/** Nodes in pages of Chromium, behind a gateway, in a network of nodes on UDP. */
import type { Assert } from 'brittle'
import type { BrowserLevel } from 'browser-level'
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { DHT } from '../../index.js'
import { Gateway, type GatewayServerOptions } from '../../lib/gateway/index.js'
import type { LevelStore, Records } from '../../lib/records/index.js'
import { createTestnet, type Testnet } from '../../lib/testnet/index.js'
import { CERTIFICATE, CERTIFICATE_KEY } from '../helpers/certificate.js'
import { GET, serveStore } from '../helpers/store.js'
import { launchChromium, serveFiles } from '../tooling/chromium.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

export const HOST = '127.0.0.1'

/** What pages get as globals. `serve` does what `serveStore` does; `start` starts one that serves. */
const PAGE_SCRIPT = `
import DHT from './dist/index.js'
import { IndexedDBContactStore } from './dist/lib/contact-store/browser.js'
import { LevelStore, Records } from './dist/lib/records/index.js'
import { BrowserLevel } from 'browser-level'

function serve(node) {
  const values = new Map()
  node.on('request', (req) => {
    if (req.target === null) return req.error(16)
    const key = req.target.join()
    if (req.command === ${GET}) return req.reply(values.get(key) ?? null)
    if (req.token !== null && req.value !== null) values.set(key, Uint8Array.from(req.value))
    return req.reply(null)
  })
}

const sockets = []
const { WebSocket } = globalThis
globalThis.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args)
    sockets.push(this)
  }
}

async function start({ store, ...options }) {
  const contactStore = store === undefined ? undefined : new IndexedDBContactStore(store)
  const node = new DHT({ ...options, contactStore })
  serve(node)
  globalThis.node = node
  await node.fullyBootstrapped()
}

async function until(predicate) {
  for (let i = 0; i < 600 && !predicate(); i++) await new Promise((resolve) => setTimeout(resolve, 50))
  return predicate()
}

const state = () => ({
  id: node.id === null ? null : [...node.id],
  ephemeral: node.ephemeral,
  known: node.table.size,
  address: node.remoteAddress(),
})

Object.assign(globalThis, { DHT, IndexedDBContactStore, Records, LevelStore, BrowserLevel, start, until, state, sockets })
`

/** A worker with a node of its own, or one that several pages share: whoever asks is told its state once it is persistent. */
const WORKER_SCRIPT = `
import './page.js'

let started
async function answer(options, asker) {
  started ??= start(options)
  await started
  await until(() => !node.ephemeral)
  asker.postMessage(state())
}
addEventListener('message', ({ data }) => answer(data, globalThis))
addEventListener('connect', ({ ports: [port] }) => {
  port.onmessage = ({ data }) => answer(data, port)
})
`

/** What pages have as globals, for the functions that tests run in them. */
export interface PageGlobals {
  DHT: typeof DHT
  Records: typeof Records
  LevelStore: typeof LevelStore
  BrowserLevel: typeof BrowserLevel
  node: DHT
  sockets: { readyState: number; close(): void }[]
  start(options: object): Promise<void>
  until(predicate: () => boolean): Promise<boolean>
  state(): NodeState
}

export interface NodeState {
  id: number[] | null
  ephemeral: boolean
  known: number
  address: { host: string; port: number } | null
}

export interface ServedNetwork {
  testnet: Testnet
  gateway: Gateway
  url: string
  /** Where the page is. */
  origin: string
}

export interface PageNetwork extends ServedNetwork {
  browser: Browser
  context: BrowserContext
  /** A page with the globals; close it yourself or not. */
  open(): Promise<Page>
  /** A page with a node in it that joined. */
  openNode(options?: object): Promise<Page>
}

/** The certificate that pages over https are served with. */
const TLS = { key: CERTIFICATE_KEY, cert: CERTIFICATE }

/** Of the gateway, where it is at the server of the pages. */
const TLS_PATH = '/dht'

export interface PageNetworkOptions extends GatewayServerOptions {
  /** Serve pages over https, by the server that the gateway is attached to. */
  tls?: boolean
}

/** A network of nodes on UDP, a gateway, and a server with the page; all are gone after the test. */
export async function serveNetwork(
  t: Assert,
  size: number,
  { tls = false, ...options }: PageNetworkOptions = {},
): Promise<ServedNetwork> {
  const bundle = await build({
    stdin: { contents: PAGE_SCRIPT, resolveDir: ROOT },
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  })
  const files = new Map([
    ['/page.js', bundle.outputFiles[0]!.contents],
    ['/worker.js', new TextEncoder().encode(WORKER_SCRIPT)],
  ])
  const { server, origin } = await serveFiles(files, tls ? { tls: TLS } : {})
  t.teardown(() => void server.close(), { order: 3 })
  const testnet = await createTestnet(size, { teardown: t.teardown })
  for (const node of testnet.nodes) serveStore(node)
  // Pages of the gateway's own host may use it anyway.
  const limits = { connectionsPerMinute: Infinity, origins: tls ? undefined : [origin], ...options }
  const gateway = new Gateway({ host: HOST, allow: ['loopback'], ...limits })
  t.teardown(() => gateway.close({ withinMs: 0 }), { order: 2 })
  if (tls) gateway.attach(server, { path: TLS_PATH })
  const url = tls ? `${origin.replace('https', 'wss')}${TLS_PATH}` : (await gateway.listen(0, HOST)).url
  return { testnet, gateway, url, origin }
}

/** The same, and a browser. */
export async function startPages(t: Assert, size: number, options: PageNetworkOptions = {}): Promise<PageNetwork> {
  const { testnet, gateway, url, origin } = await serveNetwork(t, size, options)
  const browser = await launchChromium()
  t.teardown(() => browser.close(), { order: 1 })
  const context = await browser.newContext({ ignoreHTTPSErrors: options.tls === true })
  const open = async (): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(origin)
    await page.addScriptTag({ url: '/page.js', type: 'module' })
    await page.waitForFunction(() => 'start' in globalThis)
    return page
  }
  const openNode = async (nodeOptions: object = {}): Promise<Page> => {
    const page = await open()
    const all = { gateway: url, bootstrap: testnet.bootstrap, ephemeral: false, ...nodeOptions }
    await page.evaluate(async (given) => (globalThis as unknown as PageGlobals).start(given), all)
    return page
  }
  return { testnet, gateway, url, browser, context, origin, open, openNode }
}

/** Waits until the node of a page is persistent. @returns its state then */
export async function persistentState(page: Page): Promise<NodeState> {
  return page.evaluate(async () => {
    const { until, node, state } = globalThis as unknown as PageGlobals
    await until(() => !node.ephemeral)
    return state()
  })
}
