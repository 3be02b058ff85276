/** What is done to the process of a node: stopped and continued, killed and restarted. Real ones, on the loopback interface. */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DHT } from '../../index.js'
import { FileContactStore } from '../../lib/contact-store/index.js'
import { trueClosest } from '../../lib/simulation/true-closest.js'
import { createTestnet, type Testnet } from '../../lib/testnet/index.js'
import type { LiveNode } from '../children/live-node.js'
import { type Child, startChild, withChildren } from '../process.js'
import { addBooks, type Books, booksOf } from './books.js'

const HOST = '127.0.0.1'

export interface StopResult {
  /** What became of the request that was on its way when the process was stopped. */
  underWay: string
  /** Contacts that live and were given up nevertheless. */
  falseEvictions: number
  /** Lookups right after SIGCONT, and those of them that found the closest nodes, in order. */
  lookups: number
  exact: number
  /** From SIGCONT until the stopped node was persistent, and had answered another node. */
  backMs: number
  events: string[]
  /** Of the stopped node and those of its network. */
  books: Books
}

/** SIGSTOP for a while, then SIGCONT. @param lookups made as soon as the process goes on */
export async function measureStop(nodes: number, stopMs: number, lookups: number): Promise<StopResult> {
  return withNetwork(nodes, async ({ nodes: others, bootstrap }, child) => {
    await child.call('start', { bootstrap, storePath: null })
    const { port } = await child.call('look')
    const asked = child.call('ask', { host: HOST, port: await silentPort() })
    await pause(20)
    child.signal('SIGSTOP')
    // Others go on, and find out.
    const someone = others[1]!
    const silence = await someone.ping({ host: HOST, port }).then(
      () => 'answered',
      () => 'silent',
    )
    if (silence !== 'silent') throw new Error('the process was not stopped')
    await pause(stopMs)
    child.signal('SIGCONT')
    const startMs = performance.now()
    const underWay = await asked
    let exact = 0
    for (let i = 0; i < lookups; i++) {
      const target = randomBytes(32)
      const found = await child.call('lookUp', target.toString('hex'))
      if (isExact(found, others, target)) exact++
    }
    const answers = (): Promise<boolean> =>
      someone.ping({ host: HOST, port }).then(
        () => true,
        () => false,
      )
    let seen = await child.call('look')
    const { events } = seen
    while (seen.ephemeral || !(await answers())) {
      await pause(50)
      seen = await child.call('look')
      events.push(...seen.events)
    }
    const backMs = performance.now() - startMs
    const alive = new Set(others.map((node) => node.localAddress()!.port))
    const falseEvictions = seen.removed.filter((gone) => alive.has(gone.port)).length
    const books = booksOf(others)
    addBooks(books, (await child.call('destroy')).datagrams)
    return { underWay, falseEvictions, lookups, exact, backMs, events, books }
  })
}

export interface RejoinResult {
  /** From the start of the second process's node until it was bootstrapped, with every bootstrap node down. */
  bootstrappedMs: number
  /** Contacts in the file, and in the table afterwards. */
  saved: number
  contacts: number
  ephemeral: boolean
  /** Of the second process and the network; what the first one has counted died with it. */
  books: Books
}

/** A node that is killed and started again, while every bootstrap node is down. */
export async function measureRejoin(nodes: number): Promise<RejoinResult> {
  return withFolder((folder) =>
    withNetwork(nodes, async ({ nodes: others, bootstrap }, child) => {
      const storePath = join(folder, 'contacts.json')
      await child.call('start', { bootstrap, storePath })
      const saved = await child.call('save')
      const { port } = await child.call('look')
      await child.stop()
      await others[0]!.destroy()
      const second = startChild<LiveNode>('live-node')
      return withChildren([second], async () => {
        const bootstrappedMs = await second.call('start', { bootstrap, storePath, port })
        const { contacts, ephemeral } = await second.call('look')
        const books = booksOf(others)
        addBooks(books, (await second.call('destroy')).datagrams)
        return { bootstrappedMs, saved, contacts: contacts.length, ephemeral, books }
      })
    }),
  )
}

export interface KillResult {
  kills: number
  /** Saves that the store had said were done, over all processes. */
  acknowledged: number
  /** Kills after which the store held an older save than the last acknowledged, or none. */
  lost: number
  /** Kills after which the store refused its file. */
  damaged: number
}

/** kill -9 at any moment of a process that saves all the time: what the store has acknowledged is there. */
export async function measureKills(kills: number, longestMs: number): Promise<KillResult> {
  return withFolder(async (folder) => {
    const result: KillResult = { kills, acknowledged: 0, lost: 0, damaged: 0 }
    for (let i = 0; i < kills; i++) {
      const path = join(folder, `${i}.json`)
      const acknowledged = await saveUntilKilled(path, ((i + 1) * longestMs) / kills)
      result.acknowledged += acknowledged
      const found = await new FileContactStore(path).load().catch(() => ({ savedAt: -1 }))
      const savedAt = found === null ? 0 : (found as { savedAt: number }).savedAt
      if (savedAt === -1) result.damaged++
      else if (savedAt < acknowledged) result.lost++
    }
    return result
  })
}

/** @returns the number of the last save that was acknowledged */
async function saveUntilKilled(path: string, ms: number): Promise<number> {
  const child = fork(new URL('../children/saver.js', import.meta.url), [path])
  let acknowledged = 0
  child.on('message', (serial) => (acknowledged = serial as number))
  await once(child, 'message')
  await pause(ms)
  child.kill('SIGKILL')
  // What it had said by then is read first.
  await once(child, 'close')
  return acknowledged
}

/** Whether these are the closest of the nodes, in order. */
function isExact(found: number[], nodes: readonly DHT[], target: Uint8Array): boolean {
  const truth = trueClosest(nodes, target, 20).map((node) => node.localAddress()!.port)
  return found.length === truth.length && found.every((port, i) => port === truth[i])
}

/** A port of ours that nobody answers on. */
async function silentPort(): Promise<number> {
  const { createSocket } = await import('node:dgram')
  const socket = createSocket('udp4').unref()
  socket.bind(0, HOST)
  await once(socket, 'listening')
  return socket.address().port
}

async function withNetwork<T>(size: number, use: (net: Testnet, child: Child<LiveNode>) => Promise<T>): Promise<T> {
  const testnet = await createTestnet(size, { host: HOST })
  const child = startChild<LiveNode>('live-node')
  try {
    return await withChildren([child], () => use(testnet, child))
  } finally {
    await testnet.destroy()
  }
}

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'xorpc-reliability-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
