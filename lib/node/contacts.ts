/**
 * Who we know: what enters the routing table, what keeps its place, what leaves (behaviour 12).
 *
 * Invariants:
 * - nobody enters on an unsolicited datagram's word: only who answered us does; others are asked first;
 * - a contact leaves only when it did not answer a check of ours, or answered without its id, or when a much quicker one
 *   takes its place in a full bucket;
 * - `add-node` and `remove-node` tell every change.
 */
import { addressKey } from '../primitives/address.js'
import { idFromIp, type NodeInfo, sameId } from '../primitives/id.js'
import type { Random } from '../primitives/random.js'
import { type Contact, createContact } from '../routing/contact.js'
import type { PingOutcome } from './errands.js'
import {
  contactsToPing,
  pingsPerRound,
  replacementCandidate,
  shouldEvict,
  slowerContact,
} from '../routing/maintenance.js'
import { MAX_PER_SUBNET_IN_BUCKET, MAX_PER_SUBNET_IN_TABLE, RoutingTable } from '../routing/table.js'
import { updateEstimate } from '../rpc/round-trip.js'

/** What the contacts need of the node. */
export interface ContactsHost {
  /** Whole milliseconds. */
  now(): number
  /** Whether a host is of our own network. */
  isNear(ip: number): boolean
  /** Whether a request of ours to this address is under way. */
  isAsking(ip: number, port: number): boolean
  /** Sends a PING; `settled` is called after the reply or the failure has been taken in. */
  ping(node: NodeInfo, settled: (outcome: PingOutcome) => void): void
  /** Sends a PING to somebody who may not even be there: once, and beside the window. */
  askNewcomer(node: NodeInfo, settled: (outcome: PingOutcome) => void): void
  /** A contact was given up while nobody answered: it may be us who are cut off. */
  onLost(contact: Contact): void
  /** A contact was given up because it did not answer, whoever else did. */
  onSilenced(contact: Contact): void
  onAdd(contact: Contact): void
  onRemove(contact: Contact): void
}

/** Newcomers being asked at a time; more are forgotten and come again. A join storm on a bootstrapper is 42 B each. */
const MAX_CANDIDATES = 64

/**
 * Every newcomer among our neighbours is asked, for lookups must not miss those; a bucket farther away takes every
 * newcomer only while it has fewer contacts than this. Beyond that it is filled by our own lookups for free, and by
 * one newcomer a second: asking each of them made 17 of 40 requests per lookup in a young network of 500 nodes.
 */
const SCARCE_CONTACTS = 4
const SPARE_NEWCOMER_MS = 1000

/** Contacts checked at a time because of down hints: strangers cause these. */
const MAX_HINTED_CHECKS = 10

/** Full buckets in which a stale contact is being asked whether it makes room. */
const MAX_REPLACEMENTS = 3

/**
 * While nobody answers, one silence of a contact counts in this time: the lookups of a busy application would give up
 * the whole table within seconds of losing the network.
 */
const DOUBT_MS = 60_000

/** A contact pinged or heard this recently is not checked for a hint or a silence: strangers would set the pace. */
const QUIET_MS = 5000

export class Contacts {
  readonly #host: ContactsHost
  readonly #filter: ((node: NodeInfo) => boolean) | null
  #table: RoutingTable
  /** Newcomers being asked, by address. BOUNDED: by MAX_CANDIDATES. */
  readonly #candidates = new Set<number>()
  /** When a newcomer was asked last: for those to buckets that have enough contacts. */
  #newcomerAskedAt = -Infinity
  /** Contacts whose silence counted lately while nobody answered. BOUNDED: by the table, emptied after DOUBT_MS. */
  readonly #doubted = new Set<Contact>()
  #doubtedSince = -Infinity
  #silentNewcomers = 0
  #hintedChecks = 0
  #replacements = 0

