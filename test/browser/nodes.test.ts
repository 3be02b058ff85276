/** Pages whose nodes are in one network with nodes on UDP, in a real browser and behind a real gateway. */
import test from 'brittle'
import type { Page } from 'playwright-core'
import { idFromAddress } from '../../lib/primitives/id.js'
import { startProxy } from '../gateway/harness.js'
import { GET, PUT } from '../helpers/store.js'
import { type PageGlobals, persistentState, startPages } from './pages.js'

const TIMEOUT = { timeout: 150_000 }
const TARGET = Array.from({ length: 32 }, () => 7)

/** Asks one node for something, from a page. @returns error number of the reply */
async function ask(page: Page, to: { host: string; port: number }): Promise<number> {
  const message = { to, target: TARGET, command: GET }
  return page.evaluate(async ({ to: whom, target, command }) => {
    const { node } = globalThis as unknown as PageGlobals
    return (await node.request({ command, target: Uint8Array.from(target) }, whom)).error
  }, message)
}

async function read(page: Page): Promise<number[] | null> {
  return page.evaluate(
    async ({ target, command }) => {
      const { node } = globalThis as unknown as PageGlobals
      for await (const { value } of node.query({ command, target: Uint8Array.from(target) })) {
        if (value !== null) return [...value]
      }
      return null
    },
    { target: TARGET, command: GET },
  )
}

test('pages: two tabs and nodes on UDP turn persistent, ask each other, commit and read', TIMEOUT, async (t) => {
  const { testnet, openNode } = await startPages(t, 10)
  const [first, second] = [await openNode(), await openNode()]
  const states = [await persistentState(first), await persistentState(second)]
  for (const { id, ephemeral, address } of states) {
    t.is(ephemeral, false)
    t.alike(id, [...idFromAddress(address!.host, address!.port)], 'the id is the hash of the address')
  }
  const [one, two] = states.map(({ address }) => address!) as [
    { host: string; port: number },
    { host: string; port: number },
  ]
  const node = testnet.nodes[4]!
  t.is(await ask(first, two), 0, 'page to page')
  t.is(await ask(second, one), 0, 'and back')
  t.is(await ask(first, node.remoteAddress()!), 0, 'page to node')
  t.is((await node.request({ command: GET, target: Uint8Array.from(TARGET) }, one)).error, 0, 'node to page')

  const stored = await first.evaluate(
    async ({ target, command }) => {
      const { node: own } = globalThis as unknown as PageGlobals
      const message = { command, target: Uint8Array.from(target), value: Uint8Array.of(1, 2, 3) }
      const query = own.query(message, { commit: true })
      await query.finished()
      return query.commits.filter(({ ok }) => ok).length
    },
    { target: TARGET, command: PUT },
  )
  t.ok(stored >= 11, `committed by a page at ${stored} nodes`)
  t.alike(await read(second), [1, 2, 3], 'read by the other page')
  let found: Uint8Array | null = null
  const query = node.query({ command: GET, target: Uint8Array.from(TARGET) })
  for await (const { value } of query) found ??= value
  t.alike([...found!], [1, 2, 3], 'and by a node')
  t.ok(
    query.closestNodes.some(({ port }) => port === one.port || port === two.port),
    'pages are among the closest',
  )
})

test(
  'pages: a tab that loses its connection comes back with its id; a blocked one loses nobody',
  TIMEOUT,
  async (t) => {
    const { testnet, openNode } = await startPages(t, 8)
    const page = await openNode()
    const before = await persistentState(page)
    const opened = await page.evaluate(async () => {
      const { sockets, until } = globalThis as unknown as PageGlobals
      sockets.at(-1)!.close()
      await until(() => sockets.length > 1 && sockets.at(-1)!.readyState === 1)
      return sockets.length
    })
    t.is(opened, 2, 'another connection')
    t.is(await ask(page, testnet.nodes[1]!.remoteAddress()!), 0)
    const after = await page.evaluate(() => (globalThis as unknown as PageGlobals).state())
    t.alike([after.id, after.address, after.ephemeral], [before.id, before.address, false])

    const blocked = await page.evaluate(async () => {
      const { node } = globalThis as unknown as PageGlobals
      const lost: string[] = []
      node.on('remove-node', ({ host, port }) => lost.push(`${host}:${port}`))
      const end = Date.now() + 3000
      while (Date.now() < end);
      await new Promise((resolve) => setTimeout(resolve, 2000))
      return { lost, ephemeral: node.ephemeral }
    })
    t.alike(blocked, { lost: [], ephemeral: false })
    t.is((await testnet.nodes[2]!.ping(after.address!)).error, 0)
  },
)

/** How a page is kept from doing anything for a while, during which its connection is cut. */
const STANDSTILLS: Record<string, (page: Page, cut: () => void) => Promise<void>> = {
  async blocked(page, cut) {
    const blocked = page.evaluate((ms) => {
      const end = Date.now() + ms
      while (Date.now() < end);
    }, STANDSTILL_MS)
    await pause(STANDSTILL_MS / 2)
    cut()
    await blocked
  },
  // All of the browser, its connections included, as a machine that sleeps.
  async suspended(page, cut) {
    const session = await page.context().browser()!.newBrowserCDPSession()
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    const signalAll = (signal: NodeJS.Signals): void => {
      for (const { id } of processInfo) process.kill(id, signal)
    }
    signalAll('SIGSTOP')
    await pause(STANDSTILL_MS / 2)
    cut()
    await pause(STANDSTILL_MS / 2)
    signalAll('SIGCONT')
  },
}

