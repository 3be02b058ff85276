/** A {@link Lookup} over a way of asking that the test answers itself: no node, no time. */
import { formatIPv4, parseIPv4 } from '../../lib/primitives/address.js'
import { compareDistance, idFromIp } from '../../lib/primitives/id.js'
import { DHTError } from '../../lib/primitives/errors.js'
import type { Candidate } from '../../lib/query/candidate.js'
import { CloserNodeList } from './closer-node-list.js'
import { ClosestReplies } from '../../lib/query/closest-replies.js'
import { type Ask, type AskHandler, type AskSide, Lookup, type LookupOptions } from '../../lib/query/lookup.js'
import { Traversal } from '../../lib/query/traversal.js'
import type { TraversalOptions } from '../../lib/query/traversal-options.js'
import type { Reply } from '../../lib/rpc/reply.js'

const PORT = 1000
const FIRST_IP = parseIPv4('20.1.0.0')
export const TARGET = idFromIp(parseIPv4('9.9.9.9'), 9)

/** The node with this number. */
export const node = (serial: number) => ({ ip: FIRST_IP + serial, port: PORT })

export const serialOf = ({ ip }: { ip: number }): number => ip - FIRST_IP

export interface ReplyFields {
  error?: number
  /** false: the reply carries no valid id. */
  identified?: boolean
  /** Serials of the nodes it names. */
  closer?: number[]
}

/** An ask, of the walk or beside it. */
export interface Asked {
  candidate: Candidate
  /** What it is asked for. */
  target: Uint8Array
  handler: AskHandler
  cancelled: Error | null
}

interface HarnessOptions extends Partial<LookupOptions> {
  k?: number
  walk?: Partial<TraversalOptions>
  /** Who sees the asks before they are made. */
  wrap?: { ask: (ask: Ask) => Ask; askSide: (ask: AskSide) => AskSide }
}

const PLAIN: NonNullable<HarnessOptions['wrap']> = { ask: (ask) => ask, askSide: (ask) => ask }

export class Harness {
  readonly asked: Asked[] = []
  /** Asked beside the walk. */
  readonly side: Asked[] = []
  readonly replies: number[] = []
  readonly hints: [referrer: number, dead: number][] = []
  readonly ends: (Error | null)[] = []
  readonly traversal: Traversal
  readonly closest: ClosestReplies<Reply>
  readonly lookup: Lookup
  mayAsk = true
  /** Settles some asks before they return. */
  onAsk: ((asked: Asked) => void) | null = null

  constructor(seeds: number, { k = 4, walk = {}, wrap = PLAIN, ...options }: HarnessOptions = {}) {
    this.traversal = new Traversal({ target: TARGET, k, concurrency: 3, ...walk })
    this.closest = new ClosestReplies(TARGET, k)
    for (let i = 1; i <= seeds; i++) this.seed(i)
    this.lookup = new Lookup({
      traversal: this.traversal,
      closest: this.closest,
      ask: wrap.ask((candidate, handler) =>
        this.#ask(this.asked, { candidate, target: TARGET, handler, cancelled: null }),
      ),
      askSide: wrap.askSide(({ candidate, target }, handler) =>
        this.#ask(this.side, { candidate, target, handler, cancelled: null }),
      ),
      hint: (referrer, dead) => void this.hints.push([serialOf(referrer), serialOf(dead)]),
      mayAsk: () => this.mayAsk,
      onReply: (reply) => void this.replies.push(parseIPv4(reply.from.host) - FIRST_IP),
      onEnd: (error) => void this.ends.push(error),
      ...options,
    })
  }

  #ask(list: Asked[], asked: Asked): (error: Error) => void {
    list.push(asked)
    this.onAsk?.(asked)
    return (error) => {
      asked.cancelled = error
      asked.handler.onFailure(error)
    }
  }

  seed(serial: number): void {
    this.traversal.addSeed(formatIPv4(FIRST_IP + serial), PORT)
  }

  /** The ask of the node with this number. */
  of(serial: number): Asked {
    return this.asked.find(({ candidate }) => serialOf(candidate) === serial)!
  }

  get serials(): number[] {
    return this.asked.map(({ candidate }) => serialOf(candidate))
  }

  /** Numbers of the results, nearest first. */
  get found(): number[] {
    return this.closest.list().map((reply) => parseIPv4(reply.from.host) - FIRST_IP)
  }

  get failures(): string[] {
    return this.ends.map((error) => (error instanceof DHTError ? error.code : String(error?.message)))
  }
}

export function answer(
  { candidate, handler }: Asked,
  { error = 0, identified = true, closer = [] }: ReplyFields = {},
): void {
  const from = { id: identified ? candidate.id : null, host: candidate.host, port: candidate.port }
  handler.onReply({ error, from, rtt: 0, closer: new CloserNodeList(closer.map(node)) } as unknown as Reply)
}

export function timeOut({ handler }: Asked): void {
  handler.onFailure(new DHTError('REQUEST_TIMEOUT'))
}

/** Numbers 1 to `count`, nearest to the target first. */
export function nearestFirst(count: number): number[] {
  const id = (serial: number): Uint8Array => idFromIp(FIRST_IP + serial, PORT)
  return Array.from({ length: count }, (_, i) => i + 1).sort((a, b) => compareDistance(TARGET, id(a), id(b)))
}