  constructor(host: ContactsHost, id: Uint8Array, k: number, filter: ((node: NodeInfo) => boolean) | null) {
    this.#host = host
    this.#filter = filter
    this.#table = new RoutingTable(id, k, {
      maxPerSubnetInBucket: MAX_PER_SUBNET_IN_BUCKET,
      maxPerSubnetInTable: MAX_PER_SUBNET_IN_TABLE,
      isNear: (ip) => host.isNear(ip),
    })
  }

  /** The table now; replaced by another one when our id changes. */
  get table(): RoutingTable {
    return this.#table
  }

  /** Newcomers that did not answer, ever: strangers can make them up, so their silence says nothing about the network. */
  get silentNewcomers(): number {
    return this.#silentNewcomers
  }

  /** Checks caused by others that are under way. */
  get pendingChecks(): number {
    return this.#candidates.size + this.#hintedChecks + this.#replacements
  }

  /** Whether the user's filter lets this node be a contact. */
  accepts(node: NodeInfo): boolean {
    return this.#filter === null || this.#filter(node)
  }

  /**
   * A node answered us. Returns its contact when it has or gets one: an identified, accepted node.
   *
   * @param id null: it did not identify itself
   * @param rttMs the round trip; NaN when it took a time of somebody's choice
   */
  onAnswer(host: string, ip: number, port: number, id: Uint8Array | null, rttMs: number): Contact | null {
    const known = this.#table.byKey(addressKey(ip, port))
    if (id === null) {
      // It answers, but not as the node we knew: it has become ephemeral, or another one took its place.
      if (known !== null) this.#remove(known)
      return null
    }
    if (known !== null) {
      this.#heard(known)
      known.failures = 0
      known.downHints = 0
      return known
    }
    return this.#accept({ id, host, port }, ip, rttMs)
  }

  /** An identified node asked us something. A known one was heard; a new one is asked before it may enter. */
  onRequest(host: string, ip: number, port: number, id: Uint8Array): void {
    const key = addressKey(ip, port)
    const known = this.#table.byKey(key)
    if (known !== null) this.#heard(known)
    else if (this.#wants(id, key, { id, host, port })) {
      // Whoever hears of us because we asked it often asks back before its answer is here.
      if (!this.#host.isAsking(ip, port)) this.#askCandidate(key, { id, host, port })
    }
  }

  /** A request that proves nothing by its silence stayed unanswered: only a check tells, and one at a time does. */
  onSilence(key: number): void {
    const contact = this.#table.byKey(key)
    if (contact !== null && this.#host.now() - contact.pingedAt >= QUIET_MS) this.check(contact)
  }

  /** A PING to this address, first sent at `sentAt`, stayed unanswered. `evidence`: meanwhile others answered. */
  onUnanswered(key: number, evidence: boolean, sentAt: number): void {
    const contact = this.#table.byKey(key)
    // A newcomer that has answered something else since then is there: it was the PING that got lost.
    if (contact === null || contact.addedAt > sentAt) return
    if (!evidence && this.#isDoubted(contact)) return
    contact.failures++
    if (!shouldEvict(contact, evidence)) return
    this.#giveUp(contact)
    if (!evidence) this.#host.onLost(contact)
  }

  /** Adds a node that the user vouches for, without asking it. */
  add(host: string, ip: number, port: number): void {
    const known = this.#table.byKey(addressKey(ip, port))
    if (known !== null) this.#heard(known)
    else this.#accept({ id: idFromIp(ip, port), host, port }, ip, NaN)
  }

  /** Somebody says that the contact at this address is down: we look ourselves. */
  onDownHint(key: number): void {
    const contact = this.#table.byKey(key)
    if (contact === null || this.#hintedChecks >= MAX_HINTED_CHECKS) return
    if (this.#host.now() - contact.pingedAt < QUIET_MS) return
    contact.downHints++
    this.#hintedChecks++
    this.check(contact, (outcome) => {
      this.#hintedChecks--
      // Two nodes independently got no answer: that is evidence enough, however quiet the network is.
      if (outcome === 'silent') this.#giveUp(contact)
    })
  }

  /** Asks a contact whether it is there; the answer or its absence is taken in as any other. */
  check(contact: Contact, settled?: (outcome: PingOutcome) => void): void {
    contact.pingedAt = this.#host.now()
    this.#host.ping(contact, (outcome) => settled?.(outcome))
  }

  /** One round of checks of those heard longest ago, more than `recentMs` at least. Returns how many are asked. */
  pingRound(busy: boolean, recentMs?: number): number {
    const { recency, size } = this.#table
    const due = contactsToPing(recency, this.#host.now(), pingsPerRound(size, busy), recentMs)
    for (const contact of due) this.check(contact)
    return due.length
  }

  /** Makes every contact look old, so that the next rounds check it and hear our address anew: the machine slept. */
  markStale(ageMs: number): void {
    const before = this.#host.now() - ageMs
    for (const contact of this.#table.recency) {
      contact.seenAt = Math.min(contact.seenAt, before)
      contact.pingedAt = Math.min(contact.pingedAt, before)
      contact.sampledAt = 0
    }
  }

  /** Takes another id: the contacts move to a table around it. */
  changeId(id: Uint8Array): void {
    const { table, dropped } = this.#table.moveTo(id)
    this.#table = table
    for (const contact of dropped) this.#host.onRemove(contact)
  }

  /** Id of a random contact, or our own where there is none: what a refresh looks up. */
  refreshTarget(random: Random): Uint8Array {
    return this.#table.random(random)?.id ?? this.#table.id
  }

  #heard(contact: Contact): void {
    const now = this.#host.now()
    contact.seenAt = now
    contact.pingedAt = now
    this.#table.touch(contact)
  }

  /** Whether a newcomer is worth a PING: there is room for it, or somebody who may have to make room. */
  #wants(id: Uint8Array, key: number, node: NodeInfo): boolean {
    if (this.#candidates.size >= MAX_CANDIDATES || this.#candidates.has(key)) return false
    if (sameId(id, this.#table.id) || !this.accepts(node)) return false
    const bucket = this.#table.bucketOf(id)
    if (bucket.length < SCARCE_CONTACTS) return true
    if (bucket.length < this.#table.k && this.#table.isNeighbour(id)) return true
    const now = this.#host.now()
    if (now - this.#newcomerAskedAt < SPARE_NEWCOMER_MS) return false
    return bucket.length < this.#table.k || replacementCandidate(bucket, now) !== null
  }

  #askCandidate(key: number, node: NodeInfo): void {
    this.#candidates.add(key)
    this.#newcomerAskedAt = this.#host.now()
    this.#host.askNewcomer(node, (outcome) => {
      this.#candidates.delete(key)
      if (outcome === 'silent') this.#silentNewcomers++
    })
  }

  #accept(node: NodeInfo, ip: number, rttMs: number): Contact | null {
    if (sameId(node.id, this.#table.id) || !this.accepts(node)) return null
    if (!this.#mayEnter(node.id, rttMs)) return null
    const contact = createContact({ id: node.id, port: node.port, ip, now: this.#host.now() })
    updateEstimate(contact, rttMs)
    let outcome = this.#table.add(contact)
    if (outcome === 'full') {
      const slower = slowerContact(this.#table.bucketOf(node.id), rttMs)
      if (slower !== null) {
        this.#remove(slower)
        outcome = this.#table.add(contact)
      }
    }
    if (outcome === 'added') {
      this.#host.onAdd(contact)
      return contact
    }
    if (outcome === 'full') this.#makeRoom(contact)
    return null
  }

  /** Whether there is room, or somebody who may have to make room. Asked with each answer of who is no contact. */
  #mayEnter(id: Uint8Array, rttMs: number): boolean {
    const bucket = this.#table.bucketOf(id)
    if (bucket.length < this.#table.k || slowerContact(bucket, rttMs) !== null) return true
    return this.#replacements < MAX_REPLACEMENTS && replacementCandidate(bucket, this.#host.now()) !== null
  }

  /** Asks the stalest contact of a full bucket; if it is gone, the newcomer takes its place. */
  #makeRoom(newcomer: Contact): void {
    if (this.#replacements >= MAX_REPLACEMENTS) return
    const stale = replacementCandidate(this.#table.bucketOf(newcomer.id), this.#host.now())
    if (stale === null) return
    this.#replacements++
    stale.pingedAt = this.#host.now()
    this.#host.ping(stale, (outcome) => {
      this.#replacements--
      if (outcome !== 'silent') return
      // The newcomer did answer, so it is not our network that failed.
      if (this.#table.byKey(stale.key) === stale) this.#giveUp(stale)
      if (this.#table.add(newcomer) === 'added') this.#host.onAdd(newcomer)
    })
  }

  /** Whether a silence of this contact has counted lately; from now on it has. */
  #isDoubted(contact: Contact): boolean {
    const now = this.#host.now()
    if (now - this.#doubtedSince >= DOUBT_MS) {
      this.#doubtedSince = now
      this.#doubted.clear()
    }
    if (this.#doubted.has(contact)) return true
    this.#doubted.add(contact)
    return false
  }

  #giveUp(contact: Contact): void {
    if (this.#remove(contact)) this.#host.onSilenced(contact)
  }

  /** False where it is no contact any more. */
  #remove(contact: Contact): boolean {
    if (!this.#table.discard(contact)) return false
    this.#host.onRemove(contact)
    return true
  }
}
