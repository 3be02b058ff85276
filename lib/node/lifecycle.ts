/**
 * From the first bind to the last close (behaviour 7, 9.5 to 9.8).
 *
 * Invariants: `joined` is settled once, at the latest by `destroy` (after a failed bind, `suspend` begins a new one);
 * while suspended or destroyed no timer, socket or watcher of the node is open; `suspend`, `resume` and `destroy` run
 * one after the other, however they are called.
 */
import type { Cancel } from '../primitives/clock.js'
import { DHTError } from '../primitives/errors.js'
import { ContactKeeper } from './contact-keeper.js'
import type { Core } from './core.js'
import type { Tell } from './events.js'
import { join } from './join.js'
import { exportContacts } from './saved-contacts.js'
import { TICK_MS, Ticker } from './ticker.js'
import { Upkeep } from './upkeep.js'

/** A node whose upkeep is due more often than a tick beats faster, down to this. */
const MIN_TICK_MS = 100

export class Lifecycle {
  readonly upkeep: Upkeep
  #joined!: Promise<void>
  bootstrapped = false
  readonly #core: Core
  readonly #tell: Tell
  readonly #ticker: Ticker
  /** null: nobody keeps our contacts. */
  readonly #keeper: ContactKeeper | null
  #settleJoined: { resolve: () => void; reject: (error: Error) => void } | null = null
  #unwatch: Cancel | null = null
  #steps: Promise<void> = Promise.resolve()
  #destroying: Promise<void> | null = null

