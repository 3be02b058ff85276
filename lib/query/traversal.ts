/**
 * The walk of an iterative lookup: whom to ask next, what a reply teaches, when it is over.
 * (Maymounkov and Mazières, "Kademlia", 2002, section 2.3; behaviour 13.)
 *
 * Pure: no I/O, no time, no randomness. The same calls in the same order give the same answers.
 *
 * Rules and invariants
 * - Nearest first: a candidate is asked only while it is one of the k nearest that are still in the running (not
 *   failed, excluded or slow), so every ask can change the result when it is made.
 * - Dead nodes fill up the replies of all their neighbours, so what lies behind them is known only farther out. For
 *   one silent (slow or failed) candidate in four one more rank is asked, up to 2k, while the lookup waits anyway.
 * - At first few requests run, and more with each outcome: what the first replies name is likely to be overtaken.
 * - A slow request keeps neither a place nor a rank; one presumed dead does not hold up the end either. Its answer
 *   counts whenever it comes.
 * - Names come from strangers: per reply, per lookup and per scope their effect is bounded, and what one replier alone
 *   names is asked for on credit (credit.ts).
 */
import { addressScope, formatIPv4, parseIPv4 } from '../primitives/address.js'
import type { AddressScope } from '../primitives/address.js'
import { idFromIp, idPrefix, sameId } from '../primitives/id.js'
import { Candidate, quickestOf } from './candidate.js'
import { isNameable, nameableLevel } from './closer-nodes.js'
import type { CloserNodes } from './closer-nodes.js'
import { Credit, isOnlySource } from './credit.js'
import type { Claims } from './disjoint.js'
import { Frontier } from './frontier.js'
import { Omissions, type SideQuestion } from './omissions.js'
import {
  CONCURRENCY,
  CONCURRENCY_STEP,
  INITIAL_CONCURRENCY,
  MAX_CANDIDATES,
  MAX_VISITS_PER_RESULT,
  NEAR_STARTS,
  QUICK_START_RANKS,
  SPARE_RANKS,
} from './traversal-options.js'
import type { TraversalEvent, TraversalOptions } from './traversal-options.js'

/** What a reply was worth. */
export interface ReplyOutcome {
  /** It carried the valid id of the address it came from. */
  readonly identified: boolean
  /** Its error code is 0. */
  readonly ok: boolean
}

/**
 * Slow requests give their place to others, but not without end: among dead nodes a lookup would otherwise ask all it
 * knows within a second, and fill the congestion window of its node. Three times the concurrency is enough for lookups
 * with 40 % of the nodes dead.
 */
const MAX_IN_FLIGHT_FACTOR = 3

/**
 * So many silent or useless ones leave no room in replies for the living behind them: every node names its 20 nearest,
 * those among them. The questions beside the walk find who was left out. Healthy lookups rarely meet three.
 */
const MANY_USELESS = 3

const NOBODY: readonly Candidate[] = []

/** State of one lookup. Feed it with what happens, and ask {@link next} after each event until it says null. */
export class Traversal {
  readonly target: Uint8Array
  readonly k: number

  readonly #targetPrefix: number
  readonly #selfId: Uint8Array | null
  readonly #accept: ((id: Uint8Array, host: string, port: number) => boolean) | null
  readonly #onlySeeds: boolean
  readonly #home: AddressScope
  #initialConcurrency: number
  readonly #spareRanks: number
  readonly #maxVisits: number
  readonly #maxCloserNodes: number
  readonly #trace: ((event: TraversalEvent) => void) | null
  readonly #frontier: Frontier
  readonly #omissions: Omissions
  readonly #credit = new Credit()
  /** null: the only walk of its lookup. */
  readonly #claims: Claims | null

  #concurrency: number
  #inFlight = 0
  #slow = 0
  #presumedDead = 0
  /** Failed or excluded. */
  #useless = 0
  #successes = 0
  #errors = 0
  #visited = 0

