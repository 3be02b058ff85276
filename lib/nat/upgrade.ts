/**
 * When a node may try to become persistent, and whether what the probes found is enough (behaviour 9). Pure.
 *
 * A node belongs into others' tables only if it stays: its address must have been known and unchanged for a while.
 * A node that was told to be persistent does not wait, but it too needs a known address and an open port.
 */

/** Without success it is tried again after this; doubled each time, up to the longest wait. */
const FIRST_RETRY_MS = 30_000

/** After a wake-up, and after the first failure of an adaptive node: three times the normal time (60 for 20 min). */
const CAUTION = 3

export interface UpgradeScheduleOptions {
  /** Told to be persistent: no waiting. */
  forced: boolean
  stableAfterMs: number
  now: number
}

export class UpgradeSchedule {
  readonly #forced: boolean
  readonly #stableAfterMs: number
  #notBefore: number
  #addressSince = Infinity
  #retryMs = FIRST_RETRY_MS

  constructor({ forced, stableAfterMs, now }: UpgradeScheduleOptions) {
    this.#forced = forced
    this.#stableAfterMs = stableAfterMs
    this.#notBefore = forced ? now : now + stableAfterMs
  }

  /** When the next attempt is due; Infinity while no consistent address is known. */
  get dueAt(): number {
    if (this.#addressSince === Infinity) return Infinity
    const stableAt = this.#forced ? this.#addressSince : this.#addressSince + this.#stableAfterMs
    return Math.max(stableAt, this.#notBefore)
  }

  /** Our address as others see it changed. `consistent`: host and port are known. */
  onAddress(now: number, consistent: boolean): void {
    this.#addressSince = consistent ? now : Infinity
    this.#retryMs = FIRST_RETRY_MS
    if (this.#forced) this.#notBefore = now
  }

  /** An attempt failed: firewalled, or the address changed meanwhile. */
  onFailure(now: number): void {
    if (this.#forced) {
      this.#notBefore = now + this.#retryMs
      this.#retryMs = Math.min(this.#retryMs * 2, Math.max(this.#stableAfterMs, FIRST_RETRY_MS))
    } else {
      this.#notBefore = now + this.#stableAfterMs * CAUTION
    }
  }

  /** The machine slept: a node that comes and goes waits longer. */
  onWakeup(now: number): void {
    this.#addressSince = Infinity
    this.#notBefore = this.#forced ? now : now + this.#stableAfterMs * CAUTION
    this.#retryMs = FIRST_RETRY_MS
  }
}

/** What the firewall probes found. */
export interface ProbeResult {
  /** Different nodes that were asked to send a datagram to the server socket. */
  asked: number
  /** Those whose datagram arrived there. */
  reached: number
  /** Address of the server socket as those see it; host null or port 0 where they do not agree. */
  host: string | null
  port: number
}

/** Answers that settle the matter: 3 of 5; with fewer to ask, half of them, at least one. */
export function answersNeeded(asked: number): number {
  return asked >= 5 ? 3 : Math.max(1, Math.ceil(asked / 2))
}

/**
 * Whether the server socket can be reached from outside under its own port.
 *
 * @param natHost our host as all others see it
 * @param localPort port the server socket is bound to; a NAT that maps it to another one is not supported
 */
export function isReachable(probe: ProbeResult, natHost: string, localPort: number): boolean {
  if (probe.asked === 0 || probe.reached < answersNeeded(probe.asked)) return false
  return probe.host === natHost && probe.port === localPort
}
