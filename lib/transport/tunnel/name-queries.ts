/** Names that a client has its gateway look up: a page can ask no DNS. */
import { formatIPv4, isIPv4 } from '../../primitives/address.js'
import type { Cancel, Clock } from '../../primitives/clock.js'
import { type ClientMessage, MAX_NAME_BYTES } from './messages.js'

interface Query {
  id: number
  name: string
  /** Whether the question is on its way over the connection in use. */
  sent: boolean
  resolve: (host: string) => void
  reject: (error: Error) => void
  cancelTimeout: Cancel
}

/** BOUNDED: names asked for at a time; a node has a handful of bootstrap nodes. */
const MAX_QUERIES = 64

/** As long as resolvers of systems wait, about. */
const TIMEOUT_MS = 10_000

const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?$/i

/** Names that have no address anywhere (RFC 6761). */
const NOWHERE = /(^|\.)invalid\.?$/i

export class NameQueries {
  readonly #clock: Clock
  readonly #onSettled: () => void
  /** BOUNDED: by MAX_QUERIES. */
  readonly #queries = new Map<number, Query>()
  #nextId = 0

  /** @param onSettled called after each that is settled, however */
  constructor(clock: Clock, onSettled: () => void) {
    this.#clock = clock
    this.#onSettled = onSettled
  }

  /** Questions without an answer. */
  get size(): number {
    return this.#queries.size
  }

  /** The address of a name; what needs no answer of a gateway is answered at once. */
  ask(name: string): Promise<string> {
    if (isIPv4(name)) return Promise.resolve(name)
    if (name.length > MAX_NAME_BYTES || !NAME.test(name) || NOWHERE.test(name) || this.size >= MAX_QUERIES) {
      return Promise.reject(notFound(name))
    }
    const id = this.#nextId
    this.#nextId = (id + 1) & 0xffff
    return new Promise((resolve, reject) => {
      const cancelTimeout = this.#clock.after(TIMEOUT_MS, () => this.#settle(id)?.reject(notFound(name)))
      this.#queries.set(id, { id, name, sent: false, resolve, reject, cancelTimeout })
    })
  }

  /** Puts the questions that nobody has heard to this connection. */
  sendTo(channel: { send(message: ClientMessage): void }): void {
    for (const query of this.#queries.values()) {
      if (!query.sent) channel.send({ type: 'lookup', id: query.id, name: query.name })
      query.sent = true
    }
  }

  /** The connection is lost, and the answers with it. */
  onLost(): void {
    for (const query of this.#queries.values()) query.sent = false
  }

  /** An answer; 0 where there is no address. */
  onAddress(id: number, ip: number): void {
    const query = this.#settle(id)
    if (query === null) return
    if (ip === 0) query.reject(notFound(query.name))
    else query.resolve(formatIPv4(ip))
  }

  failAll(error: Error): void {
    for (const id of this.#queries.keys()) this.#settle(id)?.reject(error)
  }

  #settle(id: number): Query | null {
    const query = this.#queries.get(id)
    if (query === undefined) return null
    this.#queries.delete(id)
    query.cancelTimeout()
    // After the caller has heard of it.
    void Promise.resolve().then(this.#onSettled)
    return query
  }
}

function notFound(name: string): Error {
  return Object.assign(new Error(`ENOTFOUND: no address of ${name}`), { code: 'ENOTFOUND' })
}
