/** Requests that belong together, so that they can be given up together (behaviour 14). */
import { DHTError } from '../primitives/errors.js'
import type { Exchange, ExchangeGroup } from '../rpc/exchange.js'
import { GroupList } from '../rpc/group-list.js'
import type { Reply } from '../rpc/reply.js'
import type { Query, QueryMessage, QueryOptions } from '../query/query.js'
import type { Destination } from './arguments.js'
import type { PingOptions, RequestMessage, RequestOptions } from './requests.js'

/** What a session needs of its node: the public methods, looked up at each call. */
interface SessionNode {
  query<T>(message: QueryMessage, options?: QueryOptions<T>): Query<T>
  findNode<T>(target: Uint8Array, options?: QueryOptions<T>): Query<T>
  request(message: RequestMessage, to: Destination, options?: RequestOptions): Promise<Reply>
  ping(to: Destination, options?: PingOptions): Promise<Reply>
  delayedPing(to: Destination, delayMs: number, options?: RequestOptions): Promise<Reply>
}

/** A `destroy` of a session: an object of its own, so that two with the same error differ. */
interface SessionEnd {
  readonly error: Error
}

/**
 * A bag of requests and queries, made by `node.session()`. `destroy` fails what is under way; the session can be used
 * again afterwards.
 */
export class Session implements ExchangeGroup {
  readonly #node: SessionNode
  readonly #cancel: (exchange: Exchange, error: Error) => void
  /** BOUNDED: by the requests of the session's owner. */
  readonly #exchanges = new GroupList()
  /** BOUNDED: by the queries of the session's owner. */
  #queries: Set<{ destroy(error?: Error | null): void }> | null = null
  /** Options of a request that has none of its own. */
  readonly #plain: RequestOptions = { session: this }
  #lastEnd: SessionEnd | null = null

  /** @internal */
  constructor(node: SessionNode, cancel: (exchange: Exchange, error: Error) => void) {
    this.#node = node
    this.#cancel = cancel
  }

  /** As `node.query`, in this session. */
  query<T = Reply>(message: QueryMessage, options?: QueryOptions<T>): Query<T> {
    return this.#node.query(message, { ...options, session: this })
  }

  /** As `node.findNode`, in this session. */
  findNode<T = Reply>(target: Uint8Array, options?: QueryOptions<T>): Query<T> {
    return this.#node.findNode(target, { ...options, session: this })
  }

  /** As `node.request`, in this session. */
  request(message: RequestMessage, to: Destination, options?: RequestOptions): Promise<Reply> {
    return this.#node.request(message, to, options === undefined ? this.#plain : { ...options, session: this })
  }

  /** As `node.ping`, in this session. */
  ping(to: Destination, options?: PingOptions): Promise<Reply> {
    return this.#node.ping(to, { ...options, session: this })
  }

  /** As `node.delayedPing`, in this session. */
  delayedPing(to: Destination, delayMs: number, options?: RequestOptions): Promise<Reply> {
    return this.#node.delayedPing(to, delayMs, { ...options, session: this })
  }

  /** Fails everything under way with this error; default REQUEST_DESTROYED. */
  destroy(error: Error = new DHTError('REQUEST_DESTROYED')): void {
    this.#lastEnd = { error }
    if (this.#queries !== null) for (const query of Array.from(this.#queries)) query.destroy(error)
    const all = Array.from(this.#exchanges)
    // What waits goes first, or it would be sent when the others free their places.
    for (const exchange of all) if (exchange.state !== 'sent') this.#cancel(exchange, error)
    for (const exchange of all) this.#cancel(exchange, error)
  }

  /** The latest `destroy`: a query made before it and started after it is over as well. @internal */
  get lastEnd(): SessionEnd | null {
    return this.#lastEnd
  }

  /** @internal */
  attach(exchange: Exchange): void {
    this.#exchanges.add(exchange)
  }

  /** @internal */
  detach(exchange: Exchange): void {
    this.#exchanges.remove(exchange)
  }

  /** @internal */
  attachQuery(query: { destroy(error?: Error | null): void }): void {
    this.#queries ??= new Set()
    this.#queries.add(query)
  }

  /** @internal */
  detachQuery(query: { destroy(error?: Error | null): void }): void {
    this.#queries?.delete(query)
  }
}
