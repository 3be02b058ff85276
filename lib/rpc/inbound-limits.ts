/**
 * What strangers may cost us, and what we may be made to send to others (QUIC's rule for unproved addresses, RFC 9000
 * section 8.1, with an allowance). Pure: takes values and the time.
 *
 * Invariants:
 * - one host has a budget of requests, refilled at a steady rate, and so have all hosts together, of which a part is
 *   kept for those that proved themselves; what a request takes from both is said by its command;
 * - a host proves itself by what it can only have by receiving at its address: never by asking, however often, since
 *   the sender of a datagram is a claim, and whoever forges it would keep the proof of somebody else alive;
 * - a host that has not proved that it receives what we send gets at most three times the bytes it sent, plus a small
 *   allowance of its own and a share of one for all such hosts: as a reflector we are not worth the trouble;
 * - hosts of our own network (loopback, and private addresses where we live among them) are not limited: nobody
 *   outside can send from there.
 */
import { TokenBucket } from '../primitives/token-bucket.js'
import { COMMAND } from '../wire/commands.js'
import { type HostBudget, HostBudgets } from './host-budgets.js'

export interface InboundLimitOptions {
  /** Requests a second from one host, pings counting half. Default 500; up to two seconds' worth at once. */
  requestsPerSecond?: number
  /** The same from all hosts together. Default 20000; up to one second's worth at once. */
  totalRequestsPerSecond?: number
  /** Bytes beyond three times what it sent, to one unproved host in 10 s. Default 16384. */
  allowanceBytes?: number
  /** The same for all unproved hosts together, in one second. Default 262144. */
  totalAllowanceBytes?: number
  /**
   * Whether they hold for hosts of our own network too: loopback, and private addresses where our own is private. Default
   * false, since nobody outside can send from there; true where those inside are strangers to each other as well.
   */
  limitOwnNetwork?: boolean
}

/** A reply may be so much longer than its request before the allowance is touched. */
const AMPLIFICATION = 3

/** Credit does not pile up: answers to this much are all that can be due at a time. */
const MAX_CREDIT_BYTES = 65_536

/** Time in which a host's allowance fills up. */
const ALLOWANCE_MS = 10_000

/** Requests that may come at once, in seconds of the rate. */
const BURST_SECONDS = 2

/** Of the budget of all hosts together the unproved leave this share to the proved. */
const PROVED_SHARE = 0.25

/**
 * Of the requests of all hosts together, so many a second may have their token looked at after they were refused. Each
 * costs up to two hashes, 2 to 4 us: with the default at most 8 ms of a second, however many tokens are invented.
 */
const LOOK_SHARE = 0.1

/** A reply without contacts and token is half the work; what an application does is worth more, but it knows itself. */
const PING_COST = 0.5

/** A host that proved itself is trusted to receive for this long: about as long as a token is valid. */
const PROVED_MS = 60_000

/** What a request of this command takes from the budgets. */
export function requestCost(internal: boolean, command: number): number {
  return internal && (command === COMMAND.PING || command === COMMAND.PING_NAT) ? PING_COST : 1
}

export class InboundLimits {
  readonly #requestsPerSecond: number
  readonly #allowanceBytes: number
  /** Requests that all hosts together may still make. */
  readonly #requests: TokenBucket
  /** Of these, what is left to the proved. */
  readonly #reserved: number
  /** Bytes that all unproved hosts together may get beyond their credit. */
  readonly #bytes: TokenBucket
  readonly #looks: TokenBucket
  readonly #unproved = new HostBudgets()
  /** Apart, so that a flood from many addresses does not make us forget them. Who proved itself last is forgotten last. */
  readonly #proved = new HostBudgets()

