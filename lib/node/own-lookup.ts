/** A lookup of the node's own, for the sake of its routing table: no stream, no results but what the table learnt. */
import { ClosestReplies } from '../query/closest-replies.js'
import { Lookup } from '../query/lookup.js'
import { K } from '../routing/table.js'
import type { Reply } from '../rpc/reply.js'
import { COMMAND } from '../wire/commands.js'
import type { Core } from './core.js'
import { INTERNAL_SEND } from './errands.js'

export interface OwnLookupOptions {
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
  const traversal = core.createTraversal(target, options)
  core.lastLookupAt = core.clock.now()
  // Twice k: where some are dead, the spare ones keep the true neighbours within reach.
  const known = options.fromBootstrap ? 0 : 2 * K
  for (const { host, port, id } of core.contacts.table.closest(target, known)) traversal.addSeed(host, port, id)
  if (traversal.candidates.length < K) {
    for (const { host, port } of await core.resolver.resolve()) traversal.addSeed(host, port)
  }
  const message = { command: COMMAND.FIND_NODE, internal: true, target, value: null }
  await new Promise<void>((resolve) => {
    let first = options.onFirstReply
    const lookup = new Lookup({
      traversal,
      closest: new ClosestReplies(target, traversal.k),
      ask: (candidate, handler) => core.ask(message, candidate, handler, INTERNAL_SEND),
      hint: (referrer, dead) => core.hint(referrer, dead),
      onReply: (reply) => {
        first?.(reply)
        first = undefined
      },
      onEnd: () => resolve(),
    })
    lookup.pump()
  })
}
