/**
 * Everything behind the page: the simulated network with its clock, or the real one, and the visitor's code. Takes
 * actions, gives frames; both are plain data. Knows no document, so that it runs in a worker, and in Node.js for tests.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import type { NatKind } from 'xorpc/simulation'
import { type CodeHost, createCodeApi } from '../code/code-api.js'
import { CodeRunner } from '../code/code-runner.js'
import type { Action, ActionName, Actions } from './actions.js'
import { Engine } from './engine.js'
import type { ConnectionView, Frame, NodeDetails, RecordView, Task } from './frame.js'
import { detailsOf } from './node-details.js'
import { RealNetwork } from './real-network.js'
import { isUp, type Member } from './roster.js'
import { NetworkClosedError, TutorialNetwork } from './tutorial-network.js'

/** Real time between two looks at what changes all the time. */
const SLOW_PART_MS = 200

/** Nodes whose changes are told of at once; of more, now and then, as there is much to compare and to draw. */
const MANY_NODES = 300

export interface PageModelOptions {
  /** Monotonic real milliseconds. */
  now: () => number
}

/** How actions are done; some take their time. */
type Doing = { [Name in ActionName]: (...args: Parameters<Actions[Name]>) => unknown }

const encoder = new TextEncoder()

export class PageModel implements CodeHost {
  readonly #now: () => number
  readonly #engine: Engine
  readonly #runner = new CodeRunner()
  readonly #actions: Doing
  #network = new TutorialNetwork()
  #real: RealNetwork | null = null
  /** The real network that could not even be tried; told until the next attempt. */
  #refused: ConnectionView | null = null
  #epoch = 1
  #task: Task | null = null
  #selected: number | null = null
  #slowPartAt = 0
  #version = 0

  constructor({ now }: PageModelOptions) {
    this.#now = now
    this.#engine = new Engine({ now })
    this.#actions = this.#createActions()
  }

  get network(): TutorialNetwork {
    return this.#network
  }

