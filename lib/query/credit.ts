/**
 * How many nodes one replier may make a lookup ask on its word alone. Pure.
 *
 * Around a target everybody names the same nodes, dead ones too, so a name that a second replier gives as well is asked
 * without further ado. What one replier alone names costs it credit while it is unanswered: invented addresses, ground
 * to be nearer to the target than any node is, would otherwise fill all places of a lookup, reply after reply.
 *
 * Who has named too many silent ones is not believed as long as there are others. A replier earns credit with every name
 * of its that answers, so one whose names live is never held up for long.
 */
import type { Candidate } from './candidate.js'

/** Silent names that one replier alone vouches for, before it is doubted. With 1, living nodes among many dead are missed. */
const SILENT_NAMES = 2

/**
 * Such names that may be on the way at a time. Measured on healthy networks (`test/query/simulated-network.ts`): 4 cost
 * nothing, 2 cost one request in twenty.
 */
const OPEN_NAMES = 4

/** After so many silent ones, whoever named them, it is one at a time: such a lookup is among liars. */
const MANY_SILENT = 6

/**
 * - `free`: may be asked
 * - `held`: only after an outcome of what its replier has named otherwise
 * - `doubtful`: its only replier has named too many that are silent
 */
export type Standing = 'free' | 'held' | 'doubtful'

/** The credit of all repliers of one walk; that of each is kept at its candidate. */
export class Credit {
  /** Names of one replier alone that were silent, whoever it was. */
  #silent = 0

  /** Whether a candidate that was not asked may be asked now. */
  standing({ hop, referrers }: Candidate): Standing {
    if (hop === 0 || referrers.length !== 1) return 'free'
    const { unanswered, silent, vouched } = referrers[0]!
    if (silent >= SILENT_NAMES + vouched) return 'doubtful'
    const mostOpen = this.#silent >= MANY_SILENT ? 1 : OPEN_NAMES
    return unanswered - silent < mostOpen + vouched ? 'free' : 'held'
  }

  /** It is asked now. */
  charge(candidate: Candidate): void {
    if (candidate.hop === 0 || candidate.referrers.length !== 1) return
    candidate.sponsor = candidate.referrers[0]!
    candidate.sponsor.unanswered++
  }

  /** It is asked, and not heard of in time. Once each. */
  noteSilence({ sponsor }: Candidate): void {
    if (sponsor === null) return
    sponsor.silent++
    this.#silent++
  }

  /** It has answered after all; `wasSilent` says whether its silence was noted. */
  discharge(candidate: Candidate, wasSilent: boolean): void {
    const { sponsor, referrers } = candidate
    for (const referrer of referrers) referrer.vouched++
    if (sponsor === null) return
    candidate.sponsor = null
    sponsor.unanswered--
    if (!wasSilent) return
    sponsor.silent--
    this.#silent--
  }
}

/** Whether all requests on the way are for names of the one that vouches for a held candidate: then there is no choice. */
export function isOnlySource({ referrers }: Candidate, inFlight: number): boolean {
  return referrers[0]!.unanswered >= inFlight
}
