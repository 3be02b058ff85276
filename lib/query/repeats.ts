/**
 * Whom a lookup sends a third datagram, after two that were not answered. Pure.
 *
 * At 1 % loss one living node in 2,500 loses two, and a lookup depends on more than 20 nodes. Two cases:
 * - **The only silent one.** Where everybody else has answered, it is likelier to have lost two datagrams than to be dead:
 *   it is waited for. Once in a lookup.
 * - **In the shadow of others.** Where several are silent most of them are dead, and waiting for the dead is what makes
 *   lookups slow: it is presumed dead like all others. But while the lookup waits for somebody who was asked later, a third
 *   datagram costs no time, and an answer that comes before the end counts.
 *
 * Each node gets one at most, and only one that would be in the result.
 */
import type { Candidate } from './candidate.js'
import type { Walk } from './disjoint.js'

/** Of one lookup. Among 20 % dead nodes three are sent in the mean; among 40 % there would be more, nearly all for nothing. */
const MAX_SHADOWS = 8

/** What is looked at of a walk. */
type WalkSoFar = Pick<Walk, 'k' | 'successes' | 'candidates' | 'isOnlySilent'>

/** Of one lookup. */
export class Repeats {
  #awaited: Candidate | null = null
  /** BOUNDED: by MAX_SHADOWS. */
  readonly #shadows: Candidate[] = []

  /** Whether a candidate is one that is waited for after its second silence. */
  isAwaited(candidate: Candidate): boolean {
    return candidate === this.#awaited
  }

  /**
   * Whether a candidate, whose last transmission stayed unanswered, gets one more; that counts as sent then.
   *
   * @param walk the walk that it is of, to which it is slow and not yet presumed dead
   */
  grant(walk: WalkSoFar, candidate: Candidate): boolean {
    // What a few answers say is nothing.
    if (walk.successes < walk.k / 2 || this.isAwaited(candidate) || this.#shadows.includes(candidate)) return false
    if (this.#awaited === null && walk.isOnlySilent(candidate)) {
      this.#awaited = candidate
      return true
    }
    if (this.#shadows.length >= MAX_SHADOWS || !isInShadow(walk, candidate)) return false
    this.#shadows.push(candidate)
    return true
  }
}

/**
 * Whether it would be in the result, and the lookup goes on without it for at least one first wait: who is slow himself may
 * be given up in the same moment.
 */
function isInShadow({ candidates, k }: WalkSoFar, candidate: Candidate): boolean {
  let answered = 0
  let isContender = false
  let isHeldUp = false
  for (const other of candidates) {
    if (answered >= k) break
    const { state } = other
    if (other === candidate) isContender = state === 'slow' && !candidate.presumedDead
    else if (state === 'answered') answered++
    else isHeldUp ||= state === 'known' || state === 'asked'
  }
  return isContender && isHeldUp
}