  /** Does what the page asks for. What goes wrong is told in the log. */
  async act({ name, args }: Action): Promise<void> {
    this.#version++
    try {
      await (this.#actions[name] as (...args: unknown[]) => unknown)(...args)
    } catch (error) {
      if (error instanceof NetworkClosedError) return
      this.#log(error instanceof Error ? error.message : String(error), 'error')
    }
  }

  /**
   * Lets time pass.
   * @param budgetMs real time it may take
   * @returns false where there was nothing to do
   */
  async slice(budgetMs: number): Promise<boolean> {
    if (this.#real !== null) return false
    const network = this.#network
    const version = () => this.#version + (network.lookups.story?.version ?? 0) + network.sim.network.stats.delivered
    const ran = await this.#engine.slice(network.sim.clock, budgetMs, version)
    network.sample()
    return ran
  }

  /** What has changed since the last frame. */
  frame(): Frame {
    const now = this.#now()
    const isSlowPart = now - this.#slowPartAt >= SLOW_PART_MS
    if (isSlowPart) this.#slowPartAt = now
    const common = {
      epoch: this.#epoch,
      selected: this.#selected,
      console: this.#runner.take(),
      running: this.#runner.running,
    }
    if (this.#real !== null) return { ...common, ...this.#real.frame(this.#selected, isSlowPart) }
    const network = this.#network
    const isDue = isSlowPart || network.roster.size < MANY_NODES
    return {
      ...common,
      ...(isDue ? network.roster.takeChanges(network.shown) : { changed: [], removed: [] }),
      kind: 'simulated',
      clock: this.#engine.view(network.sim.clock),
      task: this.#task,
      details: isSlowPart ? this.#details() : null,
      lookup: network.lookups.take(),
      record: isSlowPart ? this.#record() : null,
      flights: network.takeFlights(),
      log: network.log.take(),
      numbers: isSlowPart ? network.numbers() : null,
      samples: network.sampler.take(),
      loss: network.loss,
      cut: network.cut,
      connection: this.#refused,
    }
  }

  async startOver(count: number): Promise<void> {
    this.#network.close()
    const { flightsWanted } = this.#network
    this.#network = new TutorialNetwork()
    this.#network.flightsWanted = flightsWanted
    this.#epoch++
    this.#selected = null
    this.#task = null
    this.#refused = null
    if (count === 0) return
    const { node } = this.#network.bootstrapper()
    await this.hurry(node.fullyBootstrapped())
    await this.grow(count - 1)
  }

  async grow(count: number, nat: NatKind = 'open'): Promise<Member[]> {
    const task: Task = { label: 'nodes join', done: 0, total: count }
    if (count > 1) this.#task = task
    try {
      return await this.hurry(this.#network.grow(count, { nat }, (joined) => (task.done = joined)))
    } finally {
      if (this.#task === task) this.#task = null
    }
  }

  hurry<T>(work: Promise<T>): Promise<T> {
    return this.#engine.pace.hurry(work)
  }

  setSpeed(speed: number): void {
    this.#engine.pace.speed = speed
  }

  select(key: number | null): void {
    this.#selected = key
    this.#slowPartAt = 0
  }

  /** Ends what is connected to the real world. Idempotent. */
  async destroy(): Promise<void> {
    this.#runner.stop()
    this.#network.close()
    await this.#real?.destroy()
    this.#real = null
  }

  #createActions(): Doing {
    const { pace } = this.#engine
    return {
      pause: (paused) => void (pace.paused = paused),
      speed: (speed) => this.setSpeed(speed),
      step: () => this.#engine.step(),
      flights: (wanted) => void (this.#network.flightsWanted = wanted),
      select: (key) => this.select(key),
      startOver: (count) => {
        this.#runner.stop()
        return this.startOver(count)
      },
      add: (count, nat) => this.grow(count, nat),
      watchNode: (nat) => this.select(this.#network.watchedNode(nat).key),
      killSome: (count) => this.#network.kill(this.#network.pick(count)),
      firewallSome: (count) => this.#network.setNat(this.#network.pick(count), 'firewalled'),
      kill: (key) => this.#network.kill([this.#member(key)]),
      revive: (key) => this.#network.revive(this.#member(key)),
      setNat: (key, nat) => this.#network.setNat([this.#member(key)], nat),
      cut: () => this.#network.cutInTwo(),
      heal: () => this.#network.heal(),
      loss: (share) => this.#network.setLoss(share),
      lookup: (key, text) => this.#ask(key, text, (asker, target) => asker.lookup(target)),
      put: (key, text, value) => this.#ask(key, text, (asker, target) => asker.put(target, value)),
      get: (key, text) => this.#ask(key, text, (asker, target) => asker.get(target)),
      putRecord: (key, name, value) => this.#network.putRecord(this.#writer(key), name, value),
      deleteRecord: (key, name) => this.#network.deleteRecord(this.#writer(key), name),
      killHolders: (count) => this.#network.kill(this.#network.records.holders().slice(0, count)),
      run: (code) => this.#run(code),
      stop: () => this.#runner.stop(),
      connect: (options) => this.#connect(options),
      disconnect: () => this.#disconnect(),
    }
  }

  async #run(code: string): Promise<void> {
    if (this.#real !== null) throw new Error('code runs in the simulated network: switch back to it first')
    this.#engine.pace.paused = false
    await this.#runner.run(code, createCodeApi(this))
  }

  async #ask(key: number | null, text: string, how: (asker: Asker, target: Uint8Array) => Promise<unknown>) {
    const target = sha256(encoder.encode(text))
    await how(this.#real ?? this.#asker(key), target)
  }

  /** The chosen node, or any. */
  #writer(key: number | null): Member {
    const network = this.#network
    const chosen = key === null ? undefined : network.roster.get(key)
    const member = chosen !== undefined && isUp(chosen) ? chosen : (network.pick(1)[0] ?? network.roster.living()[0])
    if (member === undefined) throw new Error('there is no node that could ask: add some')
    return member
  }

  /** A simulated node that asks. */
  #asker(key: number | null): Asker {
    const network = this.#network
    const member = this.#writer(key)
    return {
      lookup: (target) => network.lookup(member, target),
      put: (target, value) => network.put(member, target, value),
      get: (target) => network.get(member, target),
    }
  }

  async #connect(options: Parameters<Actions['connect']>[0]): Promise<void> {
    this.#runner.stop()
    await this.#disconnect()
    this.#refused = null
    let real
    try {
      real = new RealNetwork(options, this.#now)
    } catch (error) {
      this.#refused = { state: 'failed', gateway: options.gateway, message: (error as Error).message }
      throw error
    }
    this.#epoch++
    this.#real = real
    this.#selected = real.ownKey
    await real.start()
  }

  async #disconnect(): Promise<void> {
    const real = this.#real
    this.#refused = null
    if (real === null) return
    this.#real = null
    this.#epoch++
    this.#selected = null
    this.#network.roster.forgetTold()
    await real.destroy()
  }

  /** As of the last look; the next one begins. */
  #record(): RecordView | null {
    void this.#network.records.look()
    return this.#network.records.view()
  }

  #details(): NodeDetails | null {
    const member = this.#selected === null ? undefined : this.#network.roster.get(this.#selected)
    return member === undefined ? null : detailsOf(member.key, member.node)
  }

  #member(key: number): Member {
    const member = this.#network.roster.get(key)
    if (member === undefined) throw new Error(`node ${key} is gone`)
    return member
  }

  #log(text: string, level: 'error'): void {
    const log = this.#real?.log ?? this.#network.log
    log.add(text, level)
  }
}

/** Who can look up, write and read: a simulated node, or ourselves in a real network. */
export interface Asker {
  lookup: (target: Uint8Array) => Promise<unknown>
  put: (target: Uint8Array, value: string) => Promise<unknown>
  get: (target: Uint8Array) => Promise<unknown>
}