  constructor(options: TraversalOptions) {
    const { k = 20, limits = {} } = options
    this.target = options.target
    this.k = k
    this.#targetPrefix = idPrefix(options.target)
    this.#selfId = options.selfId ?? null
    this.#accept = options.accept ?? null
    this.#onlySeeds = options.onlySeeds === true
    this.#home = options.allowScope ?? 'public'
    this.#concurrency = Math.max(1, options.concurrency ?? CONCURRENCY)
    this.#initialConcurrency = Math.max(1, limits.initialConcurrency ?? INITIAL_CONCURRENCY)
    this.#spareRanks = limits.spareRanks ?? SPARE_RANKS
    this.#maxVisits = limits.maxVisits ?? MAX_VISITS_PER_RESULT * k
    this.#maxCloserNodes = limits.maxCloserNodes ?? k
    this.#trace = options.trace ?? null
    this.#frontier = new Frontier(options.target, limits.maxCandidates ?? Math.max(MAX_CANDIDATES, 4 * k))
    this.#omissions = new Omissions(options.target, k)
    this.#claims = options.claims ?? null
  }

  /** Requests without outcome, slow ones included. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Requests without outcome whose first timeout has passed. */
  get slow(): number {
    return this.#slow
  }

  /** Candidates that are slow, failed or excluded. */
  get silent(): number {
    return this.#slow + this.#useless
  }

  /** Replies without error code. */
  get successes(): number {
    return this.#successes
  }

  /** Replies with error code, and failures. */
  get errors(): number {
    return this.#errors
  }

  /** Candidates asked. */
  get visited(): number {
    return this.#visited
  }

  /** Requests at a time after the first reply, 1 or more. May be changed at any time. */
  get concurrency(): number {
    return this.#concurrency
  }

  set concurrency(value: number) {
    this.#concurrency = Math.max(1, value)
  }

  /** Everything known, nearest first. A live view for inspection. */
  get candidates(): readonly Candidate[] {
    return this.#frontier.sorted
  }

