/** Large values: what is left of one when nodes die, what it costs to write and read one, and holders that lie. */
import b4a from 'b4a'
import type { Request } from '../../index.js'
import { RECORD_COMMAND } from '../../lib/records/codec/commands.js'
import type { RecordsOptions } from '../../lib/records/index.js'
import { type Member, RecordsNetwork } from './network.js'

const PATIENCE = { limitMs: 24 * 3_600_000 }

export interface LargeOptions {
  readonly seed: number
  readonly nodes: number
  readonly sizeBytes: number
  /** Requests that the writer and the reader may have on the way. Default: 80, that of a node. */
  readonly maxWindow?: number
}

export interface LargeSurvival {
  /** Nodes that died at once. */
  readonly dead: number
  /** Whether the value was read afterwards, byte for byte. */
  readonly identical: boolean
  readonly readSeconds: number
}

/** Figure 1: a share of the nodes dies at once, then somebody reads. */
export async function measureLargeSurvival(options: LargeOptions & { killed: number }): Promise<LargeSurvival> {
  const { nodes, sizeBytes, killed } = options
  const network = await startLarge(options)
  const { sim, members } = network
  try {
    const value = sim.random.bytes(sizeBytes)
    const writer = sim.random.pick(members)
    const { root } = await sim.run(writer.records.large.put(value, { republish: false }), PATIENCE)
    const victims = sim.random.sample(members, Math.round(nodes * killed))
    for (const victim of victims) network.kill(victim)
    const reader = sim.random.pick(network.living)
    const startedAt = sim.clock.now()
    const read = await sim.run(reader.records.large.get(root).bytes(), PATIENCE).catch(() => null)
    return {
      dead: victims.length,
      identical: read !== null && b4a.equals(read, value),
      readSeconds: (sim.clock.now() - startedAt) / 1000,
    }
  } finally {
    await network.destroy()
  }
}

/** What one way took. `factor`: bytes of all datagrams of the network, both directions, for a byte of the value. */
export interface LargeCost {
  readonly seconds: number
  readonly datagrams: number
  readonly factor: number
}

export interface LargeTransfer {
  readonly identical: boolean
  readonly put: LargeCost
  /** Of it written a second time by another node: nothing but lookups and prolonging. */
  readonly putAgain: LargeCost
  readonly get: LargeCost
}

export async function measureLargeTransfer(options: LargeOptions): Promise<LargeTransfer> {
  const { sizeBytes } = options
  const network = await startLarge(options)
  const { sim, members } = network
  try {
    const value = sim.random.bytes(sizeBytes)
    const measure = async <T>(work: Promise<T>): Promise<{ cost: LargeCost; result: T }> => {
      const { sent, sentBytes } = sim.network.stats
      const startedAt = sim.clock.now()
      const result = await sim.run(work, PATIENCE)
      const cost = {
        seconds: (sim.clock.now() - startedAt) / 1000,
        datagrams: sim.network.stats.sent - sent,
        factor: (sim.network.stats.sentBytes - sentBytes) / sizeBytes,
      }
      return { cost, result }
    }
    const [writer, other, reader] = sim.random.sample(members, 3) as [Member, Member, Member]
    const put = await measure(writer.records.large.put(value, { republish: false }))
    const again = await measure(other.records.large.put(value, { republish: false }))
    const get = await measure(reader.records.large.get(put.result.root).bytes())
    return { identical: b4a.equals(get.result, value), put: put.cost, putAgain: again.cost, get: get.cost }
  } finally {
    await network.destroy()
  }
}

export interface LargeLies {
  /** Holders that flipped a bit of every chunk that they gave. */
  readonly liars: number
  readonly identical: boolean
  /** Chunks that came in wrong, were noticed, and fetched elsewhere. */
  readonly rejected: number
}

export async function measureLargeLies(options: LargeOptions & { liars: number }): Promise<LargeLies> {
  const network = await startLarge(options)
  const { sim, members } = network
  try {
    const value = sim.random.bytes(options.sizeBytes)
    const [writer, reader, ...others] = sim.random.sample(members, members.length) as [Member, Member, ...Member[]]
    const { root } = await sim.run(writer.records.large.put(value, { republish: false }), PATIENCE)
    for (const { node } of others.slice(0, options.liars)) {
      changeReplies(node, (bytes) => {
        const changed = b4a.from(bytes)
        changed[sim.random.below(changed.length)]! ^= 1 << sim.random.below(8)
        return changed
      })
    }
    const reading = reader.records.large.get(root)
    const read = await sim.run(reading.bytes(), PATIENCE)
    return { liars: options.liars, identical: b4a.equals(read, value), rejected: reading.rejected }
  } finally {
    await network.destroy()
  }
}

/** Makes a node answer with something else where it gives parts of segments. */
export function changeReplies(node: Member['node'], change: (bytes: Uint8Array) => Uint8Array | null): void {
  const honest = node.onrequest.bind(node)
  node.onrequest = (request: Request): unknown => {
    if (request.command === RECORD_COMMAND.CHUNK_GET) {
      const reply = request.reply.bind(request)
      request.reply = (value, replyOptions) => reply(value ? change(value) : value, replyOptions)
    }
    return honest(request)
  }
}

function startLarge({ nodes, seed, maxWindow }: LargeOptions): Promise<RecordsNetwork> {
  const options: RecordsOptions = { refreshIntervalMs: 0 }
  return RecordsNetwork.start(nodes, seed, options, maxWindow === undefined ? {} : { maxWindow })
}