  constructor(core: Core, tell: Tell) {
    this.#core = core
    this.#tell = tell
    this.upkeep = new Upkeep(core, { onHealth: () => tell('network-update') })
    const { pingIntervalMs, refreshIntervalMs, stableAfterMs } = core.config
    const periodMs = Math.max(MIN_TICK_MS, Math.min(TICK_MS, pingIntervalMs, refreshIntervalMs, stableAfterMs))
    this.#ticker = new Ticker(
      core.clock,
      () => Math.min(periodMs, this.upkeep.hurryMs),
      (slept) => this.#onTick(slept),
    )
    this.#keeper = this.#createKeeper()
    this.#expectToJoin()
  }

  /** Resolves when the node has joined; rejects with BIND_FAILED or NODE_DESTROYED. */
  get joined(): Promise<void> {
    return this.#joined
  }

  /** Begins, one micro-task later: a subclass is constructed completely by then. */
  start(): void {
    this.#ticker.start()
    void Promise.resolve().then(() => this.#begin())
  }

  suspend(): Promise<void> {
    return this.#then(async () => {
      const core = this.#core
      // Before anything else: what follows would open the sockets of a closed node again.
      if (core.closed === 'failed') this.#expectToJoin()
      else if (core.closed !== null) return
      core.closed = 'suspended'
      core.endpoint.cancelBinding()
      // A binding under way is waited for. Its failure is none: the sockets are bound anew when the node is resumed.
      await core.endpoint.bind().catch(() => {})
      if (core.closed !== 'suspended') return
      await this.#halt(new DHTError('IO_SUSPENDED'))
      // The system may end a suspended process without a word.
      if (this.#keeper !== null) await this.#keeper.flush()
      this.#tell('suspend')
    })
  }

  resume(): Promise<void> {
    return this.#then(async () => {
      const core = this.#core
      if (core.closed !== 'suspended') return
      core.closed = null
      this.#ticker.start()
      this.#wakeup()
      await this.#reopen()
      if (core.closed !== null) return
      if (this.bootstrapped) void this.upkeep.refresh()
      else void this.#join()
      this.#tell('resume')
    })
  }

  /** Looks up a known id; nothing while closed. */
  refresh(): Promise<void> {
    return this.#core.closed === null ? this.upkeep.refresh() : Promise.resolve()
  }

  destroy(): Promise<void> {
    this.#destroying ??= this.#destroy()
    return this.#destroying
  }

  async #destroy(): Promise<void> {
    this.#core.closed = 'destroyed'
    this.#core.identity.close()
    this.#core.client.cancelAll(new DHTError('REQUEST_DESTROYED'))
    this.#core.endpoint.cancelBinding()
    await this.#then(() => this.#halt(new DHTError('REQUEST_DESTROYED')))
    if (this.#keeper !== null) await this.#keeper.flush()
    this.#settle(new DHTError('NODE_DESTROYED'))
    this.#tell('close')
  }

  /** Runs a step after those before it, whose failures are their callers' business. */
  #then(step: () => Promise<void>): Promise<void> {
    const done = this.#steps.then(step)
    this.#steps = done.catch(() => {})
    return done
  }

  async #begin(): Promise<void> {
    if (this.#core.closed !== null) return
    const loaded = this.#keeper?.load()
    try {
      await this.#open()
    } catch (error) {
      if (this.#core.closed !== null) return
      this.#core.fail(error as DHTError)
      this.#ticker.stop()
      this.#core.client.cancelAll(error as Error)
      this.#settle(error as Error)
      return
    }
    if (loaded !== undefined) await loaded
    await this.#join()
  }

  /** Opens the sockets again; where that fails the node stays suspended, and can be resumed another time. */
  async #reopen(): Promise<void> {
    const core = this.#core
    try {
      await this.#open()
    } catch (error) {
      if (core.closed === null) core.closed = 'suspended'
      await this.#halt(error as DHTError)
      throw error
    }
  }

  async #open(): Promise<void> {
    const core = this.#core
    await core.endpoint.bind()
    if (core.closed !== null) return
    this.#unwatch ??= core.transport.watchInterfaces((interfaces, moved = false) => {
      if (moved) this.#onMoved()
      else this.upkeep.onNetworkChange()
      this.#tell('network-change', interfaces)
      this.#tell('network-update')
    })
    this.#tell('listening')
    core.client.start()
  }

  async #join(): Promise<void> {
    if (this.#core.closed !== null) return
    await join(this.#core)
    if (this.#core.closed !== null || this.bootstrapped) return
    this.bootstrapped = true
    // A table that is still poor is looked after sooner than the beat before foresaw.
    this.#ticker.start()
    this.#tell('ready')
    this.#tell('bootstrap')
    this.#settle(null)
  }

  #expectToJoin(): void {
    this.#joined = new Promise((resolve, reject) => (this.#settleJoined = { resolve, reject }))
    // Whoever waits for it hears of a failure; nobody has to.
    this.#joined.catch(() => {})
  }

  #settle(error: Error | null): void {
    const settle = this.#settleJoined
    this.#settleJoined = null
    if (error === null) settle?.resolve()
    else settle?.reject(error)
  }

  #onTick(slept: boolean): void {
    if (this.#core.closed !== null) return
    if (slept) {
      this.#wakeup()
      if (this.bootstrapped) void this.upkeep.refresh()
    }
    if (!this.bootstrapped) return
    this.upkeep.tick()
    this.#keeper?.tick()
  }

  /** Our sockets have other addresses: whatever we were to others, we are not any more. */
  #onMoved(): void {
    this.#core.endpoint.onMoved()
    this.#wakeup()
    if (this.bootstrapped) void this.upkeep.refresh()
  }

  #createKeeper(): ContactKeeper | null {
    const core = this.#core
    const { contactStore } = core.config
    if (contactStore === null) return null
    return new ContactKeeper(contactStore, core, {
      onLoaded: (contacts) => contacts.forEach(({ host, port }) => core.lookups.remember(host, port)),
      current: () => (core.contacts.table.size === 0 ? null : exportContacts(core)),
      onFailure: (error, operation) => this.#tell('contact-store-error', error, operation),
    })
  }

  #wakeup(): void {
    this.upkeep.wakeup()
    this.#tell('wakeup')
    this.#tell('wake-up')
  }

  async #halt(error: Error): Promise<void> {
    const { client, delayedPings, endpoint } = this.#core
    this.#ticker.stop()
    client.cancelAll(error)
    delayedPings.clear()
    this.#unwatch?.()
    this.#unwatch = null
    await endpoint.close()
  }
}