const STANDSTILL_MS = 3000

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

test(
  'pages: one that is blocked or suspended while its connection is lost is the same afterwards',
  TIMEOUT,
  async (t) => {
    const { testnet, url, openNode } = await startPages(t, 8)
    const proxy = await startProxy(t, Number(new URL(url).port))
    const page = await openNode({ gateway: { url: proxy.url, minDelayMs: 50 } })
    const before = await persistentState(page)
    await page.evaluate(() => {
      const global = globalThis as unknown as PageGlobals & Watched
      global.lost = []
      global.beats = [performance.now()]
      global.node.on('remove-node', ({ host, port }) => global.lost.push(`${host}:${port}`))
      setInterval(() => global.beats.push(performance.now()), 100)
    })
    for (const [i, [what, standStill]] of Object.entries(STANDSTILLS).entries()) {
      await standStill(page, proxy.cut)
      const { beats, lost } = await page.evaluate(async (connections) => {
        const { sockets, until, beats: all, lost: evicted } = globalThis as unknown as PageGlobals & Watched
        await until(() => sockets.length >= connections && sockets.at(-1)!.readyState === 1)
        // The timer comes after what it was kept from.
        await until(() => all.at(-1)! > performance.now() - 200)
        const taken = [...all]
        // The last one is the first of the next standstill.
        all.splice(0, all.length - 1)
        return { beats: taken, lost: evicted }
      }, i + 2)
      const longest = Math.max(0, ...beats.slice(1).map((at, k) => at - beats[k]!))
      t.ok(longest > STANDSTILL_MS * 0.8, `${what}: nothing ran for ${Math.round(longest)} ms`)
      t.is(await ask(page, testnet.nodes[1]!.remoteAddress()!), 0, 'it asks')
      t.is((await testnet.nodes[2]!.ping(before.address!)).error, 0, 'and answers where it was')
      const after = await page.evaluate(() => (globalThis as unknown as PageGlobals).state())
      t.alike([after.id, after.address, after.ephemeral], [before.id, before.address, false], 'the same id')
      t.alike(lost, [], 'it has given up nobody')
    }
  },
)

/** What this page collects. */
interface Watched {
  lost: string[]
  /** Times of a timer. */
  beats: number[]
}

test('pages: a page that is loaded anew comes back by its saved contacts alone', TIMEOUT, async (t) => {
  const { openNode } = await startPages(t, 8)
  const first = await openNode({ store: 'mine' })
  await persistentState(first)
  await first.evaluate(async () => (globalThis as unknown as PageGlobals).node.destroy())
  await first.close()
  const second = await openNode({ store: 'mine', bootstrap: [] })
  const { known } = await second.evaluate(() => (globalThis as unknown as PageGlobals).state())
  t.ok(known >= 7, `${known} contacts`)
})

test('pages: over https, through a gateway at the server that the page comes from', TIMEOUT, async (t) => {
  const { testnet, url, gateway, openNode } = await startPages(t, 6, { tls: true })
  t.ok(url.startsWith('wss://'))
  const page = await openNode()
  const state = await persistentState(page)
  t.alike(state.id, [...idFromAddress(state.address!.host, state.address!.port)])
  t.is(await ask(page, testnet.nodes[1]!.remoteAddress()!), 0)
  t.is(gateway.stats.connections.open, 1)
})

test('pages: a hostile one is shown out with a reason, and the others notice nothing', TIMEOUT, async (t) => {
  const { testnet, gateway, url, open, openNode } = await startPages(t, 4)
  const good = await openNode()
  const hostile = await open()
  const codes = await hostile.evaluate(async (address) => {
    const Socket = (
      globalThis as unknown as {
        WebSocket: new (url: string) => EventTarget & { binaryType: string; send(data: unknown): void }
      }
    ).WebSocket
    const attack = async (data: unknown): Promise<number> =>
      new Promise((resolve) => {
        const socket = new Socket(address)
        socket.addEventListener('open', () => socket.send(data))
        socket.addEventListener('close', (event) => resolve((event as unknown as { code: number }).code))
      })
    return Promise.all([
      attack('text'),
      attack(new Uint8Array(3)),
      attack(new Uint8Array(1 << 20)),
      attack(new Uint8Array(0)),
    ])
  }, url)
  t.alike(
    codes.every((code) => code >= 1000 && code !== 1006),
    true,
    codes.join(', '),
  )
  t.is(await ask(good, testnet.nodes[1]!.remoteAddress()!), 0)
  t.ok(gateway.stats.connections.open >= 1)
})

test('pages: one of another origin is refused, and one without a gateway told so', TIMEOUT, async (t) => {
  const { openNode, url } = await startPages(t, 3, { origins: ['https://app.example'] })
  const failureOf = async (options: object): Promise<string> =>
    openNode(options).then(
      () => 'none',
      (error: Error) => error.message,
    )
  t.ok(/no UDP here: pass gateway or transport/.test(await failureOf({ gateway: undefined })))
  const refused = await failureOf({ gateway: { url, openTimeoutMs: 20_000 } })
  t.ok(/BIND_FAILED/.test(refused), refused)
})
