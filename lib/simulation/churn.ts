/**
 * Nodes that come and go. Each node under churn gets a session length when it joins; when that is over it leaves, most
 * often without a word, and a fresh node on a new host takes its place after a pause.
 *
 * What the network is like after a while depends on the distribution alone: half-lives of a real network are an hour
 * or so (Stutzbach and Rejaie, 2006).
 */
import { describe } from '../node/describe.js'
import type { DHT } from '../node/dht.js'
import type { Cancel, Clock } from '../primitives/clock.js'
import { checkBoolean, checkCallback, checkMeasure, checkOptions, checkShare } from './arguments.js'
import { type Distribution, exponential, fixed } from './distributions.js'
import type { SeededRandom } from './seeded-random.js'

export interface ChurnOptions {
  /** The nodes to begin with. Default: all living ones but the bootstrappers. */
  nodes?: readonly DHT[]
  /** Half of the nodes have gone after this time: sessions without memory. Either this or `sessionMs`. */
  halfLifeMs?: number
  /** How long nodes stay, for other distributions: `pareto`, `weibull`, `fixed`, or a function of your own. */
  sessionMs?: Distribution
  /** Whether a fresh node takes the place of one that left. Default true. */
  replace?: boolean
  /** How long a place stays empty. Default: not at all. */
  pauseMs?: Distribution
  /** Share of those that leave with `destroy()`, so that their sockets close; the others' hosts die. Default 0. */
  graceful?: number
  /** Makes a node of the simulation for an empty place; it joins by itself. Default: a persistent one on a host of its own. */
  create?: () => DHT
  onJoin?: (node: DHT) => void
  onLeave?: (node: DHT, how: 'killed' | 'destroyed') => void
}

/** Names of {@link ChurnOptions}. */
const OPTIONS: readonly string[] = [
  'nodes',
  'halfLifeMs',
  'sessionMs',
  'replace',
  'pauseMs',
  'graceful',
  'create',
  'onJoin',
  'onLeave',
] satisfies (keyof ChurnOptions)[]

/** What churn needs of the simulation. */
export interface ChurnHost {
  readonly clock: Clock
  readonly random: SeededRandom
  create(): DHT
  /** @throws what says that it is no node of the simulation */
  check(node: DHT): void
  /** Kills the node's host and forgets both. */
  remove(node: DHT): void
}

/** Churn that goes on until it is stopped; counters change in place. */
export class Churn {
  /** Nodes that came, not counting those of the beginning. */
  joins = 0
  /** Nodes that left, either way. */
  leaves = 0
  /** Those of them that were destroyed in good order. */
  graceful = 0
  readonly #host: ChurnHost
  readonly #options: ChurnOptions
  readonly #sessionMs: Distribution
  readonly #pauseMs: Distribution
  /** Timers of sessions and pauses. BOUNDED: by the number of nodes to begin with. */
  readonly #timers = new Set<Cancel>()
  #stopped = false

  /** @throws TypeError or RangeError for options that make no sense */
  constructor(host: ChurnHost, options: ChurnOptions & { nodes: readonly DHT[] }) {
    const { halfLifeMs, sessionMs, graceful = 0 } = options
    checkOptions(options, 'churn', OPTIONS)
    if ((halfLifeMs === undefined) === (sessionMs === undefined)) {
      throw new TypeError('churn needs either halfLifeMs or sessionMs')
    }
    if (!Array.isArray(options.nodes)) throw new TypeError(`nodes must be a list, got ${describe(options.nodes)}`)
    checkShare(graceful, 'graceful')
    checkBoolean(options.replace, 'replace')
    for (const name of ['sessionMs', 'pauseMs', 'create', 'onJoin', 'onLeave'] as const) {
      checkCallback(options[name], name)
    }
    this.#host = host
    this.#options = options
    this.#sessionMs = sessionMs ?? exponential({ halfLifeMs: halfLifeMs! })
    this.#pauseMs = options.pauseMs ?? fixed(0)
    try {
      for (const node of options.nodes) {
        host.check(node)
        this.#begin(node)
      }
    } catch (err) {
      this.stop()
      throw err
    }
  }

  /** Ends it: who is there stays. Idempotent. */
  stop(): void {
    this.#stopped = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  /** A node's session begins. */
  #begin(node: DHT): void {
    this.#after(checkMeasure(this.#sessionMs(this.#host.random), 'sessionMs()'), () => this.#leave(node))
  }

  #leave(node: DHT): void {
    // Where somebody else ended it already, its place is empty just the same.
    if (node.destroyed) this.#host.remove(node)
    else this.#end(node)
    if (this.#options.replace === false || this.#stopped) return
    this.#after(checkMeasure(this.#pauseMs(this.#host.random), 'pauseMs()'), () => this.#join())
  }

  #end(node: DHT): void {
    const { graceful = 0, onLeave } = this.#options
    const isGraceful = graceful > 0 && this.#host.random.fraction() < graceful
    this.leaves++
    if (isGraceful) {
      this.graceful++
      void node.destroy().then(() => this.#host.remove(node))
    } else {
      this.#host.remove(node)
    }
    onLeave?.(node, isGraceful ? 'destroyed' : 'killed')
  }

  #join(): void {
    const { create = () => this.#host.create() } = this.#options
    const node = create()
    this.#host.check(node)
    this.joins++
    this.#begin(node)
    this.#options.onJoin?.(node)
  }

  #after(delayMs: number, fn: () => void): void {
    const cancel = this.#host.clock.after(delayMs, () => {
      this.#timers.delete(cancel)
      fn()
    })
    this.#timers.add(cancel)
  }
}
