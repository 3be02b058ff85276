/**
 * Whether the node is online, degraded or offline, judged from the numbers of responses and timeouts of each tick
 * (behaviour section 10).
 *
 * - The first 4 ticks (cold) and ticks with fewer than 4 outcomes (idle) judge nothing.
 * - A judged tick without a response is an offline tick; one with more timeouts than responses is a degraded tick; any
 *   other is healthy.
 * - Offline after 2 offline ticks, idle ones in between notwithstanding; online again with the first response, even in
 *   an idle tick: a node with few contacts has no other ticks.
 * - Degraded after 4 degraded ticks in a row, healthy after 4 healthy ticks in a row; in between the state stays. Idle
 *   and single offline ticks do not interrupt a row; going offline ends the degraded state and every row.
 *
 * Rows of equal verdicts instead of counts over a sliding window: a count that leaves the window cannot go wrong, and
 * a quiet node, most of whose ticks are idle, still gets out of the degraded state.
 */

/** Ticks before the first verdict, and equal verdicts that set or clear the degraded state: 20 s of ticks. */
const WINDOW_TICKS = 4
/** Offline ticks until the node is offline: 10 s of ticks, as the first may be a passing fault. */
const OFFLINE_TICKS = 2
/** Fewer outcomes in a tick say nothing about the network. */
const MIN_OUTCOMES = 4
/** A greater share of timeouts makes a tick degraded. */
const MAX_TIMEOUTS_RATE = 0.5

export type HealthState = 'online' | 'degraded' | 'offline'

/** Counters since the node was made; they never fall. */
export interface HealthCounters {
  responses: number
  timeouts: number
}

/** Snapshot for callers; `responses`, `timeouts` and `timeoutsRate` (0 to 1) are those of the last tick. */
export interface HealthStats {
  online: boolean
  degraded: boolean
  cold: boolean
  idle: boolean
  responses: number
  timeouts: number
  timeoutsRate: number
}

/** Where the counters are, and who hears of changes. */
export interface HealthHost {
  counters(): HealthCounters
  onChange(state: HealthState): void
}

const NOBODY: HealthHost = { counters: () => ({ responses: 0, timeouts: 0 }), onChange() {} }

export class Health {
  readonly #host: HealthHost
  /** True until proved otherwise. */
  online = true
  degraded = false
  /** Whether there were too few ticks for a verdict. */
  cold = true
  /** Whether the last tick had too few outcomes for a verdict. */
  idle = true
  /** Responses in the last tick. */
  responses = 0
  /** Timeouts in the last tick. */
  timeouts = 0
  /** Share of timeouts in the last tick's outcomes, 0 to 1. */
  timeoutsRate = 0

  #ticks = 0
  #lastResponses = 0
  #lastTimeouts = 0
  #offlineRow = 0
  #degradedRow = 0
  #healthyRow = 0

  constructor(host: HealthHost = NOBODY) {
    this.#host = host
  }

  get state(): HealthState {
    if (!this.online) return 'offline'
    return this.degraded ? 'degraded' : 'online'
  }

  get stats(): HealthStats {
    const { online, degraded, cold, idle, responses, timeouts, timeoutsRate } = this
    return { online, degraded, cold, idle, responses, timeouts, timeoutsRate }
  }

  /**
   * Judges the tick that ends now.
   *
   * @param counters cumulative; only their growth since the last call counts. Default: the host's
   * @returns the new state, or null when it is the old one
   */
  update(counters: HealthCounters = this.#host.counters()): HealthState | null {
    const before = this.state
    this.#measure(counters)
    if (this.responses > 0) this.#onResponse()
    if (!this.cold && !this.idle) this.#judge()
    return this.#tell(before)
  }

  /** Starts anew, as after a suspension or a change of networks. Returns 'online' when the state was another. */
  reset(): HealthState | null {
    const before = this.state
    this.online = true
    this.degraded = false
    this.cold = true
    this.idle = true
    this.responses = 0
    this.timeouts = 0
    this.timeoutsRate = 0
    this.#ticks = 0
    this.#clearRows()
    return this.#tell(before)
  }

  #tell(before: HealthState): HealthState | null {
    const { state } = this
    if (state === before) return null
    this.#host.onChange(state)
    return state
  }

  #measure({ responses, timeouts }: HealthCounters): void {
    const isFirst = this.#ticks === 0
    this.responses = isFirst ? 0 : responses - this.#lastResponses
    this.timeouts = isFirst ? 0 : timeouts - this.#lastTimeouts
    this.#lastResponses = responses
    this.#lastTimeouts = timeouts
    this.#ticks++
    const outcomes = this.responses + this.timeouts
    this.timeoutsRate = outcomes === 0 ? 0 : this.timeouts / outcomes
    this.cold = this.#ticks < WINDOW_TICKS
    this.idle = outcomes < MIN_OUTCOMES
  }

  #judge(): void {
    if (this.responses === 0) this.#onOfflineTick()
    else if (this.timeoutsRate > MAX_TIMEOUTS_RATE) this.#onDegradedTick()
    else this.#onHealthyTick()
  }

  /** Whatever else is lost, the network is there. */
  #onResponse(): void {
    if (this.online) return
    this.online = true
    this.#offlineRow = 0
  }

  #onOfflineTick(): void {
    this.#offlineRow++
    if (this.#offlineRow < OFFLINE_TICKS) return
    this.online = false
    this.degraded = false
    this.#degradedRow = 0
    this.#healthyRow = 0
  }

  #onDegradedTick(): void {
    this.#offlineRow = 0
    this.#healthyRow = 0
    this.#degradedRow++
    if (this.#degradedRow >= WINDOW_TICKS) this.degraded = true
  }

  #onHealthyTick(): void {
    this.#offlineRow = 0
    this.#degradedRow = 0
    this.#healthyRow++
    if (this.#healthyRow >= WINDOW_TICKS) this.degraded = false
  }

  #clearRows(): void {
    this.#offlineRow = 0
    this.#degradedRow = 0
    this.#healthyRow = 0
  }
}
