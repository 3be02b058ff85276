/**
 * Child process: a network of persistent nodes on the loopback address that keep values, all in this process, and one
 * client beside them that stores and finds: records on nodes of ours, or HyperDHT as npm installed it, on dht-rpc.
 */
import { DHT } from '../../index.js'
import { type KeyPair, Records } from '../../lib/records/index.js'
import { MAX_REMEMBERED, rememberVerified } from '../../lib/records/verified.js'
import { installation } from '../hyperdht/installation.js'
import type { HyperDHT, HyperDHTClass } from '../hyperdht/packages.js'
import { cpuMicros, serve } from '../process.js'
import { type RandomInteger, seededRandom } from '../random.js'
import { freePort, HOST } from '../subject.js'

/** Nodes that join at the same time. */
const BATCH = 10

/** Finds pick from as many values at least. */
const LEAST_VALUES = 64

export type Side = 'records' | 'hyperdht'

/**
 * - `record`: an owned record of ours, beside HyperDHT's mutable value
 * - `immutable`, `mutable`: HyperDHT's, on both sides by HyperDHT's commands
 */
export type Kind = 'record' | 'immutable' | 'mutable'

export interface Slice {
  /** Milliseconds of each call. */
  times: number[]
  /** Milliseconds from the first call to the end of the last one. */
  elapsedMs: number
  /** CPU time of the process meanwhile, all threads. */
  cpuMicros: number
}

export interface SliceOptions {
  /** No call begins later. */
  durationMs: number
  /** Calls at a time. */
  outstanding: number
  /** Bytes of a value. */
  valueBytes: number
  /** Nodes do not share what one of them has verified. */
  isApart: boolean
}

interface Stored {
  /** What it is found by: a public key or a hash. */
  readonly key: Buffer
  readonly value: Buffer
}

/** What is measured: stores one value, or finds one. Rejects where anything is not as it should be. */
interface Client {
  store(value: Buffer, keyPair: KeyPair): Promise<Buffer>
  find(key: Buffer): Promise<Uint8Array | null>
}

let clients: Partial<Record<Kind, Client>>
let random: RandomInteger
/** BOUNDED: by what is stored here. */
const stored: Record<Kind, Stored[]> = { record: [], immutable: [], mutable: [] }

const handlers = {
  /** Starts the network and its client. @param size persistent nodes */
  async open(side: Side, size: number): Promise<void> {
    random = seededRandom(7)
    clients = side === 'records' ? await openRecords(size) : await openHyperdht(size)
  },

  async store(kind: Kind, options: SliceOptions): Promise<Slice> {
    const { store } = clients[kind]!
    rememberVerified(options.isApart ? 0 : MAX_REMEMBERED)
    const jobs = await prepare(options)
    return run(options, async (turn) => {
      const { value, keyPair } = jobs[turn % jobs.length] ?? (await createJob(options.valueBytes))
      jobs[turn % jobs.length] = undefined
      const startedAt = performance.now()
      const key = await store(value, keyPair)
      const ms = performance.now() - startedAt
      stored[kind].push({ key, value })
      return ms
    })
  },

  async find(kind: Kind, options: SliceOptions): Promise<Slice> {
    const { find, store } = clients[kind]!
    // A slow machine may have stored fewer while that was measured.
    while (stored[kind].length < LEAST_VALUES) {
      const { value, keyPair } = await createJob(options.valueBytes)
      stored[kind].push({ key: await store(value, keyPair), value })
    }
    return run(options, async () => {
      const { key, value } = stored[kind][random(stored[kind].length)]!
      const startedAt = performance.now()
      const found = await find(key)
      const ms = performance.now() - startedAt
      if (found === null || !value.equals(found)) throw new Error(`a value of the kind ${kind} was not found`)
      return ms
    })
  },
}

interface Job {
  readonly value: Buffer
  readonly keyPair: KeyPair
}

/** More than the quickest can use in a slice: key pairs are not what is measured. */
const JOBS_PER_MS = 3

