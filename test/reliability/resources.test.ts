/**
 * Nodes on real UDP sockets, ended in every way there is: the process has after it what it had before, in sockets, timers
 * and listeners, and each call has settled once.
 */
import test, { type Assert } from 'brittle'
import { createHook } from 'node:async_hooks'
import { getEventListeners, setMaxListeners } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { DHT, type DHTOptions } from '../../index.js'
import { createTestnet } from '../../lib/testnet/index.js'
import { until } from '../helpers/until.js'

const HOST = '127.0.0.1'
const TIMEOUT = { timeout: 60_000 }

/** Nobody is there, and nobody answers. */
const NOBODY = { host: '127.9.9.9', port: 9 }
const target = new Uint8Array(32).fill(5)

/** Timers and the like that are alive, by type, also those that do not keep the process running. */
class Living {
  readonly #types = new Map<number, string>()
  readonly #hook = createHook({
    init: (id, type) => {
      if (type === 'Timeout' || type === 'Immediate') this.#types.set(id, type)
    },
    destroy: (id) => void this.#types.delete(id),
  })

  constructor(t: Assert) {
    this.#hook.enable()
    t.teardown(() => this.#hook.disable())
  }

  count(type: string): number {
    return [...this.#types.values()].filter((each) => each === type).length
  }
}

/** What keeps this process running, by type; sockets, whoever opened them; listeners of the process. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const type of process.getActiveResourcesInfo()) {
    // brittle has one for each test.
    if (type !== 'Timeout' && type !== 'Immediate') counts[type] = (counts[type] ?? 0) + 1
  }
  counts['listeners'] = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  if (process.platform === 'linux') counts['sockets'] = socketsOf()
  return counts
}

function socketsOf(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      return false // that of readdir itself
    }
  }).length
}

interface Scene {
  options: DHTOptions
  port: number
}

/** What a node goes through; it has to be destroyed at the end. */
const LIVES: [name: string, live: (scene: Scene) => Promise<void>][] = [
  [
    'destroyed at once',
    async ({ options }) => {
      await new DHT(options).destroy()
    },
  ],
  [
    'destroyed while it joins',
    async ({ options }) => {
      const node = new DHT(options)
      const joined = node.fullyBootstrapped().then(
        () => 'joined',
        (error: { code?: string }) => error.code,
      )
      await node.bind()
      await Promise.all([node.destroy(), node.destroy()])
      await joined
    },
  ],
  [
    'joined and destroyed',
    async ({ options }) => {
      const node = new DHT(options)
      await node.fullyBootstrapped()
      await node.destroy()
    },
  ],
  [
    'suspended, resumed, suspended and destroyed',
    async ({ options }) => {
      const node = new DHT(options)
      await node.fullyBootstrapped()
      await node.suspend()
      await node.resume()
      await node.suspend()
      await node.destroy()
    },
  ],
  [
    'destroyed without a port',
    async ({ options, port }) => {
      const node = new DHT({ ...options, port: [port, port + 1], anyPort: false })
      await node.bind().catch(() => {})
      await node.destroy()
    },
  ],
  [
    'destroyed in the middle of calls',
    async ({ options, port }) => {
      const node = new DHT(options)
      await node.fullyBootstrapped()
      const { signal } = new AbortController()
      const session = node.session()
      const calls = callsOn(node, session, { host: HOST, port }, signal)
      await new Promise((resolve) => setTimeout(resolve, 30))
      await node.destroy()
      await calls
      if (getEventListeners(signal, 'abort').length > 0) throw new Error('somebody listens to the signal')
    },
  ],
  [
    'left with a session that is destroyed, and calls that are aborted',
    async ({ options, port }) => {
      const node = new DHT(options)
      await node.fullyBootstrapped()
      const abort = new AbortController()
      const session = node.session()
      const calls = callsOn(node, session, { host: HOST, port }, abort.signal)
      await new Promise((resolve) => setTimeout(resolve, 10))
      session.destroy()
      abort.abort()
      await calls
      if (node.stats.requests.active > 0) await until(() => node.stats.requests.active === 0, 'no request is left')
      await node.destroy()
      if (getEventListeners(abort.signal, 'abort').length > 0) throw new Error('somebody listens to the signal')
    },
  ],
]

/** Calls of every kind, to who answers and to who does not. Resolves when each has settled, in whatever way. */
async function callsOn(
  node: DHT,
  session: ReturnType<DHT['session']>,
  somebody: { host: string; port: number },
  signal: AbortSignal,
): Promise<void> {
  setMaxListeners(0, signal)
  let settled = 0
  const count = (): void => void settled++
  const calls: Promise<unknown>[] = []
  for (let i = 0; i < 8; i++) {
    const to = i % 2 === 0 ? somebody : NOBODY
    calls.push(
      node.ping(to, { signal }),
      node.request({ command: 5, target }, to, { signal, deadlineMs: 5000 }),
      node.delayedPing(to, 3000, { signal }),
      node.findNode(target, { signal }).finished(),
      node.query({ target, command: 6 }, { commit: true, signal }).finished(),
      session.request({ command: 7, target }, to, { signal }),
      session.findNode(target, { disjointPaths: 2, signal }).finished(),
    )
  }
  for (const call of calls) call.then(count, count)
  await Promise.allSettled(calls)
  if (settled !== calls.length) throw new Error(`${settled} of ${calls.length} calls were settled`)
}

for (const [name, live] of LIVES) {
  test(`resources: a node ${name} leaves no socket, timer or listener`, TIMEOUT, async (t) => {
    const { bootstrap, nodes } = await createTestnet(5, { host: HOST, teardown: t.teardown })
    const scene = { options: { host: HOST, bootstrap }, port: nodes[2]!.localAddress()!.port }
    // Once without looking: what is made for the whole process is there then.
    await live(scene)
    const before = resources()
    const alive = new Living(t)
    await live(scene)
    await until(() => alive.count('Timeout') <= timersOf(nodes), `timers: ${alive.count('Timeout')}`)
    await until(() => JSON.stringify(resources()) === JSON.stringify(before), JSON.stringify(resources()))
    t.alike(resources(), before)
  })
}

/** Timers that the nodes of the network may have made meanwhile: a beat, timeouts, probes, and the waiting of the test. */
function timersOf(nodes: readonly DHT[]): number {
  return 4 * nodes.length + 1
}

test('resources: with its last node a network leaves no socket, timer or listener', TIMEOUT, async (t) => {
  await (await createTestnet(3, { host: HOST })).destroy()
  const before = resources()
  const alive = new Living(t)
  const testnet = await createTestnet(8, { host: HOST, teardown: t.teardown })
  const { nodes, bootstrap } = testnet
  const node = new DHT({ host: HOST, bootstrap, ephemeral: false })
  await node.fullyBootstrapped()
  const { signal } = new AbortController()
  const calls = callsOn(node, node.session(), { host: HOST, port: nodes[3]!.localAddress()!.port }, signal)
  const during = resources()
  t.ok((during['sockets'] ?? Infinity) >= (before['sockets'] ?? 0) + 16, 'two sockets of each')
  await node.destroy()
  await testnet.destroy()
  await calls
  await until(() => alive.count('Timeout') <= 1, 'the timer of this very waiting is left')
  await until(() => JSON.stringify(resources()) === JSON.stringify(before), 'as before')
  t.alike(resources(), before)
})
