/** Child process: one node, and what happens to it. */
import { DHT, type DHTOptions } from '../../index.js'
import { FileContactStore } from '../../lib/contact-store/index.js'
import type { Stats } from '../../lib/rpc/stats.js'
import { serve } from '../process.js'

const HOST = '127.0.0.1'

export interface LiveNodeOptions {
  bootstrap: { host: string; port: number }[]
  /** File of the contact store; null: none. */
  storePath: string | null
  port?: number
}

export interface Look {
  stats: Stats
  port: number
  ephemeral: boolean
  contacts: { host: string; port: number }[]
  /** Contacts that the node gave up since it was looked at. */
  removed: { host: string; port: number }[]
  /** Names of events since it was looked at. */
  events: string[]
}

const EVENTS = ['persistent', 'ephemeral', 'wakeup', 'ready', 'network-update', 'contact-store-error'] as const

let node: DHT
let store: FileContactStore | null = null
let removed: Look['removed'] = []
let events: string[] = []

/** @returns milliseconds until the node was bootstrapped */
async function start({ bootstrap, storePath, port }: LiveNodeOptions): Promise<number> {
  const startMs = performance.now()
  const options: DHTOptions = { host: HOST, bootstrap, ephemeral: false }
  if (port !== undefined) Object.assign(options, { port, anyPort: false })
  if (storePath !== null) options.contactStore = store = new FileContactStore(storePath)
  node = new DHT(options)
  node.on('remove-node', ({ host, port: theirs }) => removed.push({ host, port: theirs }))
  for (const name of EVENTS) node.on(name, () => events.push(name))
  await node.fullyBootstrapped()
  return performance.now() - startMs
}

function look(): Look {
  const { stats, ephemeral } = node
  const contacts = node.table.toArray().map(({ host, port }) => ({ host, port }))
  const seen = { stats, port: node.localAddress()!.port, ephemeral, contacts, removed, events }
  removed = []
  events = []
  return seen
}

/** Ports of the closest nodes, nearest first. @param target hexadecimal */
async function lookUp(target: string): Promise<number[]> {
  const query = node.findNode(Buffer.from(target, 'hex'))
  await query.finished()
  return query.closestNodes.map(({ port }) => port)
}

/** What became of a request: `answered`, or the code of its error. */
async function ask(to: { host: string; port: number }): Promise<string> {
  return node.ping(to).then(
    () => 'answered',
    (error: { code?: string }) => error.code ?? 'no code',
  )
}

/** Saves at once, as the node does every few minutes. */
async function save(): Promise<number> {
  const saved = node.exportContacts()
  await store!.save(saved)
  return saved.contacts.length
}

async function destroy(): Promise<Stats> {
  await node.destroy()
  return node.stats
}

const handlers = { start, look, lookUp, ask, save, destroy }
export type LiveNode = typeof handlers
serve(handlers)