async function prepare({ durationMs, valueBytes }: SliceOptions): Promise<(Job | undefined)[]> {
  const jobs: Job[] = []
  for (let i = 0; i < durationMs * JOBS_PER_MS; i++) jobs.push(await createJob(valueBytes))
  return jobs
}

async function createJob(valueBytes: number): Promise<Job> {
  const keyPair = await Records.keyPair(randomBytes(32))
  return {
    value: randomBytes(valueBytes),
    keyPair: { publicKey: Buffer.from(keyPair.publicKey), secretKey: Buffer.from(keyPair.secretKey) },
  }
}

/** So many calls at a time, until the time is over. @param call gives its milliseconds */
async function run({ durationMs, outstanding }: SliceOptions, call: (turn: number) => Promise<number>): Promise<Slice> {
  globalThis.gc?.()
  const times: number[] = []
  let turn = 0
  const cpuBefore = cpuMicros()
  const startedAt = performance.now()
  const work = async (): Promise<void> => {
    while (performance.now() - startedAt < durationMs) times.push(await call(turn++))
  }
  await Promise.all(Array.from({ length: outstanding }, work))
  return { times, elapsedMs: performance.now() - startedAt, cpuMicros: cpuMicros() - cpuBefore }
}

async function openRecords(size: number): Promise<typeof clients> {
  const port = await freePort()
  const bootstrap = [`${HOST}:${port}`]
  const start = async (create: () => DHT, serves: boolean): Promise<Records> => {
    const node = create()
    const records = new Records(node, { serve: serves })
    await node.fullyBootstrapped()
    return records
  }
  await start(() => DHT.bootstrapper(port, HOST, { host: HOST }), true)
  await inBatches(size - 1, () => start(() => new DHT({ host: HOST, bootstrap, ephemeral: false }), true))
  const records = await start(() => new DHT({ host: HOST, bootstrap, ephemeral: true }), false)
  return {
    record: {
      async store(value, keyPair) {
        await records.put({ keyPair, value, republish: false })
        return Buffer.from(keyPair.publicKey)
      },
      find: async (key) => (await records.get(key)).value,
    },
    immutable: {
      store: async (value) => Buffer.from((await records.hyperdht.immutablePut(value)).hash),
      find: async (key) => (await records.hyperdht.immutableGet(key))?.value ?? null,
    },
    mutable: {
      async store(value, keyPair) {
        await records.hyperdht.mutablePut(keyPair, value)
        return Buffer.from(keyPair.publicKey)
      },
      find: async (key) => (await records.hyperdht.mutableGet(key))?.value ?? null,
    },
  }
}

async function openHyperdht(size: number): Promise<typeof clients> {
  const { HyperDHT: Class } = await installation('dht-rpc')
  const port = await freePort()
  const bootstrap = [{ host: HOST, port }]
  await started(Class.bootstrapper(port, HOST, { host: HOST }))
  await inBatches(size - 1, () => started(new Class({ host: HOST, bootstrap, ephemeral: false, firewalled: false })))
  const client = await started(new Class({ host: HOST, bootstrap, ephemeral: true }))
  return { immutable: immutableOf(client), mutable: mutableOf(client) }
}

function immutableOf(client: HyperDHT): Client {
  return {
    store: async (value) => (await client.immutablePut(value)).hash,
    find: async (key) => (await client.immutableGet(key))?.value ?? null,
  }
}

function mutableOf(client: HyperDHT): Client {
  return {
    async store(value, keyPair) {
      await client.mutablePut(keyPair as Parameters<HyperDHT['mutablePut']>[0], value)
      return Buffer.from(keyPair.publicKey)
    },
    find: async (key) => (await client.mutableGet(key))?.value ?? null,
  }
}

async function started(node: InstanceType<HyperDHTClass>): Promise<HyperDHT> {
  await node.fullyBootstrapped()
  return node
}

async function inBatches(count: number, start: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += BATCH) {
    await Promise.all(Array.from({ length: Math.min(BATCH, count - done) }, start))
  }
}

function randomBytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)))
}

export type SpeedNetwork = typeof handlers
serve(handlers)