  constructor(options: InboundLimitOptions = {}) {
    this.#requestsPerSecond = options.requestsPerSecond ?? 500
    this.#allowanceBytes = options.allowanceBytes ?? 16_384
    const totalPerSecond = options.totalRequestsPerSecond ?? 20_000
    this.#requests = perSecond(totalPerSecond)
    this.#reserved = PROVED_SHARE * totalPerSecond
    this.#looks = perSecond(Math.max(1, LOOK_SHARE * totalPerSecond))
    this.#bytes = perSecond(options.totalAllowanceBytes ?? 262_144)
  }

  /** Hosts remembered now. */
  get size(): number {
    return this.#unproved.size + this.#proved.size
  }

  /**
   * A request of this size came in. Returns whether it may be handled.
   *
   * @param cost see {@link requestCost}
   */
  admit(ip: number, sizeBytes: number, now: number, cost = 1): boolean {
    const total = this.#requests.available(now)
    // Whoever is new in a flood of many addresses is not even remembered.
    if (total - cost < this.#reserved && (total < cost || !this.#isProved(ip, now))) return false
    const budget = this.#budgetOf(ip, now)
    if (budget.requests < cost) return false
    budget.requests -= cost
    this.#requests.take(now, cost)
    budget.creditBytes = Math.min(budget.creditBytes + AMPLIFICATION * sizeBytes, MAX_CREDIT_BYTES)
    return true
  }

  /**
   * Whether the token of a request that was not admitted is worth a look: a valid one proves the host, and it is let in.
   * Counts the look.
   *
   * @param cost see {@link requestCost}
   */
  mayLook(ip: number, now: number, cost = 1): boolean {
    const total = this.#requests.available(now)
    if (total < cost || total - cost >= this.#reserved || this.#isProved(ip, now)) return false
    return this.#looks.take(now)
  }

  /** The host showed that it receives what we send: it echoed a token, or answered a request of ours. */
  prove(ip: number, now: number): void {
    const budget = this.#budgetOf(ip, now)
    if (budget.provedUntil === -Infinity) {
      this.#unproved.remove(budget)
      this.#proved.add(budget)
    } else {
      this.#proved.renew(budget)
    }
    budget.provedUntil = now + PROVED_MS
  }

  /** Whether a response of this size may go to the host; counts it. */
  release(ip: number, sizeBytes: number, now: number): boolean {
    const budget = this.#budgetOf(ip, now)
    if (now < budget.provedUntil) return true
    const excess = Math.max(0, sizeBytes - budget.creditBytes)
    if (excess > budget.allowanceBytes || (excess > 0 && !this.#bytes.take(now, excess))) return false
    budget.creditBytes -= sizeBytes - excess
    budget.allowanceBytes -= excess
    return true
  }

  #budgetOf(ip: number, now: number): HostBudget {
    const known = this.#proved.get(ip) ?? this.#unproved.get(ip)
    if (known !== undefined) {
      this.#refill(known, now)
      return known
    }
    const fresh: HostBudget = {
      ip,
      requests: this.#requestsPerSecond * BURST_SECONDS,
      creditBytes: 0,
      allowanceBytes: this.#allowanceBytes,
      provedUntil: -Infinity,
      updatedAt: now,
      older: null,
      newer: null,
    }
    this.#unproved.add(fresh)
    return fresh
  }

  #refill(budget: HostBudget, now: number): void {
    const passedMs = now - budget.updatedAt
    budget.updatedAt = now
    const rate = this.#requestsPerSecond
    budget.requests = Math.min(budget.requests + (passedMs * rate) / 1000, rate * BURST_SECONDS)
    const refilled = budget.allowanceBytes + (passedMs * this.#allowanceBytes) / ALLOWANCE_MS
    budget.allowanceBytes = Math.min(refilled, this.#allowanceBytes)
  }

  #isProved(ip: number, now: number): boolean {
    const budget = this.#proved.get(ip)
    return budget !== undefined && now < budget.provedUntil
  }
}

/** What all hosts share: a second's worth at once, and no more. */
function perSecond(rate: number): TokenBucket {
  return new TokenBucket(rate, 0, rate)
}
