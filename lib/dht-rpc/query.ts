/** Queries as dht-rpc runs them: its options, and what a query ends or fails with. */
import { DHTError } from '../primitives/errors.js'
import { commitTo, Query } from '../node/query-host.js'
import { Session } from '../node/session.js'
import type { DHT as Node } from '../node/dht.js'
import type { QueryMessage, QueryOptions } from '../query/query.js'
import type { Reply } from '../rpc/reply.js'
import { noToken, queryFailure } from './errors.js'
import { usableNodes } from './options.js'

/** Most transmissions and most requests at a time that a query of ours takes. */
const MAX_RETRIES = 100
const MAX_CONCURRENCY = 256

/** A query that ends and fails as one of dht-rpc does. */
export class RpcQuery<T = Reply> extends Query<T> {
  readonly #given: QueryOptions<T>
  #over = false

  constructor(...[host, message, options]: ConstructorParameters<typeof Query<T>>) {
    super(host, message, options)
    this.#given = options
  }

  override destroy(error?: Error | null): void {
    // An aborted signal destroys the query while it is being constructed.
    const given = #given in this ? this.#given : {}
    if (!error) return super.destroy(error)
    const { session, commit } = given
    const ended = session instanceof Session && session.lastEnd?.error === error
    const failure = queryFailure(ended ? new DHTError('REQUEST_DESTROYED') : error, Boolean(commit))
    if (failure === null) this.#end()
    else super.destroy(failure)
  }

  override push(item: T | null): boolean {
    return this.#over ? false : super.push(item)
  }

  /** Ends the stream: what was found so far is still delivered. */
  #end(): void {
    if (this.#over) return
    super.push(null)
    this.#over = true
  }
}

/**
 * Options for a query of ours. Only those that mean something: HyperDHT leaves its own in the object.
 *
 * @param node whom commits go through
 */
export function toQueryOptions<T>(node: Node, message: QueryMessage, options: QueryOptions<T>): QueryOptions<T> {
  const { map, commit, onlyClosestNodes, force, session, signal, deadlineMs, trace } = options
  const replies = options.replies ?? options.closestReplies
  const nodes = options.nodes ?? options.closestNodes ?? replies?.map((reply) => reply.from)
  const out: QueryOptions<T> = { onlyClosestNodes: Boolean(onlyClosestNodes), force: Boolean(force) }
  if (map) out.map = map
  if (commit) out.commit = toCommit(node, message, commit)
  if (nodes) out.nodes = usableNodes(nodes)
  if (session) out.session = session
  if (signal) out.signal = signal
  if (trace) out.trace = trace
  if (deadlineMs !== undefined && deadlineMs !== null) out.deadlineMs = deadlineMs
  const concurrency = within(options.concurrency, 1, MAX_CONCURRENCY)
  if (concurrency !== null) out.concurrency = concurrency
  const retries = within(options.retries, 0, MAX_RETRIES)
  if (retries !== null) out.retries = retries
  return out
}

function within(value: unknown, least: number, most: number): number | null {
  return typeof value === 'number' && value >= least ? Math.min(Math.floor(value), most) : null
}

/**
 * With dht-rpc every answer is a success, whatever its error number; the commit functions of HyperDHT count on that.
 * In an array, an answer is not looked at.
 */
function toCommit<T>(node: Node, message: QueryMessage, commit: QueryOptions<T>['commit']): QueryOptions<T>['commit'] {
  if (typeof commit === 'function') {
    return async (reply, _node, query) => [await commit(reply, node, query)]
  }
  const { target, command, value = null } = message
  return async (reply) => {
    if (reply.token === null) throw noToken()
    return [await commitTo(node, reply, { target, command, value })]
  }
}
