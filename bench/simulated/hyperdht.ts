/**
 * HyperDHT, unchanged, in one simulated network that loses datagrams, after a share of its nodes has died without
 * notice: announcing, looking up what was announced and what was not, unannouncing.
 */
import { installation } from '../hyperdht/installation.js'
import type { HyperDHT, KeyPair } from '../hyperdht/packages.js'
import type { Subject, SubjectName } from '../subject.js'
import type { Member } from './dht-rpc.js'
import { openStage, residentsOf, type Stage } from './stage.js'

export interface HyperdhtJob {
  kind: SubjectName
  seed: number
  nodes: number
  /** Share of datagrams lost on each way, 0 to 1. */
  loss: number
  /** Share of the nodes that dies, 0 to 1. */
  dead: number
  /** Topics: each is announced, looked up and unannounced. */
  topics: number
}

/** Times in virtual ms. */
export interface HyperdhtResult {
  /** Of a topic that somebody has announced, until the query has ended. */
  lookupMs: number[]
  /** Of the same, until the first peer was there; those that found none are not in it. */
  firstPeerMs: number[]
  /** Share of those lookups that found the peer, 0 to 1. */
  found: number
  /** Of topics that nobody has announced. */
  emptyLookupMs: number[]
  announceMs: number[]
  unannounceMs: number[]
  findPeerMs: number[]
}

/** Nodes that ask: ephemeral ones, as those of users are, which have joined before the others died. */
const USERS = 10

/** Between two of them. */
const INTERVAL_MS = 200

/** What is announced. */
interface Topic {
  key: Buffer
  keys: KeyPair
}

/** Measures one network. */
export async function measureHyperdht({ topics: count, ...job }: HyperdhtJob): Promise<HyperdhtResult> {
  const load = async (name: SubjectName): Promise<Subject> => {
    return (await installation(name)).HyperDHT as unknown as Subject
  }
  const stage = await openStage({ ...job, load })
  const { random, network } = stage
  const users: Member[] = []
  while (users.length < USERS) users.push(await network.add({ kind: job.kind, ephemeral: true }))
  await killShare(stage, job)
  const { keyPair } = (await installation(job.kind)).HyperDHT
  const topics = Array.from({ length: count }, (): Topic => {
    return { key: Buffer.from(random.bytes(32)), keys: keyPair(Buffer.from(random.bytes(32))) }
  })
  const each = <T>(work: (node: HyperDHT, topic: Topic) => Promise<T>): Promise<Timed<T>[]> =>
    runEach(stage, users, { topics, work })

  const announced = await each((node, { key, keys }) => node.announce(key, keys).finished())
  const lookups = await each((node, { key, keys }) => findFirst(stage, node, { key, keys }))
  const empty = await each((node, { keys }) => node.lookup(keys.publicKey).finished())
  const peers = await each((node, { keys }) => node.findPeer(keys.publicKey).finished())
  const unannounced = await each((node, { key, keys }) => node.unannounce(key, keys))
  await network.close()
  const firstPeerMs = lookups.flatMap(({ value }) => (value === null ? [] : [value]))
  return {
    lookupMs: lookups.map(msOf),
    firstPeerMs,
    found: firstPeerMs.length / lookups.length,
    emptyLookupMs: empty.map(msOf),
    announceMs: announced.map(msOf),
    unannounceMs: unannounced.map(msOf),
    findPeerMs: peers.map(msOf),
  }
}

interface Timed<T> {
  ms: number
  value: T
}

function msOf({ ms }: Timed<unknown>): number {
  return ms
}

/** Ends a share of the nodes at once, without notice. The bootstrapper stays. */
async function killShare(stage: Stage, { kind, dead }: Pick<HyperdhtJob, 'kind' | 'dead'>): Promise<void> {
  const mortal = residentsOf(stage.network, kind).filter((member) => member !== stage.bootstrapper)
  const doomed = stage.random.sample(mortal, Math.round(dead * mortal.length))
  if (doomed.length > 0) await stage.network.kill(doomed)
}

/** Does something for each topic, one after the other and not waiting for it, each time by another user. */
async function runEach<T>(
  { sim, network, random }: Stage,
  users: readonly Member[],
  { topics, work }: { topics: readonly Topic[]; work: (node: HyperDHT, topic: Topic) => Promise<T> },
): Promise<Timed<T>[]> {
  const pending: Promise<Timed<T>>[] = []
  for (const topic of topics) {
    const startMs = sim.clock.now()
    const { node } = random.pick(users)
    const running = work(node as unknown as HyperDHT, topic)
    pending.push(running.then((value) => ({ ms: sim.clock.now() - startMs, value })))
    await network.advance(INTERVAL_MS)
  }
  return network.run(Promise.all(pending))
}

/** Looks a topic up to the end. @returns after how many ms the peer that announced was found; null: it was not */
async function findFirst({ sim }: Stage, node: HyperDHT, { key, keys }: Topic): Promise<number | null> {
  const startMs = sim.clock.now()
  let foundMs: number | null = null
  for await (const { peers } of node.lookup(key)) {
    if (foundMs !== null) continue
    if (peers.some(({ publicKey }) => publicKey.equals(keys.publicKey))) foundMs = sim.clock.now() - startMs
  }
  return foundMs
}
