/**
 * What a node does by itself while it runs: checks of old contacts, refreshes, the step to persistent, health
 * (behaviour 5). Driven by the ticker; every part decides for itself whether it is due.
 */
import { ID_BYTES, idSharing } from '../primitives/id.js'
import type { Core } from './core.js'
import { Health, type HealthState } from './health.js'
import { ownLookup } from './own-lookup.js'
import { TICK_MS } from './ticker.js'

/** Timers may fire this much early. */
const TIMER_SLACK_MS = 100

/**
 * A table that is small or has a gap is refreshed in any case: soon, since nodes that started at the same time did not
 * find each other when they joined, then ever less often, since in a small network it stays small.
 */
const FIRST_REPAIR_MS = 1000
const MAX_REPAIR_MS = 320_000

/** Requests at a time of a refresh: nobody waits for it. */
const REFRESH_CONCURRENCY = 3

/** A contact attended within one and a half rounds is left alone: 60 s, as dht-rpc has it. */
const RECENT_ROUNDS = 1.5

/** More requests than this on the way: others need the network now. */
const BUSY_REQUESTS = 2

/** After a sleep every contact counts as unheard for this long. */
const STALE_MS = 60 * 60_000

/** What the upkeep tells the node. */
export interface UpkeepEvents {
  onHealth(state: HealthState): void
}

export class Upkeep {
  readonly health: Health
  readonly #core: Core
  #pingedAt: number
  #refreshedAt: number
  #healthAt: number
  #repairMs = FIRST_REPAIR_MS
  #repairedAt: number
  #lastGap = -1
  #lastSize = 0
  #ownTurn = false
  #isNetworkNew = false

  constructor(core: Core, events: UpkeepEvents) {
    this.#core = core
    this.health = new Health({
      counters: () => {
        const { responses, timeouts } = core.stats.requests
        return { responses, timeouts: timeouts - core.contacts.silentNewcomers }
      },
      onChange: (state) => events.onHealth(state),
    })
    const { clock, config, random } = core
    const now = clock.now()
    // Nodes that started together shall not all ping and refresh in the same second.
    this.#pingedAt = now - (config.pingIntervalMs * random.below(1024)) / 2048
    this.#refreshedAt = now - (config.refreshIntervalMs * random.below(1024)) / 2048
    this.#healthAt = now
    this.#repairedAt = now
  }

  /** One beat of a node that has joined. */
  tick(): void {
    const now = this.#core.clock.now()
    if (now - this.#healthAt >= TICK_MS - TIMER_SLACK_MS) this.#updateHealth(now)
    if (this.#core.identity.isUpgradeDue) void this.#upgrade()
    if (now - this.#pingedAt >= this.#core.config.pingIntervalMs) this.#ping(now)
    if (now - this.#repairedAt >= this.#repairMs - TIMER_SLACK_MS) this.#repair(now)
    if (this.#isNetworkNew || this.#isRefreshDue(now)) void this.refresh()
    else if (this.#core.reunion.isLookLate(now)) void this.#look()
    this.#core.reunion.tick(now)
  }

  /** Time until the next beat should come; Infinity when there is no hurry. */
  get hurryMs(): number {
    return this.#isPoor ? this.#repairMs : Infinity
  }

  /** Looks up the id of a random contact or, every other time, our own, so that neighbours are never missed. */
  async refresh(): Promise<void> {
    const { clock, contacts, identity, random, reunion } = this.#core
    this.#refreshedAt = clock.now()
    this.#isNetworkNew = false
    this.#ownTurn = !this.#ownTurn
    if (this.#ownTurn && reunion.isLookDue(clock.now())) return this.#look()
    const target = this.#ownTurn && !identity.ephemeral ? contacts.table.id : contacts.refreshTarget(random)
    await ownLookup(this.#core, target, { kind: 'refresh', concurrency: REFRESH_CONCURRENCY })
  }

  /** Looks up our own id from a bootstrap node, which may know another part of the network; else from our contacts. */
  async #look(): Promise<void> {
    const { clock, contacts, reunion } = this.#core
    this.#refreshedAt = clock.now()
    if ((await reunion.look()) || this.#core.closed !== null) return
    await ownLookup(this.#core, contacts.table.id, { kind: 'refresh', concurrency: REFRESH_CONCURRENCY })
  }

  /** The machine slept, or the node was suspended: nothing that was learnt before is sure any more. */
  wakeup(): void {
    const { contacts, identity, resolver } = this.#core
    contacts.markStale(STALE_MS)
    resolver.clear()
    identity.onWakeup()
    this.health.reset()
    this.#pingedAt = -Infinity
    this.#repairMs = FIRST_REPAIR_MS
  }

  /** The interfaces changed: the answers to the next lookup, at the next beat, tell whether our address has, too. */
  onNetworkChange(): void {
    this.#core.resolver.clear()
    this.#isNetworkNew = true
  }

  #updateHealth(now: number): void {
    this.#healthAt = now
    this.#core.errands.onTick()
    this.health.update()
  }

  async #upgrade(): Promise<void> {
    const { contacts, identity } = this.#core
    const changed = await identity.upgrade(true)
    // The neighbours of the new id learn of us by being asked.
    if (changed && !identity.ephemeral && this.#core.closed === null) await ownLookup(this.#core, contacts.table.id)
  }

  #ping(now: number): void {
    const { client, config, contacts } = this.#core
    this.#pingedAt = now
    if (contacts.table.size === 0) void this.refresh()
    else {
      contacts.pingRound(
        client.inFlight > BUSY_REQUESTS,
        this.health.online ? RECENT_ROUNDS * config.pingIntervalMs : 0,
      )
    }
  }

  /**
   * Whether the table lacks contacts that must be there, unless the network is a small one. An empty one is not poor
   * but lost, and the ping rounds look after it.
   */
  get #isPoor(): boolean {
    const { table } = this.#core.contacts
    return (table.size > 0 && table.size < table.k) || table.gap !== -1
  }

  /** Looks where the table lacks contacts that must be there, if it does. */
  #repair(now: number): void {
    if (!this.#isPoor) return
    const { contacts, random } = this.#core
    const { table } = contacts
    const { gap, size } = table
    this.#repairedAt = now
    // While it helps it goes on at this pace.
    const helped = gap !== this.#lastGap || size > this.#lastSize
    this.#repairMs = helped ? FIRST_REPAIR_MS : Math.min(this.#repairMs * 2, MAX_REPAIR_MS)
    this.#lastGap = gap
    this.#lastSize = size
    if (gap === -1) {
      void this.refresh()
    } else {
      // Whom we know knows nobody there either, or a lookup of ours would have met them.
      const target = idSharing(table.id, gap, random.bytes(ID_BYTES))
      void ownLookup(this.#core, target, { kind: 'refresh', fromBootstrap: true, concurrency: REFRESH_CONCURRENCY })
    }
  }

  #isRefreshDue(now: number): boolean {
    const { config, lastLookupAt } = this.#core
    return now - Math.max(this.#refreshedAt, lastLookupAt) >= config.refreshIntervalMs
  }
}
