/** Nodes in Workers of Chromium, behind a gateway, in a network of nodes on UDP. */
import test from 'brittle'
import type { Page } from 'playwright-core'
import { idFromAddress } from '../../lib/primitives/id.js'
import { GET } from '../helpers/store.js'
import { type NodeState, startPages } from './pages.js'

const TIMEOUT = { timeout: 120_000 }

const TARGET = new Uint8Array(32).fill(7)

/** As a page sees a worker: a test compiles without the types of documents. */
interface WorkerPort {
  postMessage(data: unknown): void
  onmessage: (event: { data: NodeState }) => void
}

interface WorkerGlobals {
  Worker: new (url: string, options: object) => WorkerPort
  SharedWorker: new (url: string, options: object) => { port: WorkerPort }
}

/** Has the worker of a page start a node, unless it has one. @returns its state when it is persistent */
async function nodeOf(page: Page, kind: 'Worker' | 'SharedWorker', options: object): Promise<NodeState> {
  return page.evaluate(
    async ({ shared, given }) =>
      new Promise<NodeState>((resolve) => {
        const { Worker, SharedWorker } = globalThis as unknown as WorkerGlobals
        const settings = { type: 'module' }
        const port = shared ? new SharedWorker('/worker.js', settings).port : new Worker('/worker.js', settings)
        // oxlint-disable-next-line unicorn/prefer-add-event-listener -- this way a port starts, too
        port.onmessage = ({ data }) => resolve(data)
        port.postMessage(given)
      }),
    { shared: kind === 'SharedWorker', given: options },
  )
}

test('workers: a node in a Worker of a page turns persistent, and answers', TIMEOUT, async (t) => {
  const { testnet, url, open } = await startPages(t, 8)
  const options = { gateway: url, bootstrap: testnet.bootstrap, ephemeral: false }
  const { id, ephemeral, address } = await nodeOf(await open(), 'Worker', options)
  t.is(ephemeral, false)
  t.alike(id, [...idFromAddress(address!.host, address!.port)])
  t.is((await testnet.nodes[3]!.request({ command: GET, target: TARGET }, address!)).error, 0)
})

test('workers: the tabs of an origin share one node in a SharedWorker', TIMEOUT, async (t) => {
  const { testnet, gateway, url, open } = await startPages(t, 8)
  const options = { gateway: url, bootstrap: testnet.bootstrap, ephemeral: false }
  const [first, second] = [await open(), await open()]
  const state = await nodeOf(first, 'SharedWorker', options)
  t.is(state.ephemeral, false)
  t.alike((await nodeOf(second, 'SharedWorker', options)).address, state.address)
  t.is(gateway.stats.connections.open, 1, 'one connection for both')
  await first.close()
  t.is(
    (await testnet.nodes[3]!.request({ command: GET, target: TARGET }, state.address!)).error,
    0,
    'it outlives a tab',
  )
})
