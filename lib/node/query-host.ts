/** What a query gets from its node: seeds, a way to ask, and the node's rules. */
import { MAX_PATHS } from '../query/disjoint.js'
import { Query, type QueryHost, type QueryMessage, type QueryOptions } from '../query/query.js'
import { K } from '../routing/table.js'
import { createSendOptions } from '../rpc/exchange.js'
import type { Reply } from '../rpc/reply.js'
import { ERROR } from '../wire/commands.js'
import {
  checkAddress,
  checkCommand,
  checkFits,
  checkHash,
  checkInteger,
  checkLimits,
  checkValue,
  type Destination,
} from './arguments.js'
import type { Core } from './core.js'
import type { DHT } from './dht.js'
import { FORCED_LOOKUP_SEND, LOOKUP_SEND } from './errands.js'
import { describe } from './describe.js'
import { sizeOf } from './requests.js'
import { Session } from './session.js'

/** For modules that make queries of a kind of their own. */
export { Query }

/** Transmissions after the first of a query's requests: of 10,000 living nodes four lose both at 1 % loss each way. */
const QUERY_RETRIES = 1

/** Most requests of one query at a time that may be asked for: more would be a flood. */
const MAX_CONCURRENCY = 256

/** @throws TypeError or RangeError for options that make no sense */
function checkQueryOptions<T>(options: QueryOptions<T>): void {
  checkLimits(options)
  const { commit, concurrency, disjointPaths, map, retries, session, trace } = options
  if (map !== undefined && map !== null && typeof map !== 'function') throw new TypeError('map must be a function')
  if (commit !== undefined && commit !== null && typeof commit !== 'boolean' && typeof commit !== 'function') {
    throw new TypeError('commit must be a boolean or a function')
  }
  if (trace !== undefined && trace !== null && typeof trace !== 'function') {
    throw new TypeError('trace must be a function')
  }
  if (concurrency !== undefined) checkInteger(concurrency, 'concurrency', 1, MAX_CONCURRENCY)
  if (disjointPaths !== undefined) checkInteger(disjointPaths, 'disjointPaths', 1, MAX_PATHS)
  if (retries !== undefined) checkInteger(retries, 'retries', 0, 100)
  if (session !== undefined && session !== null && !(session instanceof Session)) {
    throw new TypeError('session must come from node.session()')
  }
  for (const name of ['nodes', 'closestNodes', 'replies', 'closestReplies'] as const) {
    const list = options[name]
    if (list === undefined || list === null) continue
    if (!Array.isArray(list)) throw new TypeError(`${name} must be an array`)
    for (const item of list as unknown[]) {
      const node = name === 'nodes' || name === 'closestNodes' ? item : (item as { from?: unknown } | null)?.from
      checkAddress(node as Destination | null | undefined, `an entry of ${name}`)
    }
  }
}

/**
 * A query of the application's.
 *
 * @param node the public node, which commits go through
 * @param internal whether the command is the protocol's own
 * @param Kind the class to make one of
 * @throws TypeError or RangeError for bad arguments; DHTError NODE_DESTROYED
 */
export function createQuery<T>(
  core: Core,
  node: DHT,
  message: QueryMessage,
  internal: boolean,
  options: QueryOptions<T>,
  Kind: typeof Query = Query,
): Query<T> {
  if (typeof message !== 'object' || message === null) {
    throw new TypeError(`query must be {target, command}, got ${describe(message)}`)
  }
  const target = checkHash(message.target, 'target')
  const checked = { target, command: checkCommand(message.command), value: checkValue(message.value) }
  checkQueryOptions(options)
  // A commit carries the token too, and must fit as well.
  checkFits(checked.value, sizeOf({ ...checked, internal, token: target }), core.maxDatagramBytes)
  if (core.closed === 'destroyed') throw core.closedError()
  const query: Query<T> = new Kind(
    createQueryHost(core, node, checked, internal, options, () => query),
    checked,
    options,
  )
  return query
}

/** @param query the query this host is for, once it exists: a session has to know it */
function createQueryHost<T>(
  core: Core,
  node: DHT,
  message: Required<QueryMessage>,
  internal: boolean,
  options: QueryOptions<T>,
  query: () => Query<T>,
): QueryHost {
  const session = options.session instanceof Session ? options.session : null
  const lastEnd = session?.lastEnd
  const send = createSendOptions({
    retries: options.force ? 0 : (options.retries ?? QUERY_RETRIES),
    // Nobody relays the protocol's own commands.
    relayed: !internal && core.config.acceptRelayed,
    forced: options.force === true,
    lookup: true,
  })
  const sendSide = send.forced ? FORCED_LOOKUP_SEND : LOOKUP_SEND
  const { target, command, value } = message
  const ask = { target, command, value, internal }
  return {
    k: K,
    mayEndEarly: !internal && !options.commit,
    dht: node,
    tracer: core.tracing.create(internal ? 'find-node' : 'query', message, options.trace),
    createTraversal: ({ onlySeeds, concurrency, trace }) =>
      core.lookups.createTraversal(target, {
        concurrency: concurrency ?? core.config.concurrency,
        onlySeeds: onlySeeds === true,
        disjointPaths: options.disjointPaths,
        trace,
      }),
    seeds: (key, count) => core.lookups.seeds(key, count),
    bootstrapSeeds: () => core.resolver.resolve(),
    ask: (candidate, handler) => core.lookups.ask(ask, candidate, handler, send),
    askSide: ({ candidate, target: side }, handler) => core.lookups.askSide(side, candidate, handler, sendSide),
    onResult: (nodes, { candidates, k }) => {
      core.lookups.onWalked(candidates)
      // A command that some nodes refuse finds fewer nodes than there are.
      const isComplete = internal || !candidates.slice(0, k).some(({ state }) => state === 'excluded')
      if (!options.onlyClosestNodes) core.watch.onLookup({ target, nodes, isComplete })
    },
    retire: () => {
      // A number of the caller's own is kept to.
      if (options.retries === undefined) send.retries = 0
    },
    commit: (reply) => commitTo(node, reply, message),
    hint: (referrer, dead) => core.hint(referrer, dead),
    count: (change) => {
      core.stats.queries.active += change
      if (change === 1) {
        core.stats.queries.total++
        core.lastLookupAt = core.clock.now()
        session?.attachQuery(query())
        // A query starts a moment after it is consumed first: the session may have been destroyed meanwhile.
        if (session !== null && session.lastEnd !== lastEnd) query().destroy(session.lastEnd?.error)
      }
    },
    checkWait: checkLimits,
    after: (delayMs, fn) => core.clock.after(delayMs, fn),
    onClose: () => session?.detachQuery(query()),
  }
}

/** Repeats the command with the node's token; one that has expired on the way comes back with a fresh one. */
export async function commitTo(node: DHT, reply: Reply, message: Required<QueryMessage>): Promise<Reply> {
  const answer = await node.request({ ...message, token: reply.token }, reply.from)
  if (answer.error !== ERROR.INVALID_TOKEN || answer.token === null) return answer
  return node.request({ ...message, token: answer.token }, reply.from)
}
