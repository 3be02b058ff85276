/**
 * What strangers may cost us, and what we may be made to send to others (QUIC's rule for unproved addresses, RFC 9000
 * section 8.1, with an allowance). Pure: takes values and the time.
 *
 * Invariants:
 * - one host has a budget of requests, refilled at a steady rate, and so have all hosts together, of which a part is
 *   kept for those that proved themselves; what a request takes from both is said by its command;
 * - a host that has not proved that it receives what we send gets at most three times the bytes it sent, plus a small
 *   allowance of its own and a share of one for all such hosts: as a reflector we are not worth the trouble;
 * - hosts of our own network (loopback, and private addresses where we live among them) are not limited: nobody
 *   outside can send from there.
 */
import { COMMAND } from '../wire/commands.js'

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

interface HostBudget {
  /** Requests it may still make. */
  requests: number
  /** Bytes it has coming for what it sent. */
  creditBytes: number
  /** Bytes it may get beyond that. */
  allowanceBytes: number
  provedUntil: number
  updatedAt: number
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

/** A reply without contacts and token is half the work; what an application does is worth more, but it knows itself. */
const PING_COST = 0.5

/** A host that proved itself is trusted to receive for this long: about as long as a token is valid. */
const PROVED_MS = 60_000

/** Hosts remembered, unproved ones and as many that have proved themselves; about 100 bytes each. */
const MAX_HOSTS = 4096

/** What a request of this command takes from the budgets. */
export function requestCost(internal: boolean, command: number): number {
  return internal && (command === COMMAND.PING || command === COMMAND.PING_NAT) ? PING_COST : 1
}

export class InboundLimits {
  readonly #requestsPerSecond: number
  readonly #totalRequestsPerSecond: number
  readonly #allowanceBytes: number
  readonly #totalPerSecond: number
  readonly #unproved = new Budgets()
  /** Apart, so that a flood from many addresses does not make us forget them. */
  readonly #proved = new Budgets()
  #total: number
  #totalAt = 0
  #totalRequests: number
  #totalRequestsAt = 0

  constructor(options: InboundLimitOptions = {}) {
    this.#requestsPerSecond = options.requestsPerSecond ?? 500
    this.#totalRequestsPerSecond = options.totalRequestsPerSecond ?? 20_000
    this.#totalRequests = this.#totalRequestsPerSecond
    this.#allowanceBytes = options.allowanceBytes ?? 16_384
    this.#totalPerSecond = options.totalAllowanceBytes ?? 262_144
    this.#total = this.#totalPerSecond
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
    const total = this.#refillTotalRequests(now)
    const crowded = total - cost < PROVED_SHARE * this.#totalRequestsPerSecond
    // Whoever is new in a flood of many addresses is not even remembered.
    if (crowded && (total < cost || !this.#isProved(ip, now))) return false
    const budget = this.#budgetOf(ip, now)
    if (budget.requests < cost) return false
    budget.requests -= cost
    this.#totalRequests -= cost
    budget.creditBytes = Math.min(budget.creditBytes + AMPLIFICATION * sizeBytes, MAX_CREDIT_BYTES)
    return true
  }

  /** The host showed that it receives what we send: it echoed a token, or answered a request of ours. */
  prove(ip: number, now: number): void {
    const budget = this.#budgetOf(ip, now)
    budget.provedUntil = now + PROVED_MS
    if (this.#unproved.delete(ip)) this.#proved.add(ip, budget)
  }

  /** Whether a response of this size may go to the host; counts it. */
  release(ip: number, sizeBytes: number, now: number): boolean {
    const budget = this.#budgetOf(ip, now)
    if (now < budget.provedUntil) return true
    const excess = Math.max(0, sizeBytes - budget.creditBytes)
    if (excess > budget.allowanceBytes || (excess > 0 && !this.#takeTotal(excess, now))) return false
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
    const fresh = {
      requests: this.#requestsPerSecond * BURST_SECONDS,
      creditBytes: 0,
      allowanceBytes: this.#allowanceBytes,
      provedUntil: -Infinity,
      updatedAt: now,
    }
    this.#unproved.add(ip, fresh)
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

  #refillTotalRequests(now: number): number {
    const rate = this.#totalRequestsPerSecond
    this.#totalRequests = Math.min(this.#totalRequests + ((now - this.#totalRequestsAt) * rate) / 1000, rate)
    this.#totalRequestsAt = now
    return this.#totalRequests
  }

  #takeTotal(bytes: number, now: number): boolean {
    const refilled = this.#total + ((now - this.#totalAt) * this.#totalPerSecond) / 1000
    this.#total = Math.min(refilled, this.#totalPerSecond)
    this.#totalAt = now
    if (this.#total < bytes) return false
    this.#total -= bytes
    return true
  }
}

/** Budgets by 32-bit host number, oldest first. */
class Budgets {
  /** BOUNDED: by MAX_HOSTS, the oldest makes room. */
  readonly #byHost = new Map<number, HostBudget>()
  /** Where the oldest are. Kept, as a new iterator would step over all that were deleted before. */
  readonly #oldest: Iterator<number> = this.#byHost.keys()

  get size(): number {
    return this.#byHost.size
  }

  get(ip: number): HostBudget | undefined {
    return this.#byHost.get(ip)
  }

  add(ip: number, budget: HostBudget): void {
    if (this.#byHost.size >= MAX_HOSTS) this.#byHost.delete(this.#oldest.next().value)
    this.#byHost.set(ip, budget)
  }

  delete(ip: number): boolean {
    return this.#byHost.delete(ip)
  }
}
