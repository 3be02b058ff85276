/** A lookup of the node's own, for the sake of its routing table: no stream, no results but what the table learnt. */
import type { Address } from '../primitives/address.js'
import type { Candidate } from '../query/candidate.js'
import { ClosestReplies } from '../query/closest-replies.js'
import { type Ask, type AskSide, Lookup, type LookupOptions } from '../query/lookup.js'
import type { LookupKind } from '../query/trace.js'
import type { Tracer } from '../query/tracer.js'
import type { TraversalEvent } from '../query/traversal-options.js'
import { K } from '../routing/table.js'
import type { Peer, Reply } from '../rpc/reply.js'
import { COMMAND } from '../wire/commands.js'
import type { Core } from './core.js'
import { LOOKUP_SEND } from './errands.js'
import type { Seed } from './lookups.js'

/** Of saved contacts fewer answers than this, or than a quarter of them, are no way into the network. */
const FEW = 5

export interface OwnLookupOptions {
  /** For traces. Default `join`. */
  kind?: LookupKind
  /** Results wanted. Default 20. */
  k?: number
  /** Requests at a time. Default: the node's. */
  concurrency?: number
  /** Start at the bootstrap nodes alone, where our own contacts lead nowhere. */
  fromBootstrap?: boolean
  /**
   * Start at this node alone, which may be of another part of the network or not there at all: the lookup takes no
   * place of a refresh, and says nothing about the network.
   */
  from?: Address
  /** Called with the first reply. */
  onFirstReply?: (reply: Reply) => void
}

/** Resolves with the closest that answered when the lookup is over, however it ended. */
export async function ownLookup(
  core: Core,
  target: Uint8Array,
  options: OwnLookupOptions = {},
): Promise<readonly Peer[]> {
  const { lookups, resolver } = core
  const kind = options.kind ?? 'join'
  const message = { command: COMMAND.FIND_NODE, internal: true, target, value: null }
  const tracer = core.tracing.create(kind, message)
  const rules = tracer === null ? options : { ...options, trace: (event: TraversalEvent) => tracer.onStep(event) }
  const traversal = lookups.createTraversal(target, rules)
  const closest = new ClosestReplies<Reply>(target, traversal.k)
  if (tracer !== null) tracer.start(closest, 'table')
  const { from } = options
  if (from === undefined) core.lastLookupAt = core.clock.now()
  const seed = (nodes: readonly Seed[], source: Tracer['source']): void => {
    if (tracer !== null) tracer.source = source
    for (const { host, port, id, srttMs, ip } of nodes) traversal.addSeed(host, port, id, srttMs, ip)
  }
  // Twice k: where some are dead, the spare ones keep the true neighbours within reach.
  const known = lookups.seeds(target, options.fromBootstrap || from ? 0 : 2 * K)
  if (known.knowsNeighbours) traversal.askNearestAtOnce()
  seed(from ? [from] : known.nodes, known.source)
  const few = kind === 'join' ? Math.min(FEW, lookups.saved.length / 4) : 0
  if (from === undefined && (traversal.candidates.length < K || few > 0)) {
    const bootstrap = resolver.resolve()
    // A node that knows whom to ask does not wait for the names of others.
    if (few === 0 || !(bootstrap instanceof Promise)) seed(await bootstrap, 'bootstrap')
  }
  const ask: Ask = (candidate, handler) => lookups.ask(message, candidate, handler, LOOKUP_SEND)
  const askSide: AskSide = ({ candidate, target: side }, handler) => lookups.askSide(side, candidate, handler)
  let first = options.onFirstReply
  const parts = {
    traversal,
    closest,
    ask: tracer === null ? ask : tracer.wrap(ask),
    askSide: tracer === null ? askSide : tracer.wrapSide(askSide),
    hint: (referrer: Candidate, dead: Candidate) => core.hint(referrer, dead),
    onReply: (reply: Reply) => {
      first?.(reply)
      first = undefined
    },
  }
  let error = await walk(parts)
  if (error === null && traversal.successes < few) {
    seed(await resolver.resolve(), 'bootstrap')
    error = await walk(parts)
  }
  lookups.onWalked(traversal.candidates)
  const nodes = closest.list().map((reply) => reply.from)
  if (error === null && traversal.k === K && from === undefined) {
    core.watch.onLookup({ target, nodes, isComplete: true })
  }
  if (tracer !== null) tracer.end(error)
  return nodes
}

/** Walks to the end. Resolves with the error that ended it, or null. */
function walk(parts: Omit<LookupOptions, 'onEnd'>): Promise<Error | null> {
  return new Promise((resolve) => new Lookup({ ...parts, onEnd: resolve }).pump())
}
