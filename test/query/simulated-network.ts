/**
 * A network in memory for lookups: nodes with Kademlia tables, latencies, dead nodes; no I/O, no real time.
 *
 * Tables are what random contacts leave behind: every bucket holds 20 random nodes of its range, or all of them where
 * there are fewer. Answers are the exact 20 closest of the table, or what comes first row by row (behaviour 11), with
 * which a replier leaves out its own side. Deterministic for a seed.
 */
import { formatIPv4 } from '../../lib/primitives/address.js'
import { idFromIp, idPrefix } from '../../lib/primitives/id.js'
import { Traversal } from '../../lib/query/traversal.js'
import type { TraversalOptions } from '../../lib/query/traversal-options.js'
import { CloserNodeList } from './closer-node-list.js'
import type { Candidate } from '../../lib/query/candidate.js'
import type { SideQuestion } from '../../lib/query/omissions.js'
import { seededRandom } from '../helpers/contacts.js'

const K = 20
/** Two transmissions, each waited for as long as nearly all answers of the default round trips take. */
const SLOW_MS = 200
const PRESUMED_DEAD_MS = 400
const FAILED_MS = 1400

export interface SimulatedNode {
  ip: number
  port: number
  id: Uint8Array
  prefix: number
  dead: boolean
  table: SimulatedNode[]
}

export interface LookupResult {
  /** Those that answered as results, nearest first, at most k. */
  found: Candidate[]
  asks: number
  /** Asked beside the walk. */
  side: SideQuestion[]
  /** Virtual milliseconds. */
  tookMs: number
  hops: number
  finished: boolean
}

export interface LookupOptions extends Partial<TraversalOptions> {
  /** Round trip of a request in milliseconds; default uniform in 20…200. */
  latencyMs?: (random: () => number) => number
  /** Table nodes to start from; default 40. */
  seeds?: number
  /** Whose answers are not exact but row by row; default nobody's. */
  isRowwise?: (node: SimulatedNode) => boolean
  /** false: questions beside the walk are not asked. Default true. */
  side?: boolean
  /** Called after each event, for invariants. */
  onStep?: (traversal: Traversal, asked: Candidate[]) => void
}

interface Event {
  at: number
  type: 'reply' | 'slow' | 'presumed-dead' | 'failed' | 'side'
  candidate: Candidate
  /** Of an answer beside the walk. */
  question?: SideQuestion
}

export class SimulatedNetwork {
  readonly nodes: SimulatedNode[] = []
  readonly #byKey = new Map<number, SimulatedNode>()
  readonly #random: () => number

