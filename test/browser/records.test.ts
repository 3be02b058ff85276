/** Records in a page: with real HyperDHT nodes behind the gateway, in both directions, and kept in the page's IndexedDB. */
import test from 'brittle'
import type { Page } from 'playwright-core'
import { Records } from '../../lib/records/index.js'
import { repeat, startHyperdht, startNetwork, startRecords } from '../records/interop/network.js'
import { type PageGlobals, startPages } from './pages.js'

const TIMEOUT = { timeout: 150_000 }
const HYPERDHT_NODES = 10

/** A module in the page, on its node. `name`: of the database; null: it keeps nothing. */
async function mount(page: Page, name: string | null): Promise<void> {
  await page.evaluate((database) => {
    const globals = globalThis as unknown as PageGlobals & { records: Records }
    const { node, Records: Class, LevelStore, BrowserLevel } = globals
    globals.records =
      database === null
        ? new Class(node, { serve: false })
        : new Class(node, { store: new LevelStore(new BrowserLevel(database)) })
  }, name)
}

test(
  'pages: a page writes values to HyperDHT nodes, which HyperDHT clients read, and reads theirs',
  TIMEOUT,
  async (t) => {
    const network = await startNetwork(t, repeat('hyperdht', HYPERDHT_NODES))
    const theirs = await startHyperdht(t, network)
    const { openNode } = await startPages(t, 1)
    const page = await openNode({ bootstrap: network.bootstrap, ephemeral: true })
    await mount(page, null)
    const keys = await Records.keyPair(Buffer.alloc(32, 5))
    const keyPair = { publicKey: Buffer.from(keys.publicKey), secretKey: Buffer.from(keys.secretKey) }

    const written = await page.evaluate(
      async ({ publicKey, secretKey }) => {
        const { records } = globalThis as unknown as { records: Records }
        const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
        const owner = { publicKey: Uint8Array.from(publicKey), secretKey: Uint8Array.from(secretKey) }
        const { hash, outcome } = await records.hyperdht.immutablePut(bytes('not to be changed'))
        const mutable = await records.hyperdht.mutablePut(owner, bytes('by the page'), { seq: 1 })
        return { hash: [...hash], stored: [outcome.stored.length, mutable.outcome.stored.length] }
      },
      { publicKey: [...keys.publicKey], secretKey: [...keys.secretKey] },
    )
    t.alike(written.stored, [HYPERDHT_NODES, HYPERDHT_NODES], 'all nodes took both')
    t.is(String((await theirs.immutableGet(Buffer.from(written.hash)))?.value), 'not to be changed')
    const read = await theirs.mutableGet(keyPair.publicKey, { latest: true })
    t.alike([read?.seq, String(read?.value)], [1, 'by the page'])

    await theirs.mutablePut(keyPair, Buffer.from('by HyperDHT'), { seq: 2 })
    const { hash } = await theirs.immutablePut(Buffer.from('of theirs'))
    const found = await page.evaluate(
      async ({ publicKey, key }) => {
        const { records } = globalThis as unknown as { records: Records }
        const text = (bytes: Uint8Array | undefined): string | null => (bytes ? new TextDecoder().decode(bytes) : null)
        const mutable = await records.hyperdht.mutableGet(Uint8Array.from(publicKey))
        const immutable = await records.hyperdht.immutableGet(Uint8Array.from(key))
        return { seq: mutable?.seq, mutable: text(mutable?.value), immutable: text(immutable?.value) }
      },
      { publicKey: [...keys.publicKey], key: [...hash] },
    )
    t.alike(found, { seq: 2, mutable: 'by HyperDHT', immutable: 'of theirs' })
  },
)

test('pages: a page keeps records for others in its database, and has them when it comes back', TIMEOUT, async (t) => {
  const { openNode, testnet } = await startPages(t, 1)
  const network = { bootstrap: testnet.bootstrap, records: [] }
  const page = await openNode()
  await mount(page, 'records of a page')
  await page.evaluate(async () => {
    const { until, node } = globalThis as unknown as PageGlobals
    await until(() => !node.ephemeral)
  })
  const keyPair = await Records.keyPair(Buffer.alloc(32, 6))
  const ours = await startRecords(t, network)
  const { stored } = await (await ours.put({ keyPair, value: Buffer.from('kept by a page'), republish: false })).settled
  t.is(stored.length, 1, 'the page is the only node that keeps records')
  const found = await ours.get(keyPair.publicKey)
  t.is(String(Buffer.from(found.value!)), 'kept by a page')
  await page.evaluate(() => (globalThis as unknown as { records: Records }).records.close())
  await page.reload()
  const count = await page.evaluate(async (origin) => {
    await import(`${origin}/page.js`)
    const { DHT, Records: Class, LevelStore, BrowserLevel } = globalThis as unknown as PageGlobals
    const records = new Class(new DHT({ bootstrap: [], gateway: 'ws://127.0.0.1:1' }), {
      store: new LevelStore(new BrowserLevel('records of a page')),
    })
    await records.ready()
    return records.stats.usage.entries
  }, new URL(page.url()).origin)
  t.is(count, 1)
})
