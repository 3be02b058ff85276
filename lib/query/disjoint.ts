/**
 * Several walks to one target that share no node (Baumgart and Mies, "S/Kademlia: a practicable approach towards secure
 * key-based routing", 2007, section 4.3): whoever was led astray by liars on one of them is not on the others, unless
 * those meet liars of their own. Their replies go into one result. Pure.
 *
 * Invariants: each node is asked by one walk only, the first that comes to it, and what it names is learnt by that walk
 * alone. A node that another walk has asked counts as what came of it there, so that all of them together ask hardly more
 * nodes than one walk does.
 */
import { addressKey, parseIPv4 } from '../primitives/address.js'
import { type Candidate, isNearer } from './candidate.js'
import type { CloserNodes } from './closer-nodes.js'
import type { SideQuestion } from './omissions.js'
import { type ReplyOutcome, Traversal } from './traversal.js'
import { CONCURRENCY, INITIAL_CONCURRENCY, MAX_VISITS_PER_RESULT, type TraversalOptions } from './traversal-options.js'

/** What a lookup needs of its walk: one traversal, or several in one. */
export type Walk = Pick<
  Traversal,
  | 'target'
  | 'k'
  | 'inFlight'
  | 'successes'
  | 'errors'
  | 'visited'
  | 'concurrency'
  | 'candidates'
  | 'addSeed'
  | 'askNearestAtOnce'
  | 'next'
  | 'nextSide'
  | 'onSide'
  | 'onReply'
  | 'onSlow'
  | 'onPresumedDead'
  | 'onFailed'
  | 'isOnlySilent'
  | 'finished'
>

/** More would leave a walk with too few nodes to start from: a lookup begins with 40. */
export const MAX_PATHS = 8

/** Asks that every walk has at least, in results wanted: one that meets dead nodes only has met 20 then, three times. */
const LEAST_VISITS_PER_RESULT = 3

/** Which walk has asked a node. */
export class Claims {
  /** By address key. BOUNDED: by the visits of all walks. */
  readonly #byKey = new Map<number, Candidate>()

  /** The candidate as it stands with whoever has asked it. */
  standingOf(candidate: Candidate): Candidate {
    return candidate.state === 'known' ? (this.#byKey.get(candidate.key) ?? candidate) : candidate
  }

  /** From here on it belongs to the walk that this candidate is of. */
  take(candidate: Candidate): void {
    this.#byKey.set(candidate.key, candidate)
  }
}

/** So many walks as one. Its members mean what those of a {@link Traversal} do. */
export class DisjointTraversal implements Walk {
  readonly target: Uint8Array
  readonly k: number
  readonly #walks: readonly Traversal[]
  /** The walk that has asked it. BOUNDED: by the visits of all walks. */
  readonly #owners = new Map<Candidate, Traversal>()
  /** Address keys of seeds, so that each is of one walk. BOUNDED: by what the caller adds. */
  readonly #seeds = new Set<number>()
  #nextWalk = 0

  /**
   * @param paths 2 to 8; walks beyond the number of seeds have nothing to do
   * @param options concurrency is that of all walks together
   */
  constructor(paths: number, options: TraversalOptions) {
    const { k = 20, concurrency = CONCURRENCY, limits = {} } = options
    const visits = limits.maxVisits ?? MAX_VISITS_PER_RESULT * k
    const claims = new Claims()
    const ofEach = {
      ...options,
      claims,
      concurrency: Math.ceil(concurrency / paths),
      limits: {
        ...limits,
        initialConcurrency: Math.ceil((limits.initialConcurrency ?? INITIAL_CONCURRENCY) / paths),
        maxVisits: Math.max(Math.ceil(visits / paths), Math.min(visits, LEAST_VISITS_PER_RESULT * k)),
      },
    }
    this.target = options.target
    this.k = k
    this.#walks = Array.from({ length: paths }, () => new Traversal(ofEach))
  }

  get inFlight(): number {
    return this.#sum('inFlight')
  }

  get successes(): number {
    return this.#sum('successes')
  }

  get errors(): number {
    return this.#sum('errors')
  }

  get visited(): number {
    return this.#sum('visited')
  }

  get concurrency(): number {
    return this.#sum('concurrency')
  }

  set concurrency(value: number) {
    for (const walk of this.#walks) walk.concurrency = Math.ceil(value / this.#walks.length)
  }

  /** Everything known, each address once, as it stands with the walk that has asked it; nearest first. Made anew. */
  get candidates(): readonly Candidate[] {
    const byKey = new Map<number, Candidate>()
    for (const walk of this.#walks) {
      for (const candidate of walk.candidates) {
        if (!byKey.has(candidate.key) || candidate.state !== 'known') byKey.set(candidate.key, candidate)
      }
    }
    return [...byKey.values()].sort((a, b) => (isNearer(this.target, a, b) ? -1 : 1))
  }

  get finished(): boolean {
    return this.#walks.every((walk) => walk.finished)
  }

  /** Seeds come nearest first: the walks get them in turn, so that all of them begin equally near. */
  addSeed(host: string, port: number, id?: Uint8Array | null, rttMs?: number, ip = parseIPv4(host)): Candidate | null {
    const key = addressKey(ip, port)
    if (this.#seeds.has(key)) return null
    const candidate = this.#walks[this.#seeds.size % this.#walks.length]!.addSeed(host, port, id, rttMs, ip)
    if (candidate !== null) this.#seeds.add(key)
    return candidate
  }

  askNearestAtOnce(): void {
    for (const walk of this.#walks) walk.askNearestAtOnce()
  }

  next(): Candidate | null {
    const walks = this.#walks
    for (let tried = 0; tried < walks.length; tried++) {
      const walk = walks[this.#nextWalk]!
      this.#nextWalk = (this.#nextWalk + 1) % walks.length
      const candidate = walk.next()
      if (candidate === null) continue
      this.#owners.set(candidate, walk)
      return candidate
    }
    return null
  }

  nextSide(): SideQuestion | null {
    for (const walk of this.#walks) {
      const question = walk.nextSide()
      if (question !== null) return question
    }
    return null
  }

  onSide(question: SideQuestion, closer: CloserNodes | null): void {
    this.#owners.get(question.candidate)?.onSide(question, closer)
  }

  onReply(candidate: Candidate, outcome: ReplyOutcome, closer: CloserNodes | null): readonly Candidate[] {
    return this.#owners.get(candidate)?.onReply(candidate, outcome, closer) ?? []
  }

  onSlow(candidate: Candidate): void {
    this.#owners.get(candidate)?.onSlow(candidate)
  }

  onPresumedDead(candidate: Candidate): void {
    this.#owners.get(candidate)?.onPresumedDead(candidate)
  }

  onFailed(candidate: Candidate): readonly Candidate[] {
    return this.#owners.get(candidate)?.onFailed(candidate) ?? []
  }

  isOnlySilent(candidate: Candidate): boolean {
    const owner = this.#owners.get(candidate)
    return this.#walks.every((walk) => (walk === owner ? walk.isOnlySilent(candidate) : walk.silent === 0))
  }

  #sum(of: 'inFlight' | 'successes' | 'errors' | 'visited' | 'concurrency'): number {
    return this.#walks.reduce((sum, walk) => sum + walk[of], 0)
  }
}
