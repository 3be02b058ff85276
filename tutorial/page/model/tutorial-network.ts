/**
 * The simulated network of the page: real nodes on a simulated wire, and everything that can be done to them. Knows
 * nothing of the page.
 *
 * Nothing in here runs by itself: time passes when the engine lets it. A network that is not wanted any more is just
 * dropped, as it holds no timer, socket or listener of the real world; `closed` tells those who still wait for it.
 */
import type { DHTOptions } from 'xorpc'
import { type NatKind, Simulation } from 'xorpc/simulation'
import { EventLog } from './event-log.js'
import { type Flight, MAX_NODES, type NetworkNumbers, type NodeRole } from './frame.js'
import { joinTrace } from './join-trace.js'
import { shortId } from './keyspace.js'
import { Lookups } from './lookups.js'
import { RecordKeeping } from './record-keeping.js'
import { idOf, isUp, type Member, Roster } from './roster.js'
import { type Counters, Sampler } from './samples.js'
import { GET, PUT, TutorialNode } from './tutorial-node.js'

/** The same numbers every time, so that the chapters can say what happens. */
const SEED = 7

const BOOTSTRAP_PORT = 49737

/** Nodes that join at a time: as many, but no more than a quarter of those there are. */
const LEAST_WAVE = 10
const WAVE_SHARE = 0.25

/** Dead nodes stay in the picture for a while. */
const DEAD_SHOWN = 60

/** Datagrams between two frames that are drawn; more are a blur. */
const MAX_FLIGHTS = 150

/** Time a node that is watched waits until it is persistent; in reality 20 minutes. */
const WATCHED_STABLE_MS = 15_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class NetworkClosedError extends Error {
  override readonly name = 'NetworkClosedError'
  constructor() {
    super('this network was replaced by another one')
  }
}

export interface StartOptions extends DHTOptions {
  nat?: NatKind
  /** Shows the lookup by which it joins. Default false. */
  showJoin?: boolean
}

export class TutorialNetwork {
  readonly sim: Simulation
  readonly roster = new Roster()
  readonly log: EventLog
  readonly lookups: Lookups
  /** Rejects when the network is replaced. */
  readonly closed: Promise<never>
  readonly sampler: Sampler
  readonly records: RecordKeeping
  /** Whether datagrams are noted for the picture. */
  flightsWanted = false
  loss = 0
  cut = false
  #flights: Flight[] = []
  /** Lookups there were when a record was shown. */
  #lookupsAtRecord = -1
  readonly #dead: Member[] = []
  readonly #bootstrap: { host: string; port: number }[] = []
  #close!: (error: Error) => void

