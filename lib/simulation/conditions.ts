/**
 * What the way between two hosts does to datagrams: which are lost, late, doubled or too large. Pure: the same random
 * numbers give the same fate, and what is switched off draws none.
 */
import { MAX_DATAGRAM_BYTES } from '../transport/memory.js'
import { checkMeasure, checkOptions, checkPositive, checkShare } from './arguments.js'
import type { Fractions } from './distributions.js'

/** Share of the delay that it varies by, where nothing else is said: what idle lines of the Internet show. */
const DEFAULT_JITTER = 0.1

/** How a way treats datagrams. Shares are from 0 to 1. */
export interface LinkConditions {
  /** The delay varies evenly by up to this share of it, to both sides. Default 0.1. */
  jitter: number
  /** Share of datagrams that are lost. Default 0. */
  loss: number
  /** Share that arrives twice, the second time after a delay of its own. Default 0. */
  duplication: number
  /** Share that is held up by up to its delay once more, and so overtaken by later ones. Default 0. */
  reordering: number
  /** Larger datagrams are lost. Default 2048, which is all that a transport carries; fragments are not modelled. */
  mtuBytes: number
}

/** As {@link LinkConditions}; what is left out stays as it is. */
export type LinkOptions = Partial<LinkConditions> & {
  /** Milliseconds one way, instead of what the latency model says. */
  latencyMs?: number
}

export const DEFAULT_CONDITIONS: LinkConditions = {
  jitter: DEFAULT_JITTER,
  loss: 0,
  duplication: 0,
  reordering: 0,
  mtuBytes: MAX_DATAGRAM_BYTES,
}

const SHARES = ['jitter', 'loss', 'duplication', 'reordering'] as const
/** Names of {@link LinkConditions}. */
export const CONDITIONS: readonly string[] = [...SHARES, 'mtuBytes'] satisfies (keyof LinkConditions)[]

/** The conditions with some of them changed. @throws TypeError or RangeError that names what makes no sense */
export function withChanges(base: LinkConditions, changes: Partial<LinkConditions>): LinkConditions {
  checkOptions(changes, 'a network', CONDITIONS)
  const result = { ...base }
  for (const name of SHARES) {
    const share = changes[name]
    if (share !== undefined) result[name] = checkShare(share, name)
  }
  const { mtuBytes } = changes
  if (mtuBytes !== undefined) result.mtuBytes = Math.min(checkPositive(mtuBytes, 'mtuBytes'), MAX_DATAGRAM_BYTES)
  return result
}

/** The conditions of one way, and its own latency, null where it has none. @throws as {@link withChanges} */
export function linkChanges(options: LinkOptions): { changes: Partial<LinkConditions>; latencyMs: number | null } {
  checkOptions(options, 'a link', [...CONDITIONS, 'latencyMs'])
  const { latencyMs, ...changes } = options
  return { changes, latencyMs: latencyMs === undefined ? null : checkMeasure(latencyMs, 'latencyMs') }
}

/** Whether this datagram is lost. */
export function isLost(conditions: LinkConditions, random: Fractions): boolean {
  return conditions.loss > 0 && random.fraction() < conditions.loss
}

/** Whether this datagram arrives twice. */
export function isDoubled(conditions: LinkConditions, random: Fractions): boolean {
  return conditions.duplication > 0 && random.fraction() < conditions.duplication
}

/** The delay of one datagram on a way that takes `oneWayMs` on average. */
export function delayOf(conditions: LinkConditions, oneWayMs: number, random: Fractions): number {
  const { jitter, reordering } = conditions
  let delayMs = oneWayMs
  if (jitter > 0) delayMs *= 1 + jitter * (2 * random.fraction() - 1)
  if (reordering > 0 && random.fraction() < reordering) delayMs += oneWayMs * random.fraction()
  return delayMs
}
