/**
 * Lookups in networks of which a part lies. The liars have joined as anybody joins, are in the tables of the others, and
 * go on answering pings; from some moment on they answer lookups as their kind says.
 */
import { booksOf } from '../reliability/books.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { idFromIp, idPrefix, sameId } from '../../lib/primitives/id.js'
import type { DHT } from '../../lib/node/dht.js'
import type { DHTOptions } from '../../lib/node/options.js'
import { type SimulatedHost, Simulation, trueClosest } from '../../lib/simulation/index.js'
import { SeededRandom } from '../../lib/simulation/seeded-random.js'
import type { OnDatagram, Transport } from '../../lib/transport/contract.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { datagramKind } from '../../lib/wire/datagram.js'
import { type DecodedRequest, decodeRequest } from '../../lib/wire/request.js'
import { type CloserNode, encodeResponse } from '../../lib/wire/response.js'

/**
 * How a liar answers a lookup:
 * - `garbage`: with bytes that are no message, a message that is cut off, or one with junk behind its header
 * - `self`: names itself, twenty times
 * - `colluding`: names the twenty liars nearest to the key
 * - `invented`: names twenty dead addresses that were ground to be nearer to the key than any node is
 * - `slow`: truthfully, after 1 to 3 seconds
 * - `silent`: not at all
 * - `mixed`: one of these each
 */
export const LIES = ['garbage', 'self', 'colluding', 'invented', 'slow', 'silent', 'mixed'] as const
export type Lie = (typeof LIES)[number]

export interface LiarsJob {
  /** Persistent nodes, liars among them, the bootstrapper aside. */
  nodes: number
  /** Of those, 0 to 1. */
  share: number
  lie: Lie
  seed: number
  /** Lookups in each way. */
  lookups: number
  /** Ways to look up: numbers of disjoint paths; 1 is a plain lookup. */
  paths: readonly number[]
}

/** What came of the lookups of one way. */
export interface LiarsResult {
  paths: number
  lookups: number
  /** Share of lookups that found every honest node that belongs to the result. */
  exact: number
  /** Mean share of those nodes that were found. */
  recall: number
  /** Share of lookups that found the honest node nearest to the key. */
  first: number
  /** Virtual time, median and 95th percentile. */
  medianMs: number
  p95Ms: number
  /** Requests of the asker per lookup, retransmissions included. */
  requests: number
  /** Datagrams that the books of the honest nodes do not explain, so far. */
  unaccounted: number
}

const K = 20
const LOSS = 0.01
const SETTLE_MS = 60_000
const GRACE_MS = 5000

/** Nodes that join at a time. */
const LEAST_WAVE = 10
const WAVE_SHARE = 0.05

/** Addresses that the inventors have ground beforehand: a second's work. */
const INVENTED = 2 ** 20
const INVENTED_NET = parseIPv4('90.0.0.0')
const PORT = 1024

/** Of those, around a key, they name different ones: in a network of 1,000 as near to it as the nearest node. */
const NAMED_INVENTED = 600

/** Beyond the streams of the simulation and its nodes. */
const CHOICE_STREAM = 2 ** 21

const NO_REPLY = null

/** Runs one network. Same job, same result. */
export async function measureLiars(job: LiarsJob): Promise<LiarsResult[]> {
  const network = await LiarNetwork.start(job)
  try {
    const results: LiarsResult[] = []
    for (const paths of job.paths) results.push(await network.measure(paths, job.lookups))
    return results
  } finally {
    await network.destroy()
  }
}

class LiarNetwork {
  readonly #sim: Simulation
  readonly #random: SeededRandom
  readonly #honest: DHT[] = []
  readonly #liars: Liar[] = []
  readonly #seed: number

  private constructor(seed: number) {
    this.#seed = seed
    this.#sim = new Simulation({ seed, network: { loss: LOSS } })
    this.#random = new SeededRandom(seed, CHOICE_STREAM)
  }

  static async start({ nodes, share, lie, seed }: LiarsJob): Promise<LiarNetwork> {
    const network = new LiarNetwork(seed)
    await network.#join(nodes, Math.round(nodes * share), lie)
    return network
  }

  destroy(): Promise<void> {
    return this.#sim.destroy()
  }