  constructor(seed: number = SEED) {
    this.sim = new Simulation({ seed })
    this.log = new EventLog(() => this.sim.clock.now())
    this.lookups = new Lookups({
      nameOf: (node) => this.nameOf(node),
      tell: (text, level) => this.log.add(text, level),
    })
    this.records = new RecordKeeping({
      members: () => this.roster.all(),
      nowMs: () => this.sim.clock.now(),
      wallTimeMs: () => this.sim.clock.wallTime(),
      tell: (text) => this.log.add(text),
    })
    this.closed = new Promise((_, reject) => (this.#close = reject))
    this.closed.catch(() => {})
    this.sampler = new Sampler(0, this.#counters())
    this.sim.network.tap = ({ fromHost, toHost }) => void (this.flightsWanted && this.#note(fromHost, toHost))
  }

  /** Ends it for those who wait. Idempotent. */
  close(): void {
    this.#close(new NetworkClosedError())
  }

  /** A promise of this network, which may never be settled once the network is replaced. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.closed])
  }

  /** What people call a node. */
  nameOf(node: TutorialNode): string {
    const member = this.roster.of(node)
    return member === undefined ? 'a node' : nameOf(member)
  }

  /** A node that others join through. The first node makes one by itself. */
  bootstrapper(): Member {
    const host = this.sim.createHost()
    const create = (options: DHTOptions) => TutorialNode.bootstrapper(BOOTSTRAP_PORT, host.address, options)
    const node = this.sim.createNode({ bootstrap: [] }, { host, create })
    this.#bootstrap.push({ host: host.address, port: BOOTSTRAP_PORT })
    return this.#enter(node, 'bootstrapper')
  }

  /** A node that has not joined yet. @throws RangeError when there are too many */
  createNode({ nat = 'open', showJoin = false, ...options }: StartOptions = {}): Member {
    this.#checkRoom(1)
    if (this.#bootstrap.length === 0 && options.bootstrap === undefined) this.bootstrapper()
    const create = (all: DHTOptions) => new TutorialNode(all)
    const trace = showJoin ? joinTrace(this.lookups, () => member.node) : undefined
    const all = { bootstrap: this.#bootstrap.slice(), trace, ...options }
    const member: Member = this.#enter(this.sim.createNode(all, { nat, create }), 'node')
    return member
  }

  /**
   * Adds nodes, in waves, and waits until they have joined.
   *
   * @param onProgress called with the number of those that have joined
   * @throws RangeError when there would be too many
   */
  async grow(count: number, options: StartOptions = {}, onProgress?: (joined: number) => void): Promise<Member[]> {
    if (!(count >= 0)) throw new RangeError(`count must be a number of nodes, got ${count}`)
    this.#checkRoom(count)
    const members: Member[] = []
    while (members.length < count) {
      const size = Math.max(LEAST_WAVE, Math.floor(this.roster.size * WAVE_SHARE))
      const wave: Member[] = []
      while (wave.length < size && members.length + wave.length < count) {
        wave.push(this.createNode({ ephemeral: false, ...options }))
      }
      members.push(...wave)
      await this.wait(Promise.all(wave.map(({ node }) => joined(node))))
      onProgress?.(members.length)
    }
    return members
  }

  /** A node that starts as anybody's would, and becomes persistent soon rather than after 20 minutes. */
  watchedNode(nat: NatKind = 'open'): Member {
    const member = this.createNode({ stableAfterMs: WATCHED_STABLE_MS, nat, showJoin: true })
    const { node } = member
    const name = nameOf(member)
    node.on('nat-update', (host, port) => {
      if (host !== null) this.log.add(`others see ${name} at ${host}:${port || '…'}`)
    })
    node.on('persistent', () => this.log.add(`${name} is persistent: its id is ${shortId(idOf(node))}`, 'notice'))
    return member
  }

  /** Stops a machine, without a word to anybody. */
  kill(members: Iterable<Member>): void {
    for (const member of members) {
      if (!isUp(member)) continue
      member.host.kill()
      this.#dead.push(member)
      this.log.add(`${nameOf(member)} dies`)
    }
    while (this.#dead.length > DEAD_SHOWN) this.#forget(this.#dead.shift()!)
  }

  revive(member: Member): void {
    const index = this.#dead.indexOf(member)
    if (index === -1) return
    this.#dead.splice(index, 1)
    member.host.revive()
    this.log.add(`${nameOf(member)} is back`)
  }

  /** Up to `count` living nodes by chance, bootstrappers excluded. */
  pick(count: number): Member[] {
    return this.sim.random.sample(
      this.roster.living().filter(({ role }) => role === 'node'),
      count,
    )
  }

  /** Puts something between a machine and the network. */
  setNat(members: Iterable<Member>, nat: NatKind): void {
    for (const member of members) {
      member.host.setNat(nat)
      this.log.add(`${nameOf(member)}: ${nat === 'open' ? 'no firewall' : nat} from now on`)
    }
  }

  /** Cuts the network in two halves, by chance. */
  cutInTwo(): void {
    const living = this.roster.living()
    const away = this.sim.random.sample(living, Math.floor(living.length / 2))
    for (const member of this.roster.all()) member.side = 0
    for (const member of away) member.side = 1
    this.sim.network.partition(away.map(({ host }) => host))
    this.cut = true
    this.log.add('the network is cut in two: nothing passes between the halves', 'notice')
  }

  heal(): void {
    for (const member of this.roster.all()) member.side = 0
    this.sim.network.heal()
    this.cut = false
    this.log.add('the network is whole again', 'notice')
  }

  /** @param share of all datagrams, from 0 to 1 @throws RangeError */
  setLoss(share: number): void {
    this.sim.network.configure({ loss: share })
    this.loss = share
    this.log.add(`${Math.round(100 * share)} % of the datagrams are lost`)
  }

  /** Looks for the closest nodes to a target. @returns whether it came to a natural end */
  async lookup({ node }: Member, target: Uint8Array): Promise<boolean> {
    return this.wait(ended(node.findNode(target).finished()))
  }

  /** Writes a value to the closest nodes. @returns how many took it */
  async put({ node }: Member, target: Uint8Array, text: string): Promise<number> {
    const query = node.query({ target, command: PUT, value: encoder.encode(text) }, { commit: true })
    await this.wait(ended(query.finished()))
    return query.commits.filter(({ ok }) => ok).length
  }

  /** Reads a value: the first one that somebody has. @returns null where nobody has any */
  async get({ node }: Member, target: Uint8Array): Promise<string | null> {
    const read = async (): Promise<string | null> => {
      for await (const { value } of node.query({ target, command: GET })) {
        if (value !== null) return decoder.decode(value)
      }
      return null
    }
    return this.wait(read())
  }

  /** Writes the next version of a record. @returns how many took it */
  async putRecord(member: Member, name: string, text: string): Promise<number> {
    return this.#ofRecord(this.records.put(member, name, encoder.encode(text)))
  }

  /** @returns how many nodes took the tombstone */
  async deleteRecord(member: Member, name: string): Promise<number> {
    return this.#ofRecord(this.records.delete(member, name))
  }

  /** Nodes that are shown as holders: of the record that was written last, or of the value of the lookup since. */
  get shown(): { target: string; record: Uint8Array | null } {
    const isRecord = this.records.target !== null && this.lookups.count === this.#lookupsAtRecord
    return isRecord ? { target: '', record: this.records.target } : { target: this.lookups.target, record: null }
  }

  /** Shows a record, until the next lookup. */
  showRecord(name: string, publicKey: Uint8Array): void {
    this.records.start()
    this.records.watch(name, publicKey)
    this.#lookupsAtRecord = this.lookups.count
  }

  async #ofRecord(work: Promise<number>): Promise<number> {
    try {
      return await this.wait(work)
    } finally {
      this.#lookupsAtRecord = this.lookups.count
    }
  }

  /** The living nodes that hold a value for the target. @param target 64 hexadecimal digits */
  holders(target: string): Member[] {
    return this.roster.living().filter(({ node }) => node.values.has(target))
  }

  /** Datagrams sent since the last call, as far as they are drawn. */
  takeFlights(): Flight[] {
    const flights = this.#flights
    this.#flights = []
    return flights
  }

  numbers(): NetworkNumbers {
    const { stats } = this.sim.network
    const members = this.roster.all()
    const living = members.filter(isUp)
    const persistent = living.filter(({ node }) => !node.ephemeral).length
    return {
      nodes: living.length,
      persistent,
      ephemeral: living.length - persistent,
      firewalled: living.filter(({ host }) => host.nat !== null).length,
      dead: members.length - living.length,
      sent: stats.sent,
      delivered: stats.delivered,
      lost: Object.entries(stats.lost).map(([reason, count]) => ({ reason, count })),
      lookups: this.lookups.finished,
      meanLookupMs: this.lookups.meanMs,
      meanRequests: this.lookups.meanRequests,
    }
  }

  /** Takes a point for the charts, if it is time. */
  sample(): void {
    const now = this.sim.clock.now()
    if (this.sampler.isDue(now)) this.sampler.add(now, this.#counters())
  }

  #counters(): Counters {
    const { stats } = this.sim.network
    const living = this.roster.living()
    return {
      sent: stats.sent,
      lost: Object.values(stats.lost).reduce((sum, count) => sum + count, 0),
      nodes: living.length,
      persistent: living.filter(({ node }) => !node.ephemeral).length,
    }
  }

  #enter(node: TutorialNode, role: NodeRole): Member {
    node.watch = this.lookups.watch
    const member = this.roster.add(node, this.sim.hostOf(node), role)
    this.records.enter(member)
    return member
  }

  #forget(member: Member): void {
    this.sim.remove(member.node)
    this.roster.remove(member)
  }

  #checkRoom(count: number): void {
    if (this.roster.size + count > MAX_NODES) throw new RangeError(`this page has room for ${MAX_NODES} nodes`)
  }

  #note(fromHost: string, toHost: string): void {
    if (this.#flights.length >= MAX_FLIGHTS) return
    const from = this.roster.atAddress(fromHost)
    const to = this.roster.atAddress(toHost)
    if (from === undefined || to === undefined) return
    const tookMs = this.sim.network.oneWayMs(from.host, to.host)
    this.#flights.push({ fromKey: from.key, toKey: to.key, sentAtMs: this.sim.clock.now(), tookMs })
  }
}

export function nameOf({ key, role }: Member): string {
  return role === 'bootstrapper' ? `bootstrapper ${key}` : `node ${key}`
}

/** Joined, or ended before: whoever adds many nodes waits for either. */
async function joined(node: TutorialNode): Promise<void> {
  try {
    await node.fullyBootstrapped()
  } catch (error) {
    if (!node.destroyed) throw error
  }
}

/** Whether it ended well. A query that nobody answered is no exception to the page: the picture shows it. */
async function ended(finished: Promise<unknown>): Promise<boolean> {
  try {
    await finished
    return true
  } catch {
    return false
  }
}
