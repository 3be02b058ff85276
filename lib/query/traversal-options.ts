/**
 * What can be set about the walk of a lookup, and the values that measurement gave it (the simulated networks of
 * `test/query/simulated-network.ts`: full tables, k = 20, round trips of 20 to 200 ms).
 */
import type { AddressScope } from '../primitives/address.js'
import type { Candidate } from './candidate.js'
import type { Claims } from './disjoint.js'

/** Bounds and paces of a lookup. */
export interface TraversalLimits {
  /** Requests at a time before the first outcome; default 6, and two more with each outcome. */
  initialConcurrency?: number
  /** Ranks beyond k that one silent candidate opens; default 0.25, 0 saves asks at the price of accuracy. */
  spareRanks?: number
  /** Candidates held at a time; default 256, or 4 * k where that is more. */
  maxCandidates?: number
  /** Asks of the whole lookup, which bounds what invented names can cost; default 12 * k. */
  maxVisits?: number
  /** Names of one reply that are looked at; default k: honest nodes send no more (wire-protocol 6). */
  maxCloserNodes?: number
}

export interface TraversalOptions {
  /** 32-byte Uint8Array to walk to; kept, not to be changed. */
  target: Uint8Array
  /** Our own 32-byte id, never a candidate; null (default): we have none. */
  selfId?: Uint8Array | null
  /** Results wanted; default 20. */
  k?: number
  /** Most requests at a time, not counting slow ones; default 20. */
  concurrency?: number
  /**
   * The user's filter; false keeps an address out of the lookup. Called when an address is first named, and again
   * where a crowded lookup has forgotten it. What it throws comes out of the call that named the address.
   */
  accept?: (id: Uint8Array, host: string, port: number) => boolean
  /** Ask the seeds only: names in replies are ignored. */
  onlySeeds?: boolean
  /** Widest scope that any replier may name: `private` in a home network, `loopback` in tests. Default `public`. */
  allowScope?: AddressScope
  limits?: TraversalLimits
  /** Shared by the walks of one lookup: whom one of them has asked, the others leave alone. */
  claims?: Claims
  /** Sees every step. Costs nothing when absent. */
  trace?: (event: TraversalEvent) => void
}

/** One step, for traces. */
export interface TraversalEvent {
  type: 'seed' | 'named' | 'ask' | 'reply' | 'slow' | 'presumed-dead' | 'failed'
  candidate: Candidate
  /** `named`: who named it. */
  referrer: Candidate | null
}

/**
 * Measured on simulated networks of 1000 nodes at 130 ms: six at once know the nearest node after 80 ms, three after
 * 110; with eight it is no sooner, but more is sent. Enough that not all are dead where 40 % of the nodes are.
 */
export const INITIAL_CONCURRENCY = 6
/**
 * Requests that each outcome adds to the first ones: what the first replies name is likely to be overtaken by what the
 * next ones do. Asking as many as there are places at once sends one request in eight more, and is no faster.
 */
export const CONCURRENCY_STEP = 2
/**
 * Of the first requests these go to the nearest nodes known: some of them may be nodes only heard of. With three the
 * closest node of 1,000 answers after 209 ms and 30 requests are sent, with two it is 215 and 31, with four 213 and 29,
 * with six 217 and 29.
 */
export const NEAR_STARTS = 3
/**
 * The other first requests go to the quickest of this many nearest: what is asked first hardly
 * matters for the result, but all that follows waits for it. Saves a tenth of the time to the nearest node.
 */
export const QUICK_START_RANKS = 20
/**
 * As many as there are results: then the nearest are asked all at once, and a lookup ends one round trip after it knows
 * them. With 10 it takes a third longer.
 */
export const CONCURRENCY = 20
/**
 * Measured on the same networks with 40 % of the nodes freshly dead, where all find 99.9 % of the 20 nearest: 0 sends 60
 * requests and takes 1.07 s in the median, 0.25 sends 65 in 0.93 s, 0.5 sends 72 in 0.88 s. With 20 % the last two
 * differ by two requests only.
 */
export const SPARE_RANKS = 0.25
/** More than are ever asked, and room for the names of a dozen replies; farther ones come back when named again. */
export const MAX_CANDIDATES = 256
/** A healthy lookup asks 1 to 1.4 times k, one among 40 % dead nodes up to 5 times k. */
export const MAX_VISITS_PER_RESULT = 12