  async #join(count: number, liars: number, lie: Lie): Promise<void> {
    const sim = this.#sim
    const kinds = LIES.filter((kind) => kind !== 'mixed')
    // Every so manyth is a liar: they join among the others.
    const isLiar = (i: number): boolean => Math.floor(((i + 1) * liars) / count) > Math.floor((i * liars) / count)
    this.#honest.push(sim.bootstrapper())
    const invented = lie === 'invented' || lie === 'mixed' ? new InventedAddresses() : null
    for (let i = 0; i < count;) {
      const wave: DHT[] = []
      for (const end = Math.min(count, i + Math.max(LEAST_WAVE, Math.floor(i * WAVE_SHARE))); i < end; i++) {
        const host = sim.createHost()
        if (!isLiar(i)) {
          wave.push(sim.createNode({ ephemeral: false }, { host }))
          this.#honest.push(wave.at(-1)!)
          continue
        }
        const kind = lie === 'mixed' ? kinds[this.#liars.length % kinds.length]! : lie
        const liar = new Liar(kind, host, { sim, liars: this.#liars, invented, random: this.#random })
        this.#liars.push(liar)
        wave.push(liar.node)
      }
      await sim.run(Promise.all(wave.map((node) => node.fullyBootstrapped())))
    }
    await sim.advance(SETTLE_MS)
    for (const liar of this.#liars) liar.turn()
  }

  async measure(paths: number, lookups: number): Promise<LiarsResult> {
    const sim = this.#sim
    // The same keys and askers whatever the way.
    const random = new SeededRandom(this.#seed, CHOICE_STREAM + 1)
    const result: LiarsResult = {
      paths,
      lookups,
      exact: 0,
      recall: 0,
      first: 0,
      medianMs: 0,
      p95Ms: 0,
      requests: 0,
      unaccounted: 0,
    }
    const times: number[] = []
    for (let i = 0; i < lookups; i++) {
      const target = random.bytes(32)
      // Not the bootstrapper, which nearly everybody knows.
      const asker = this.#honest[1 + random.below(this.#honest.length - 1)]!
      const startedAt = sim.clock.now()
      const before = asker.stats.requests.total + asker.stats.requests.retries
      const query = asker.findNode(target, paths === 1 ? {} : { disjointPaths: paths })
      await sim.run(query.finished())
      times.push(sim.clock.now() - startedAt)
      const expected = this.#expected(target, asker)
      const found = expected.filter(({ id }) => query.closestNodes.some((peer) => sameId(peer.id!, id!)))
      result.recall += (expected.length === 0 ? 1 : found.length / expected.length) / lookups
      if (found.length === expected.length) result.exact += 1 / lookups
      if (expected.length === 0 || found[0] === expected[0]) result.first += 1 / lookups
      await sim.advance(GRACE_MS)
      result.requests += (asker.stats.requests.total + asker.stats.requests.retries - before) / lookups
    }
    times.sort((a, b) => a - b)
    result.medianMs = Math.round(times[lookups >> 1]!)
    result.p95Ms = Math.round(times[Math.floor(lookups * 0.95)]!)
    result.unaccounted = booksOf(this.#honest).unaccounted
    return result
  }

  /** The honest ones among the 20 nearest of all who answer with their id: liars who do hold their places as well. */
  #expected(target: Uint8Array, asker: DHT): DHT[] {
    const places = [
      ...this.#honest.filter((node) => node !== asker && !node.ephemeral),
      ...this.#liars.filter(({ hasPlace }) => hasPlace).map(({ node }) => node),
    ]
    const honest = new Set(this.#honest)
    return trueClosest(places, target, K).filter((node) => honest.has(node))
  }
}

interface LiarParts {
  sim: Simulation
  liars: readonly Liar[]
  invented: InventedAddresses | null
  random: SeededRandom
}

/** A node that joins and keeps up its table like any other, and lies to those who ask it for nodes. */
class Liar {
  readonly node: DHT
  readonly kind: Exclude<Lie, 'mixed'>
  readonly #host: SimulatedHost
  readonly #parts: LiarParts
  #lies = false

  constructor(kind: Exclude<Lie, 'mixed'>, host: SimulatedHost, parts: LiarParts) {
    this.kind = kind
    this.#host = host
    this.#parts = parts
    const options: DHTOptions = { ephemeral: false, transport: this.#wrap(host.transport) }
    this.node = parts.sim.createNode(options, { host })
  }

  /** Whether it answers lookups with its id, and so holds a place among the nearest. */
  get hasPlace(): boolean {
    return !this.node.ephemeral && this.kind !== 'silent' && this.kind !== 'garbage'
  }

  /** From here on it lies. */
  turn(): void {
    this.#lies = true
  }

  #wrap(transport: Transport): Transport {
    return Object.assign({}, transport, {
      maxDatagramBytes: transport.maxDatagramBytes,
      bind: (port: number, host: string, onDatagram: OnDatagram) =>
        transport.bind(port, host, (bytes, fromHost, fromPort, socket) => {
          const request = this.#lies && datagramKind(bytes) === 'request' ? decodeRequest(bytes) : null
          if (request === null || request.command !== COMMAND.FIND_NODE) {
            onDatagram(bytes, fromHost, fromPort, socket)
            return
          }
          if (this.kind === 'slow') {
            const copy = Uint8Array.from(bytes)
            this.#host.clock.after(1000 + this.#parts.random.below(2000), () =>
              onDatagram(copy, fromHost, fromPort, socket),
            )
            return
          }
          const lie = this.#lie(bytes, request, { ip: parseIPv4(fromHost), port: fromPort })
          if (lie !== NO_REPLY) socket.trySend(lie, fromPort, fromHost)
        }),
    })
  }

  #lie(bytes: Uint8Array, request: DecodedRequest, to: CloserNode): Uint8Array | null {
    const { liars, invented, random } = this.#parts
    const target = bytes.subarray(request.targetAt, request.targetAt + 32)
    const answer = (closer: readonly CloserNode[]): Uint8Array =>
      encodeResponse({ tid: request.tid, ...to, id: this.node.id, token: null, closer, error: 0, value: null })
    switch (this.kind) {
      case 'self':
        return answer(new Array<CloserNode>(K).fill(this.#place))
      case 'colluding':
        return answer(
          trueClosest(
            liars.map(({ node }) => node),
            target,
            K,
          ).map((node) => liars.find((liar) => liar.node === node)!.#place),
        )
      case 'invented':
        return answer(invented!.nearest(target, liars.indexOf(this)))
      case 'garbage':
        return garbage(answer, random)
      case 'slow':
      case 'silent':
      default:
        return NO_REPLY
    }
  }

  get #place(): CloserNode {
    const { host, port } = this.#parts.sim.addressOf(this.node)
    return { ip: parseIPv4(host), port }
  }
}

/** No message, one that is cut off, or one with junk behind its header. */
function garbage(answer: (closer: CloserNode[]) => Uint8Array, random: SeededRandom): Uint8Array {
  const somewhere = (): CloserNode => ({
    ip: random.below(65536) * 65536 + random.below(65536),
    port: random.below(65536),
  })
  const message = answer(Array.from({ length: K }, somewhere))
  switch (random.below(3)) {
    case 0:
      return random.bytes(1 + random.below(1200))
    case 1:
      return message.slice(0, random.below(message.length))
    default:
      message.set(random.bytes(message.length - 4), 4)
      return message
  }
}

/** Dead addresses by their ids: what an attacker grinds once, and uses for any key. */
class InventedAddresses {
  /** First 32 bits of the id, and the number of the address behind them; ascending. */
  readonly #entries = new Float64Array(INVENTED)

  constructor() {
    for (let i = 0; i < INVENTED; i++) this.#entries[i] = idPrefix(idFromIp(INVENTED_NET + i, PORT)) * INVENTED + i
    this.#entries.sort()
  }

  /** Twenty around the key; each liar names others, and all of them are nearer to it than any node. */
  nearest(target: Uint8Array, liar: number): CloserNode[] {
    const prefix = idPrefix(target)
    let bits = 32
    let [from, to] = [0, 0]
    for (; to - from < NAMED_INVENTED; bits--) {
      const size = 2 ** (32 - bits)
      from = this.#indexOf(Math.floor(prefix / size) * size)
      to = this.#indexOf((Math.floor(prefix / size) + 1) * size)
    }
    return Array.from({ length: K }, (_, i) => {
      const entry = this.#entries[from + ((liar * K + i) % (to - from))]!
      return { ip: INVENTED_NET + (entry % INVENTED), port: PORT }
    })
  }

  #indexOf(prefix: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (Math.floor(this.#entries[middle]! / INVENTED) < prefix) low = middle + 1
      else high = middle
    }
    return low
  }
}