  constructor(size: number, seed: number, deadShare = 0) {
    const source = seededRandom(seed)
    this.#random = () => (source.below(65536) * 65536 + source.below(65536)) / 4294967296
    while (this.nodes.length < size) {
      const ip = (((20 + Math.floor(this.#random() * 60)) << 24) | Math.floor(this.#random() * 0x1000000)) >>> 0
      const port = 1024 + Math.floor(this.#random() * 60000)
      if (this.#byKey.has(ip * 65536 + port)) continue
      const id = idFromIp(ip, port)
      const node = { ip, port, id, prefix: idPrefix(id), dead: this.#random() < deadShare, table: [] }
      this.nodes.push(node)
      this.#byKey.set(ip * 65536 + port, node)
    }
    for (const node of this.nodes) node.table = this.#fillTable(node)
  }

  /** A random living node. */
  pick(): SimulatedNode {
    for (;;) {
      const node = this.nodes[Math.floor(this.#random() * this.nodes.length)]!
      if (!node.dead) return node
    }
  }

  randomTarget(): Uint8Array {
    return Uint8Array.from({ length: 32 }, () => Math.floor(this.#random() * 256))
  }

  /** The node behind a candidate. */
  nodeOf(candidate: Candidate): SimulatedNode {
    return this.#byKey.get(candidate.key)!
  }

  /** The living nodes nearest to the target, except `self`. */
  trueClosest(target: Uint8Array, self: SimulatedNode): SimulatedNode[] {
    return closestOf(
      this.nodes.filter((node) => node !== self && !node.dead),
      target,
    )
  }

  /** One lookup from `self`'s table to its end. */
  lookup(self: SimulatedNode, target: Uint8Array, options: LookupOptions = {}): LookupResult {
    const { latencyMs = (random) => 20 + random() * 180, seeds = 2 * K, onStep, isRowwise, side = true } = options
    const traversal = new Traversal({ target, selfId: self.id, ...options })
    for (const { ip, port, id } of closestOf(self.table, target, seeds)) traversal.addSeed(formatIPv4(ip), port, id)
    const events: Event[] = []
    const asked: Candidate[] = []
    const questions: SideQuestion[] = []
    let now = 0

    const answerOf = (candidate: Candidate, wanted: Uint8Array): CloserNodeList => {
      const node = this.nodeOf(candidate)
      return new CloserNodeList(isRowwise?.(node) ? rowsOf(node, wanted) : closestOf(node.table, wanted))
    }

    const ask = (): void => {
      for (let c = traversal.next(); c !== null; c = traversal.next()) {
        asked.push(c)
        onStep?.(traversal, asked)
        const latency = this.nodeOf(c).dead ? Infinity : latencyMs(this.#random)
        if (latency < Infinity) schedule(events, { at: now + latency, type: 'reply', candidate: c })
        else schedule(events, { at: now + FAILED_MS, type: 'failed', candidate: c })
        if (latency > SLOW_MS) schedule(events, { at: now + SLOW_MS, type: 'slow', candidate: c })
        if (latency > PRESUMED_DEAD_MS) {
          schedule(events, { at: now + PRESUMED_DEAD_MS, type: 'presumed-dead', candidate: c })
        }
      }
      if (!side) return
      for (let question = traversal.nextSide(); question !== null; question = traversal.nextSide()) {
        questions.push(question)
        const { candidate } = question
        schedule(events, { at: now + latencyMs(this.#random), type: 'side', candidate, question })
      }
    }

    for (ask(); !traversal.finished && events.length > 0; ask()) {
      const { at, type, candidate, question } = events.pop()!
      now = at
      if (type === 'slow') traversal.onSlow(candidate)
      else if (type === 'presumed-dead') traversal.onPresumedDead(candidate)
      else if (type === 'failed') traversal.onFailed(candidate)
      else if (type === 'side') traversal.onSide(question!, answerOf(candidate, question!.target))
      else traversal.onReply(candidate, { identified: true, ok: true }, answerOf(candidate, target))
      onStep?.(traversal, asked)
    }
    const found = traversal.candidates.filter((c) => c.state === 'answered').slice(0, K)
    const hops = found.reduce((most, c) => Math.max(most, c.hop), 0)
    return { found, asks: traversal.visited, side: questions, tookMs: now, hops, finished: traversal.finished }
  }

  #fillTable(self: SimulatedNode): SimulatedNode[] {
    const buckets: SimulatedNode[][] = []
    for (const node of this.nodes) {
      if (node === self) continue
      const bucket = (buckets[Math.clz32(node.prefix ^ self.prefix)] ??= [])
      bucket.push(node)
    }
    return buckets.flatMap((bucket) => this.#sample(bucket))
  }

  /** 20 random ones, or all. */
  #sample(nodes: SimulatedNode[]): SimulatedNode[] {
    if (nodes.length <= K) return nodes
    for (let i = 0; i < K; i++) {
      const j = i + Math.floor(this.#random() * (nodes.length - i))
      const other = nodes[j]!
      nodes[j] = nodes[i]!
      nodes[i] = other
    }
    return nodes.slice(0, K)
  }
}

/** The nearest, nearest first. 32 bits of distance tell every two nodes of these small networks apart. */
export function closestOf(nodes: SimulatedNode[], target: Uint8Array, count = K): SimulatedNode[] {
  const prefix = idPrefix(target)
  return nodes
    .slice()
    .sort((a, b) => ((a.prefix ^ prefix) >>> 0) - ((b.prefix ^ prefix) >>> 0))
    .slice(0, count)
}

/**
 * What comes first in the replier's table row by row: row d of the target, then the shallower ones, then the deeper
 * ones, within a row by id (behaviour 11).
 */
export function rowsOf(self: SimulatedNode, target: Uint8Array, count = K): SimulatedNode[] {
  const depth = Math.clz32(self.prefix ^ idPrefix(target))
  const place = ({ prefix }: SimulatedNode): number => {
    const row = Math.clz32(prefix ^ self.prefix)
    return row <= depth ? depth - row : row
  }
  return self.table
    .slice()
    .sort((a, b) => place(a) - place(b) || a.prefix - b.prefix)
    .slice(0, count)
}

/** Keeps events latest first, so that the next one is popped from the end. */
function schedule(events: Event[], event: Event): void {
  let i = events.length
  while (i > 0 && events[i - 1]!.at <= event.at) i--
  events.splice(i, 0, event)
}