  /**
   * Adds a node to start from. Seeds are the caller's own knowledge: any scope is fine.
   *
   * @param host dotted-decimal IPv4
   * @param id its 32-byte id where known, kept; hashed from the address otherwise
   * @param rttMs its usual round trip where known
   * @param ip the host as a number where known
   * @returns the new candidate; null when it is in the lookup already, is ourselves, is refused by the filter, cannot
   *   be an address, or is farther than all of a full frontier
   */
  addSeed(
    host: string,
    port: number,
    id?: Uint8Array | null,
    rttMs = Infinity,
    ip = parseIPv4(host),
  ): Candidate | null {
    if (ip === -1 || port === 0 || addressScope(ip) === 'unusable') return null
    if (this.#frontier.get(ip, port) !== undefined) return null
    const candidate = this.#admit(id ?? idFromIp(ip, port), ip, port, 0)
    if (candidate === null) return null
    if (rttMs >= 0) candidate.rttMs = rttMs
    if (this.#trace !== null) this.#trace({ type: 'seed', candidate, referrer: null })
    return candidate
  }

  /** The nearest seeds are likely the nearest nodes there are: no reply names any that overtake them. */
  askNearestAtOnce(): void {
    this.#initialConcurrency = Math.max(this.#initialConcurrency, this.k)
  }

  /** The candidate to ask now, which is `asked` from here on; null when there is none at present. */
  next(): Candidate | null {
    if (this.#inFlight - this.#presumedDead >= MAX_IN_FLIGHT_FACTOR * this.#concurrency) return null
    if (this.#inFlight - this.#slow >= this.#places() || this.#visited >= this.#maxVisits) return null
    const sorted = this.#frontier.sorted
    if (this.#visited >= NEAR_STARTS && this.#successes + this.#errors === 0) {
      const quickest = quickestOf(sorted, Math.min(QUICK_START_RANKS, this.k))
      if (quickest !== null) return this.#ask(quickest)
    }
    const mostRanks = 2 * this.k
    let ranks = this.k
    let rank = 0
    let held: Candidate | null = null
    let doubtful: Candidate | null = null
    for (let i = 0; i < sorted.length && rank < ranks; i++) {
      const candidate = sorted[i]!
      const { state } = this.#standingOf(candidate)
      if (state === 'known') {
        const credit = this.#credit.standing(candidate)
        if (credit === 'free') return rank >= this.k && this.finished ? null : this.#ask(candidate)
        if (credit === 'doubtful') doubtful ??= candidate
        else held ??= candidate
      } else if (state === 'asked' || state === 'answered') rank++
      else if (state !== 'excluded') ranks = Math.min(ranks + this.#spareRanks, mostRanks)
    }
    if (held !== null && isOnlySource(held, this.#inFlight)) return this.#ask(held)
    return doubtful !== null && rank < this.k ? this.#ask(doubtful) : null
  }

  /**
   * What to ask a node that has answered, beside the walk: whom it knows around another target. Null when there is
   * nothing to ask, or nothing yet; call it when {@link next} says null.
   */
  nextSide(): SideQuestion | null {
    if (this.#onlySeeds || this.#visited >= this.#maxVisits) return null
    const { sorted } = this.#frontier
    const standing = this.#claims === null ? sorted : sorted.map((candidate) => this.#standingOf(candidate))
    const question = this.#omissions.next(sorted, standing)
    if (question !== null) this.#visited++
    return question
  }

  /** A side question is not waited for any more: answered with these nodes, or overdue with null; those may come later. */
  onSide(question: SideQuestion, closer: CloserNodes | null): void {
    this.#omissions.settle(question)
    // Named in the order of another target.
    if (closer !== null) this.#learn(question.candidate, closer, false)
  }

  /**
   * Its answer has come. Ignored unless it is in flight.
   *
   * @param closer the nodes it names, valid during the call only; null for none
   * @returns those it named that have already failed us: the replier should hear about them (down hints)
   */
  onReply(candidate: Candidate, outcome: ReplyOutcome, closer: CloserNodes | null): readonly Candidate[] {
    if (!this.#settle(candidate, outcome.identified && outcome.ok ? 'answered' : 'excluded')) return NOBODY
    if (outcome.ok) this.#successes++
    else this.#errors++
    if (this.#trace !== null) this.#trace({ type: 'reply', candidate, referrer: null })
    return closer === null || this.#onlySeeds ? NOBODY : this.#learn(candidate, closer)
  }

  /** Its first timeout has passed, and it goes on being asked. */
  onSlow(candidate: Candidate): void {
    if (candidate.state !== 'asked') return
    candidate.state = 'slow'
    this.#slow++
    this.#credit.noteSilence(candidate)
    this.#suspectOmissions()
    if (this.#trace !== null) this.#trace({ type: 'slow', candidate, referrer: null })
  }

  /** Its second timeout has passed: nobody waits for it any more. */
  onPresumedDead(candidate: Candidate): void {
    this.onSlow(candidate)
    if (candidate.state !== 'slow' || candidate.presumedDead) return
    candidate.presumedDead = true
    this.#presumedDead++
    this.#omissions.onSilent()
    if (this.#trace !== null) this.#trace({ type: 'presumed-dead', candidate, referrer: null })
  }

  /** Whether it is slow, would be one of the result, and everybody else that was asked has answered in time. */
  isOnlySilent(candidate: Candidate): boolean {
    if (candidate.state !== 'slow' || candidate.presumedDead || this.silent !== 1) return false
    const { sorted } = this.#frontier
    return sorted.slice(0, sorted.indexOf(candidate)).filter(({ state }) => state === 'answered').length < this.k
  }

  /**
   * Its final timeout has passed. Ignored unless it is in flight.
   *
   * @returns who named it, and should get a down hint
   */
  onFailed(candidate: Candidate): readonly Candidate[] {
    if (!this.#settle(candidate, 'failed')) return NOBODY
    this.#errors++
    if (this.#trace !== null) this.#trace({ type: 'failed', candidate, referrer: null })
    return candidate.referrers
  }

  /**
   * Whether the result stands: nobody may be asked any more, and nobody is awaited whose answer could change it.
   * More seeds can make it unfinished again.
   */
  get finished(): boolean {
    if (this.#omissions.pending > 0) return false
    const sorted = this.#frontier.sorted
    const mayAsk = this.#visited < this.#maxVisits
    let answered = 0
    let doubtful = false
    for (let i = 0; i < sorted.length && answered < this.k; i++) {
      const candidate = this.#standingOf(sorted[i]!)
      const state = candidate.state
      if (state === 'answered') answered++
      // All in the running before it have answered, fewer than k: it is one of the k nearest.
      else if (state === 'known') {
        if (mayAsk && this.#credit.standing(candidate) !== 'doubtful') return false
        doubtful ||= mayAsk
      } else if (state === 'asked') return false
      else if (state === 'slow' && !candidate.presumedDead) return false
    }
    return answered >= this.k || !doubtful
  }

  /** Requests that may run at a time now, slow ones not counted. */
  #places(): number {
    const heard = this.#successes + this.#errors
    return Math.min(this.#concurrency, this.#initialConcurrency + CONCURRENCY_STEP * heard)
  }

  /** A candidate as it stands with the walk that has asked it. */
  #standingOf(candidate: Candidate): Candidate {
    return this.#claims === null ? candidate : this.#claims.standingOf(candidate)
  }

  #ask(candidate: Candidate): Candidate {
    candidate.state = 'asked'
    this.#claims?.take(candidate)
    this.#credit.charge(candidate)
    this.#inFlight++
    this.#visited++
    if (this.#trace !== null) this.#trace({ type: 'ask', candidate, referrer: null })
    return candidate
  }

  /** Ends a request. Returns whether it was in flight. */
  #settle(candidate: Candidate, state: 'answered' | 'excluded' | 'failed'): boolean {
    const wasSilent = candidate.state === 'slow'
    if (wasSilent) this.#slow--
    else if (candidate.state !== 'asked') return false
    this.#inFlight--
    if (state !== 'answered') {
      this.#useless++
      this.#suspectOmissions()
    }
    if (state !== 'failed') this.#credit.discharge(candidate, wasSilent)
    else if (!wasSilent) this.#credit.noteSilence(candidate)
    candidate.state = state
    if (candidate.presumedDead) this.#presumedDead--
    candidate.presumedDead = false
    return true
  }

  #suspectOmissions(): void {
    if (this.#slow + this.#useless >= MANY_USELESS) this.#omissions.onSilent()
  }

  /** Takes in the names of a reply; only addresses that are new to the lookup are hashed. */
  #learn(replier: Candidate, closer: CloserNodes, isOrdered = true): readonly Candidate[] {
    const level = nameableLevel(replier.ip, this.#home)
    const count = Math.min(closer.length, this.#maxCloserNodes)
    let failed: Candidate[] | null = null
    let farthest = 0
    for (let i = 0; i < count; i++) {
      const ip = closer.ipAt(i)
      const port = closer.portAt(i)
      let named = this.#frontier.get(ip, port)
      if (named === null) continue
      if (named === undefined) {
        if (!isNameable(ip, port, level)) continue
        named = this.#admit(idFromIp(ip, port), ip, port, replier.hop + 1)
        if (named === null) continue
        if (this.#trace !== null) this.#trace({ type: 'named', candidate: named, referrer: replier })
      }
      if (named.prefixDistance < farthest) {
        if (isOrdered) this.#omissions.onUnordered()
      } else farthest = named.prefixDistance
      const state = named.state
      if (state === 'known' || state === 'asked' || state === 'slow') named.addReferrer(replier)
      else if (state === 'failed' && (failed === null || !failed.includes(named))) (failed ??= []).push(named)
    }
    return failed ?? NOBODY
  }

  /** Makes a new address a candidate, unless it is ourselves, refused, or too far. */
  #admit(id: Uint8Array, ip: number, port: number, hop: number): Candidate | null {
    const isSelf = this.#selfId !== null && sameId(id, this.#selfId)
    if (isSelf || (this.#accept !== null && !this.#accept(id, formatIPv4(ip), port))) {
      this.#frontier.refuse(ip, port)
      return null
    }
    const candidate = new Candidate(id, this.#targetPrefix, ip, port, hop)
    return this.#frontier.insert(candidate) ? candidate : null
  }
}
