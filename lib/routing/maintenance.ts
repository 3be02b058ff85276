/**
 * Which contacts to check, which to replace and which to give up: pure decisions (behaviour sections 12.3 to 12.5).
 *
 * All times are milliseconds of the node's monotonic clock. "Attended" is the later of pinged and seen: either way the
 * question whether the contact lives is answered or about to be.
 */
import type { Contact } from './contact.js'
import type { Recency } from './recency.js'

/** A contact attended since is taken to be alive: 12 ticks of 5 s, as dht-rpc has it. */
export const RECENT_MS = 60_000
/**
 * A contact of a full bucket is not asked to make room for a newcomer before this long a silence. In a network of some
 * hundred nodes most requests come from nodes that the asked one's full buckets have no room for: pinging the newcomer
 * and the oldest contact each time made 9 of 29 requests per lookup.
 */
export const REPLACEABLE_MS = 5 * 60_000
/** Time between two ping rounds: 8 ticks of 5 s. */
export const PING_ROUND_MS = 40_000

/** Every contact is checked within this time. */
const CYCLE_MS = 15 * 60_000
/** Checks of a round while the node is quiet and while it is busy with others' questions. */
const PINGS_QUIET = 3
const PINGS_BUSY = 2
/** More would be a burst; 32 in a round keep 720 contacts within the cycle. */
const MAX_PINGS = 32
/** A newcomer must take at most this share of a contact's round trip: less is within what one sample varies by. */
const MUCH_QUICKER = 0.8
/** Without evidence about our own network: three failures in a row, some minutes apart, are not a passing fault. */
const MAX_FAILURES = 3

/**
 * The contacts to check now: those heard longest ago first, without those attended within {@link RECENT_MS}, which
 * cost no turn.
 *
 * @param count most contacts wanted
 * @returns an array of the caller's own, empty when nobody is due
 */
export function contactsToPing(list: Recency, now: number, count: number, recentMs: number = RECENT_MS): Contact[] {
  const due: Contact[] = []
  for (let contact = list.oldest; contact !== null && due.length < count; contact = contact.next) {
    if (now - attendedAt(contact) >= recentMs) due.push(contact)
  }
  return due
}

/**
 * How many contacts to check in a round: enough that every one is checked within 15 minutes.
 *
 * @param contactCount contacts of the table
 * @param busy whether other requests are in flight
 * @returns 2 to 32
 */
export function pingsPerRound(contactCount: number, busy: boolean): number {
  const needed = Math.ceil((contactCount * PING_ROUND_MS) / CYCLE_MS)
  return Math.min(MAX_PINGS, Math.max(busy ? PINGS_BUSY : PINGS_QUIET, needed))
}

/**
 * The contact of a full bucket to ping before a newcomer may take its place: the one attended longest ago, among
 * equals the one known longest.
 *
 * @returns null when even that one was attended within five minutes: the newcomer is forgotten then
 */
export function replacementCandidate(bucket: readonly Contact[], now: number): Contact | null {
  let candidate: Contact | null = null
  for (const contact of bucket) if (candidate === null || isStaler(contact, candidate)) candidate = contact
  return candidate === null || now - attendedAt(candidate) < REPLACEABLE_MS ? null : candidate
}

/**
 * The contact of a full bucket that gives way to a much quicker newcomer, who has answered already (proximity neighbour
 * selection: Dabek et al., "Designing a DHT for low latency and high throughput", 2004). Full buckets are far ones, in
 * which any contact leads a lookup on, and the quick ones lead it on sooner.
 *
 * The longest-known half never gives way: whoever is near us in the network could take over the whole bucket.
 *
 * @param rttMs round trip of the newcomer; NaN is unknown
 * @returns the slowest of the younger half, or null when nobody there is much slower
 */
export function slowerContact(bucket: readonly Contact[], rttMs: number): Contact | null {
  let slowest: Contact | null = null
  for (let i = 0; i < bucket.length; i++) {
    const contact = bucket[i]!
    if (!(rttMs < MUCH_QUICKER * contact.srttMs)) continue
    if ((slowest === null || contact.srttMs > slowest.srttMs) && isOfYoungerHalf(bucket, i)) slowest = contact
  }
  return slowest
}

/** By rank, not by time: contacts that were restored together are all of one age. Of these, those listed first are older. */
function isOfYoungerHalf(bucket: readonly Contact[], index: number): boolean {
  const { addedAt } = bucket[index]!
  let older = 0
  for (let i = 0; i < bucket.length; i++) {
    const other = bucket[i]!.addedAt
    if (other < addedAt || (other === addedAt && i < index)) older++
  }
  return older >= bucket.length >> 1
}

/**
 * Whether a contact that left a check unanswered is given up. One silent contact is to blame itself only while others
 * do answer; when nobody does, it is more likely our own network that fails, and the table is worth keeping.
 *
 * @param contact its `failures` already count this check
 * @param evidence whether the network was up meanwhile
 */
export function shouldEvict(contact: Contact, evidence: boolean): boolean {
  return evidence || contact.failures >= MAX_FAILURES
}

function attendedAt(contact: Contact): number {
  return Math.max(contact.pingedAt, contact.seenAt)
}

function isStaler(a: Contact, b: Contact): boolean {
  const aAt = attendedAt(a)
  const bAt = attendedAt(b)
  return aAt < bAt || (aAt === bAt && a.addedAt < b.addedAt)
}
