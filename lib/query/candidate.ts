/**
 * One node that a lookup has heard of: who it is, who named it, and how far asking it has come.
 *
 * Invariant: `id` is the hash of the address (wire-protocol 7), so one address is one candidate and a candidate's
 * distance is known before anybody asked it. Only the traversal changes the mutable fields.
 */
import { addressKey, formatIPv4 } from '../primitives/address.js'
import { compareDistance, idPrefix } from '../primitives/id.js'

/**
 * - `known`: named, not asked
 * - `asked`: asked, in time
 * - `slow`: asked, its first timeout has passed
 * - `answered`: answered with its valid id and without an error: one of the results
 * - `excluded`: answered, but cannot be a result (no valid id, or an error code)
 * - `failed`: did not answer before its final timeout
 */
export type CandidateState = 'known' | 'asked' | 'slow' | 'answered' | 'excluded' | 'failed'

/** Referrers remembered per candidate: enough tables get cleaned by down hints, and no crowd can grow the list. */
export const MAX_REFERRERS = 8

/** A node in a lookup. Made by the traversal. */
export class Candidate {
  /** 32-byte id; not to be changed. */
  readonly id: Uint8Array
  /** First 32 bits of the XOR distance to the target, unsigned: settles nearly every comparison. */
  readonly prefixDistance: number
  /** IPv4 address as a 32-bit number. */
  readonly ip: number
  readonly port: number
  /** {@link addressKey} of the address. */
  readonly key: number
  /** Length of the chain of replies that led here: 0 for a seed. */
  readonly hop: number

  /** Its usual round trip in milliseconds, where it is known: of seeds from the routing table. Else Infinity. */
  rttMs = Infinity
  state: CandidateState = 'known'
  /** Its second timeout has passed: the lookup no longer waits for it. Only ever true while `slow`. */
  presumedDead = false
  /** Repliers that named it, oldest first, each once. BOUNDED: by MAX_REFERRERS. */
  readonly referrers: Candidate[] = []
  /** Who alone vouched for it when it was asked, while it is unanswered; see credit.ts, like all below. */
  sponsor: Candidate | null = null
  /** Names that it alone vouched for, and that have not answered: asked, and of those the ones not heard of in time. */
  unanswered = 0
  silent = 0
  /** Names of its that have answered. */
  vouched = 0

  #host: string | null = null

  /**
   * @param id 32 bytes, kept
   * @param targetPrefix {@link idPrefix} of the target
   * @param hop see {@link Candidate.hop}
   */
  constructor(id: Uint8Array, targetPrefix: number, ip: number, port: number, hop: number) {
    this.id = id
    this.prefixDistance = (idPrefix(id) ^ targetPrefix) >>> 0
    this.ip = ip
    this.port = port
    this.key = addressKey(ip, port)
    this.hop = hop
  }

  /** Dotted-decimal address, made on first use: most candidates of a lookup are never asked. */
  get host(): string {
    return (this.#host ??= formatIPv4(this.ip))
  }

  /** Remembers who named it; the same replier twice in a row counts once, and beyond the bound nothing happens. */
  addReferrer(referrer: Candidate): void {
    const referrers = this.referrers
    if (referrers.length < MAX_REFERRERS && referrers[referrers.length - 1] !== referrer) referrers.push(referrer)
  }
}

/** Whether `a` is strictly nearer to `target` than `b`. */
export function isNearer(target: Uint8Array, a: Candidate, b: Candidate): boolean {
  if (a.prefixDistance !== b.prefixDistance) return a.prefixDistance < b.prefixDistance
  return compareDistance(target, a.id, b.id) < 0
}

/** The quickest of those not asked among the first `ranks`, of equals the nearest; null when all are asked. */
export function quickestOf(sorted: readonly Candidate[], ranks: number): Candidate | null {
  let quickest: Candidate | null = null
  for (let i = 0; i < sorted.length && i < ranks; i++) {
    const candidate = sorted[i]!
    if (candidate.state !== 'known') continue
    if (quickest === null || candidate.rttMs < quickest.rttMs) quickest = candidate
  }
  return quickest
}
