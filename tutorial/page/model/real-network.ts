/**
 * A real network, as one node of it sees it: ours. The node runs in this tab; its datagrams go through a gateway, as a
 * browser has no UDP. What can be seen are the nodes that it knows, and those that its lookups meet.
 */
import type { DHTOptions, GatewayOptions, GatewayStatus } from 'xorpc'
import type { RealNetworkOptions } from './actions.js'
import { EventLog } from './event-log.js'
import type { ConnectionView, Frame, NodeView } from './frame.js'
import { joinTrace } from './join-trace.js'
import { shortId } from './keyspace.js'
import { Lookups } from './lookups.js'
import { detailsOf } from './node-details.js'
import { idOf } from './roster.js'
import { Sampler } from './samples.js'
import { GET, PUT, toHex, TutorialNode } from './tutorial-node.js'

/** Nodes met in lookups that stay in the picture. */
const MAX_MET = 1000

/** A page does not stay for 20 minutes: a node of its own that can be reached is of use to the others before. */
const STABLE_AFTER_MS = 30_000

type RealFrame = Omit<Frame, 'epoch' | 'selected' | 'console' | 'running'>

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class RealNetwork {
  readonly ownKey = 1
  readonly log: EventLog
  readonly node: TutorialNode
  readonly #lookups: Lookups
  readonly #now: () => number
  readonly #startedAt: number
  readonly #sampler: Sampler
  /** By address; ourselves are none of them. BOUNDED: by MAX_MET. */
  readonly #met = new Map<string, NodeView>()
  /** What the page was told, by number. BOUNDED: as #met, and ourselves. */
  readonly #told = new Map<number, string>()
  readonly #removed: number[] = []
  #count = 1
  #hasJoined = false
  #hasGateway = false
  /** Why the gateway is lost, in words; empty: it is not. */
  #lostBecause = ''
  readonly #connection: ConnectionView

  /** @throws TypeError or RangeError for a gateway or a bootstrap node that is none */
  constructor({ gateway, bootstrap }: RealNetworkOptions, now: () => number) {
    this.#now = now
    this.#startedAt = now()
    this.log = new EventLog(() => this.#age())
    this.#lookups = new Lookups({ nameOf: () => 'this tab', tell: (text, level) => this.log.add(text, level) })
    const urls = words(gateway)
    if (urls.length === 0) throw new TypeError('a browser has no UDP: give the URL of a gateway')
    const places = words(bootstrap)
    const options: DHTOptions & { gateway: GatewayOptions } = {
      gateway: { url: urls, onStatus: (status) => this.#onGateway(status) },
      ...(places.length === 0 ? {} : { bootstrap: places }),
      stableAfterMs: STABLE_AFTER_MS,
      trace: joinTrace(this.#lookups, () => this.node),
    }
    this.node = new TutorialNode(options)
    this.node.watch = this.#lookups.watch
    this.#connection = { state: 'connecting', gateway: urls.join(' '), message: 'connecting to the gateway' }
    this.#sampler = new Sampler(0, this.#counters())
    this.#listen()
  }

  /** Joins. Does not reject: how it went is part of the frames. */
  async start(): Promise<void> {
    const { node } = this
    try {
      await node.bind()
      this.#tell('connecting', 'the gateway gave this tab a UDP port; joining')
      await node.fullyBootstrapped()
      this.#hasJoined = true
      this.#tellHowItIs()
    } catch (error) {
      if (!node.destroyed) this.#tell('failed', error instanceof Error ? error.message : String(error))
    }
  }

  destroy(): Promise<void> {
    return this.node.destroy()
  }

  async lookup(target: Uint8Array): Promise<void> {
    await this.node.findNode(target).finished()
  }

  async put(target: Uint8Array, value: string): Promise<void> {
    const query = this.node.query({ target, command: PUT, value: encoder.encode(value) }, { commit: true })
    await query.finished()
  }

  async get(target: Uint8Array): Promise<string | null> {
    for await (const { value } of this.node.query({ target, command: GET })) {
      if (value !== null) return decoder.decode(value)
    }
    return null
  }

  /** What has changed since the last frame. @param isSlowPart time for what changes all the time */
  frame(selected: number | null, isSlowPart: boolean): RealFrame {
    const lookup = this.#lookups.take()
    if (lookup !== null) {
      const met = [...lookup.closest, ...lookup.waiting, ...lookup.frontier]
      for (const { host, port, id } of met) this.#meet(host, port, id)
    }
    if (isSlowPart) for (const { host, port, id } of this.node.table.toArray()) this.#meet(host, port, toHex(id))
    const age = this.#age()
    if (this.#sampler.isDue(age)) this.#sampler.add(age, this.#counters())
    const { datagrams } = this.node.stats
    const own = this.node.ephemeral ? 0 : 1
    return {
      kind: 'real',
      clock: { nowMs: age, paused: false, speed: 1, hurrying: false, keptUp: 1 },
      task: null,
      ...this.#takeChanges(),
      details: isSlowPart && selected === this.ownKey ? detailsOf(this.ownKey, this.node) : null,
      lookup,
      record: null,
      flights: [],
      log: this.log.take(),
      numbers: isSlowPart
        ? {
            nodes: this.#met.size + 1,
            persistent: this.#met.size + own,
            ephemeral: 1 - own,
            firewalled: this.node.firewalled ? 1 : 0,
            dead: 0,
            sent: datagrams.sent,
            delivered: datagrams.received,
            lost: [],
            lookups: this.#lookups.finished,
            meanLookupMs: this.#lookups.meanMs,
            meanRequests: this.#lookups.meanRequests,
          }
        : null,
      samples: this.#sampler.take(),
      loss: 0,
      cut: false,
      connection: { ...this.#connection },
    }
  }

  #listen(): void {
    const { node } = this
    node.on('persistent', () => this.log.add(`this tab is persistent: its id is ${shortId(idOf(node))}`, 'notice'))
    node.on('ephemeral', () => this.log.add('this tab is ephemeral again', 'notice'))
    node.on('nat-update', (host, port) => {
      if (host !== null) this.log.add(`others see this tab at ${host}:${port || '…'}`)
    })
    node.on('network-update', () => {
      if (this.#hasJoined) this.#tellHowItIs()
    })
  }

  #onGateway({ state, reason, url }: GatewayStatus): void {
    this.#hasGateway = state === 'open'
    if (state === 'open') this.#lostBecause = ''
    else if (reason !== '') this.#lostBecause = reason
    if (this.#hasJoined) this.#tellHowItIs()
    else if (state === 'waiting') this.#tell('connecting', `no connection to ${url}: ${reason}; trying again`)
  }

  /** What holds since it has joined, until it changes. */
  #tellHowItIs(): void {
    const { size } = this.node.table
    if (!this.#hasGateway) {
      const why = this.#lostBecause === '' ? '' : `: ${this.#lostBecause}`
      this.#tell('failed', `the gateway is lost${why}; looking for it again`)
    } else if (size === 0) this.#tell('failed', 'connected to the gateway, but no bootstrap node answers')
    else if (!this.node.online) this.#tell('failed', 'connected to the gateway, but nobody answers')
    else this.#tell('connected', `this tab is a node, and knows ${size} others`)
  }

  #tell(state: ConnectionView['state'], message: string): void {
    if (this.#connection.state === state && this.#connection.message === message) return
    this.#connection.state = state
    this.#connection.message = message
    this.log.add(message, state === 'failed' ? 'error' : 'notice')
  }

  #meet(host: string, port: number, id: string): void {
    const address = `${host}:${port}`
    const known = this.#met.get(address)
    if (known !== undefined) {
      // Those met lately stay longest.
      this.#met.delete(address)
      this.#met.set(address, known)
      return
    }
    const key = ++this.#count
    const view = { key, role: 'node', id, host, port, up: true, persistent: true, nat: 'open', side: 0 } as const
    this.#met.set(address, { ...view, holds: false })
    if (this.#met.size <= MAX_MET) return
    const [oldest, { key: gone }] = this.#met.entries().next().value!
    this.#met.delete(oldest)
    this.#told.delete(gone)
    this.#removed.push(gone)
  }

  #takeChanges(): { changed: NodeView[]; removed: number[] } {
    const holders = new Set(
      this.#lookups.story
        ?.view()
        .closest.filter(({ commit, hasValue }) => hasValue || commit === 'accepted')
        .map(({ host, port }) => `${host}:${port}`),
    )
    const changed: NodeView[] = []
    for (const view of [this.#self(), ...this.#met.values()]) {
      view.holds = holders.has(`${view.host}:${view.port}`)
      const text = `${view.id} ${view.persistent} ${view.holds} ${view.host}:${view.port}`
      if (this.#told.get(view.key) === text) continue
      this.#told.set(view.key, text)
      changed.push({ ...view })
    }
    return { changed, removed: this.#removed.splice(0) }
  }

  #self(): NodeView {
    const { node } = this
    return {
      key: this.ownKey,
      role: 'self',
      id: idOf(node),
      host: node.host ?? '',
      port: node.port,
      up: !node.destroyed,
      persistent: !node.ephemeral,
      nat: 'open',
      side: 0,
      holds: false,
    }
  }

  #counters() {
    const { datagrams } = this.node.stats
    const persistent = this.node.table.size + (this.node.ephemeral ? 0 : 1)
    return { sent: datagrams.sent + datagrams.received, lost: 0, nodes: this.#met.size + 1, persistent }
  }

  #age(): number {
    return this.#now() - this.#startedAt
  }
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}
