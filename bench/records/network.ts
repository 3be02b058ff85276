/** A simulated network whose nodes all keep records, and what the figures about it need. */
import { DHT, type DHTOptions } from '../../index.js'
import { type KeyPair, Records, type RecordsOptions } from '../../lib/records/index.js'
import { type NetworkOptions, Simulation } from '../../lib/simulation/index.js'

/** Share of datagrams lost on each way. */
const LOSS = 0.01

/** Joins and first checks are over after it. */
const SETTLE_MS = 60_000

/** Things done at the same time, where there are many of them. */
const AT_A_TIME = 10

/** Longest virtual time for many things. */
const PATIENCE_MS = 24 * 3_600_000

/** Longest time until a request that has been sent is answered. */
const LATE_MS = 3_000

/** What one node sent and received while it did something. */
export interface Traffic {
  readonly sentDatagrams: number
  readonly sentBytes: number
  readonly receivedBytes: number
  /** Virtual time. */
  readonly ms: number
  /** Bytes to and from the other host that was named; 0 where none was. */
  readonly withOtherBytes: number
}

/** All ways take this long, and nothing is lost: what takes n round trips takes n times 100 ms. */
export const EVEN_NETWORK: NetworkOptions = { latency: 50, jitter: 0, loss: 0 }
export const EVEN_ROUND_TRIP_MS = 100

export interface Member {
  readonly node: DHT
  readonly records: Records
}

export class RecordsNetwork {
  readonly sim: Simulation
  /** All that have ever been members, in the order of joining. */
  readonly members: Member[] = []
  readonly #options: RecordsOptions
  readonly #nodeOptions: DHTOptions

  private constructor(seed: number, options: RecordsOptions, nodeOptions: DHTOptions, network: NetworkOptions) {
    this.sim = new Simulation({ seed, network, create: (own) => this.#create(own) })
    this.#options = options
    this.#nodeOptions = nodeOptions
  }

  /** Persistent nodes; the bootstrapper beside them holds nothing, and does not count. */
  static async start(
    count: number,
    seed: number,
    options: RecordsOptions = {},
    nodeOptions: DHTOptions = {},
    conditions: NetworkOptions = { loss: LOSS },
  ): Promise<RecordsNetwork> {
    const network = new RecordsNetwork(seed, options, nodeOptions, conditions)
    await network.join(count)
    await network.sim.advance(SETTLE_MS)
    return network
  }

  /** More nodes, which keep records from their first moment on. */
  async join(count: number): Promise<Member[]> {
    const before = this.members.length
    await this.sim.startNodes(count)
    return this.members.slice(before)
  }

  get living(): Member[] {
    return this.members.filter(({ node }) => !node.destroyed && this.sim.hostOf(node).up)
  }

  kill({ node }: Member): void {
    this.sim.hostOf(node).kill()
  }

  /** Of all living members, those closest to a key. */
  closest(target: Uint8Array, count = 20): Member[] {
    const nodes = new Set(this.sim.trueClosest(target, count + 1).filter((node) => this.#isMember(node)))
    const order = [...nodes].slice(0, count)
    return order.map((node) => this.members.find((member) => member.node === node)!)
  }

  /** Does something for each, a few at a time. */
  async forEach<T>(items: readonly T[], work: (item: T, index: number) => Promise<unknown>): Promise<void> {
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < items.length) {
        const index = next++
        await work(items[index]!, index)
      }
    }
    await this.sim.run(Promise.all(Array.from({ length: AT_A_TIME }, worker)), { limitMs: PATIENCE_MS })
  }

  /** So many records, of an owner each, written at members drawn by lot; their key pairs. */
  async fill(count: number): Promise<KeyPair[]> {
    const keyPairs = await Promise.all(Array.from({ length: count }, (_, i) => this.keyPair(i)))
    await this.forEach(keyPairs, async (keyPair, i) => {
      const { records } = this.sim.random.pick(this.members)
      const { settled } = await records.put({ keyPair, value: valueOf(i), republish: false })
      await settled
    })
    return keyPairs
  }

  /**
   * Does something, and counts what a member sends and receives meanwhile: other business of its, such as pings, too. A
   * lookup is over before all whom it asked have answered; what they answer then belongs to it, and not to what is
   * measured next.
   */
  async measure<T>({ node }: Member, work: () => Promise<T>, other = ''): Promise<Traffic & { readonly result: T }> {
    const { network, clock } = this.sim
    const { address } = this.sim.hostOf(node)
    const counts = { sentDatagrams: 0, sentBytes: 0, receivedBytes: 0, withOtherBytes: 0 }
    // BOUNDED: by what is sent meanwhile.
    const asked = new Set<string>()
    let isOver = false
    network.tap = ({ fromHost, toHost, bytes }) => {
      const isOurs = fromHost === address
      // An answer has the transaction id of its request.
      const name = `${isOurs ? toHost : fromHost}/${bytes[2]}/${bytes[3]}`
      if (isOver && !asked.has(name)) return
      if (isOurs && !isOver) {
        asked.add(name)
        counts.sentDatagrams++
        counts.sentBytes += bytes.length
      } else if (toHost === address) counts.receivedBytes += bytes.length
      if (fromHost === other || toHost === other) counts.withOtherBytes += bytes.length
    }
    const start = clock.now()
    try {
      const result = await this.sim.run(work(), { limitMs: PATIENCE_MS })
      const ms = clock.now() - start
      isOver = true
      await this.sim.advance(LATE_MS)
      return { ...counts, ms, result }
    } finally {
      network.tap = null
    }
  }

  /** A key pair that follows from a number. */
  keyPair(number: number): Promise<KeyPair> {
    const seed = new Uint8Array(32)
    new DataView(seed.buffer).setUint32(0, number)
    return Records.keyPair(seed)
  }

  async destroy(): Promise<void> {
    await Promise.all(this.members.map(({ records }) => records.close()))
    await this.sim.destroy()
  }

  #create(options: DHTOptions): DHT {
    const node = new DHT({ ...options, ...this.#nodeOptions })
    const { clock, random } = options
    this.members.push({ node, records: new Records(node, { clock: clock!, random: random!, ...this.#options }) })
    return node
  }

  #isMember(node: DHT): boolean {
    return this.members.some((member) => member.node === node)
  }
}

/** The number as the bytes of a value of 20 bytes. */
export function valueOf(number: number): Uint8Array {
  const value = new Uint8Array(20)
  new DataView(value.buffer).setUint32(0, number)
  return value
}

export function sameBytes(a: Uint8Array | null, b: Uint8Array): boolean {
  return a !== null && a.length === b.length && a.every((byte, i) => byte === b[i])
}
