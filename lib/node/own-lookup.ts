/** A lookup of the node's own, for the sake of its routing table: no stream, no results but what the table learnt. */
import { ClosestReplies } from '../query/closest-replies.js'
import { type Ask, type AskSide, Lookup } from '../query/lookup.js'
import type { LookupKind } from '../query/trace.js'
import type { TraversalEvent } from '../query/traversal-options.js'
import { K } from '../routing/table.js'
import type { Reply } from '../rpc/reply.js'
import { COMMAND } from '../wire/commands.js'
import type { Core } from './core.js'
import { LOOKUP_SEND } from './errands.js'

export interface OwnLookupOptions {
  /** For traces. Default `join`. */
  kind?: LookupKind
  /** Results wanted. Default 20. */
  k?: number
  /** Requests at a time. Default: the node's. */
  concurrency?: number
  /** Start at the bootstrap nodes alone, where our own contacts lead nowhere. */
  fromBootstrap?: boolean
  /** Called with the first reply. */
  onFirstReply?: (reply: Reply) => void
}

/** Resolves when the lookup is over, however it ended. */
export async function ownLookup(core: Core, target: Uint8Array, options: OwnLookupOptions = {}): Promise<void> {
  const message = { command: COMMAND.FIND_NODE, internal: true, target, value: null }
  const tracer = core.tracing.create(options.kind ?? 'join', message)
  const rules = tracer === null ? options : { ...options, trace: (event: TraversalEvent) => tracer.onStep(event) }
  const traversal = core.createTraversal(target, rules)
  const closest = new ClosestReplies<Reply>(target, traversal.k)
  if (tracer !== null) tracer.start(closest, 'table')
  core.lastLookupAt = core.clock.now()
  // Twice k: where some are dead, the spare ones keep the true neighbours within reach.
  const known = options.fromBootstrap ? 0 : 2 * K
  for (const { host, port, id, srttMs } of core.contacts.table.closest(target, known)) {
    traversal.addSeed(host, port, id, srttMs)
  }
  if (traversal.candidates.length < K) {
    if (tracer !== null) tracer.source = 'bootstrap'
    for (const { host, port } of await core.resolver.resolve()) traversal.addSeed(host, port)
  }
  const ask: Ask = (candidate, handler) => core.ask(message, candidate, handler, LOOKUP_SEND)
  const askSide: AskSide = ({ candidate, target: side }, handler) => core.askSide(side, candidate, handler)
  await new Promise<void>((resolve) => {
    let first = options.onFirstReply
    const lookup = new Lookup({
      traversal,
      closest,
      ask: tracer === null ? ask : tracer.wrap(ask),
      askSide: tracer === null ? askSide : tracer.wrapSide(askSide),
      hint: (referrer, dead) => core.hint(referrer, dead),
      onReply: (reply) => {
        first?.(reply)
        first = undefined
      },
      onEnd: (error) => {
        if (tracer !== null) tracer.end(error)
        resolve()
      },
    })
    lookup.pump()
  })
}
