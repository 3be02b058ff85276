/** Child process: HyperDHT, unchanged, in a network of its own on the loopback address, all on one implementation. */
import { once } from 'node:events'
import { installation, removeInstallation } from '../hyperdht/installation.js'
import type { Address, HyperDHT, HyperDHTClass, KeyPair, SecretStream, Server } from '../hyperdht/packages.js'
import { serve } from '../process.js'
import { seededRandom } from '../random.js'
import { HOST, type SubjectName } from '../subject.js'

/** Nodes that join at the same time. */
const BATCH = 10

/** Relays that an announcement names. */
const RELAYS: readonly Address[] = [{ host: HOST, port: 4321 }]

/** Length of what is stored, in bytes. */
const VALUE_BYTES = 100

let Class: HyperDHTClass
let random: ReturnType<typeof seededRandom>
const nodes: HyperDHT[] = []
let bootstrap: Address[] = []
/** One who asks, and nobody's contact. */
let user: HyperDHT

/** Who connects to whom, when not for the first time. */
let known: { reachable: Meeting; firewalled: Meeting }

interface Meeting {
  server: Server
  client: HyperDHT
  /** Both nodes. */
  ends: HyperDHT[]
}

const OPERATIONS = {
  lookup: () => timed(() => user.lookup(randomKey()).finished()),

  announce: () => timed(() => user.announce(randomKey(), randomKeyPair(), [...RELAYS]).finished()),

  async unannounce() {
    const [topic, keys] = [randomKey(), randomKeyPair()]
    await user.announce(topic, keys, [...RELAYS]).finished()
    return timed(() => user.unannounce(topic, keys))
  },

  findPeer: () => timed(() => user.findPeer(known.reachable.server.publicKey).finished()),

  immutablePut: () => timed(() => user.immutablePut(randomValue())),

  async immutableGet() {
    const { hash } = await user.immutablePut(randomValue())
    return timed(() => user.immutableGet(hash))
  },

  mutablePut: () => timed(() => user.mutablePut(randomKeyPair(), randomValue(), { seq: 1 })),

  async mutableGet() {
    const keys = randomKeyPair()
    await user.mutablePut(keys, randomValue(), { seq: 1 })
    return timed(() => user.mutableGet(keys.publicKey))
  },

  firstConnect: () => meetOnce('reachable'),
  connect: () => timedConnect(known.reachable),
  firstPunch: () => meetOnce('firewalled'),
  punch: () => timedConnect(known.firewalled),
}

/** What can be measured. */
export type Operation = keyof typeof OPERATIONS

const handlers = {
  /** Starts the network and its users. @param size persistent nodes */
  async open(name: SubjectName, size: number): Promise<void> {
    Class = (await installation(name)).HyperDHT
    random = seededRandom(6)
    const first = await startNode({ ephemeral: false, firewalled: false })
    nodes.push(first)
    bootstrap = [{ host: HOST, port: first.address().port }]
    while (nodes.length < size) {
      const batch = Array.from({ length: Math.min(BATCH, size - nodes.length) }, () => {
        return startNode({ ephemeral: false, firewalled: false })
      })
      nodes.push(...(await Promise.all(batch)))
    }
    user = await startNode({ ephemeral: true })
    known = { reachable: await startMeeting('reachable'), firewalled: await startMeeting('firewalled') }
  },

  /** Does something `count` times, one after the other. @returns milliseconds of each */
  async measure(operation: Operation, count: number): Promise<number[]> {
    const times: number[] = []
    for (let i = 0; i < count; i++) times.push(await OPERATIONS[operation]())
    return times
  },

  /** To be called last: what ends this process leaves it no time. */
  close: removeInstallation,
}

async function startNode(options: object): Promise<HyperDHT> {
  const node = new Class({ host: HOST, bootstrap, ...options })
  await node.fullyBootstrapped()
  return node
}

/** Two nodes that have just joined, one of which listens. */
async function startMeeting(kind: 'reachable' | 'firewalled'): Promise<Meeting> {
  // Without the quick test a node stays behind the firewall that every one starts with.
  const options = kind === 'reachable' ? { ephemeral: true } : { ephemeral: true, quickFirewall: false }
  const [there, client] = [await startNode(options), await startNode(options)]
  const server = there.createServer({ shareLocalAddress: false }, (stream) => stream.on('error', () => {}).resume())
  server.on('connection', (stream: SecretStream) => stream.on('end', () => stream.end()))
  await server.listen(randomKeyPair())
  return { server, client, ends: [there, client] }
}

async function meetOnce(kind: 'reachable' | 'firewalled'): Promise<number> {
  const meeting = await startMeeting(kind)
  const ms = await timedConnect(meeting)
  await meeting.server.close()
  await Promise.all(meeting.ends.map((node) => node.destroy()))
  return ms
}

/** Until the stream is open, which both ends have proved their keys for. */
async function timedConnect({ server, client }: Meeting): Promise<number> {
  const startedAt = performance.now()
  const stream = client.connect(server.publicKey, { fastOpen: false, localConnection: false })
  await once(stream, 'open')
  const ms = performance.now() - startedAt
  const closed = once(stream, 'close')
  stream.resume()
  stream.end()
  await closed
  return ms
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

function randomBytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)))
}

function randomKey(): Buffer {
  return randomBytes(32)
}

function randomKeyPair(): KeyPair {
  return Class.keyPair(randomKey())
}

function randomValue(): Buffer {
  return randomBytes(VALUE_BYTES)
}

export type HyperDHTNetwork = typeof handlers
serve(handlers)
