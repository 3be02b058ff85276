/**
 * Lookups while nodes come and go: each leaves without notice after a session without memory, and a fresh one joins in
 * its place at once. Only the bootstrapper stays. The same for both implementations.
 */
import { type Distribution, exponential } from '../../lib/simulation/distributions.js'
import type { SubjectName } from '../subject.js'
import type { Member } from './dht-rpc.js'
import { openStage, type Stage } from './stage.js'
import { GRACE_MS, type LookupSample, type RunningLookup, startLookup } from './timed-lookup.js'

export interface ChurnJob {
  network: SubjectName
  seed: number
  nodes: number
  /** Half of the nodes are gone after this time. */
  halfLifeMs: number
  /** Virtual time in which lookups are made. */
  durationMs: number
}

export interface ChurnResult {
  samples: LookupSample[]
  /** Lookups that ended with an error. They have no sample. */
  failed: number
  /** Lookups whose asker left before they were over. They count as nothing. */
  interrupted: number
  /** Nodes that left, and were replaced. */
  leaves: number
}

/** Churn before the first lookup, so that tables hold what they hold under churn. */
const WARM_UP_MS = 10 * 60_000

const LOOKUP_INTERVAL_MS = 10_000

/** Who asks has been there for so long: a node that others use, not one that is still joining. */
const LEAST_STAY_MS = 60_000

/** Measures one network. */
export async function measureChurn({ network, seed, nodes, ...times }: ChurnJob): Promise<ChurnResult> {
  const stage = await openStage({ kind: network, nodes, seed })
  const churning = new ChurningNetwork(stage, network, times.halfLifeMs)
  await churning.advance(WARM_UP_MS)
  const endMs = stage.sim.clock.now() + times.durationMs
  while (stage.sim.clock.now() < endMs) {
    churning.lookUp()
    await churning.advance(LOOKUP_INTERVAL_MS)
    stage.progress(`${Math.round((endMs - stage.sim.clock.now()) / 60_000)} min of network time to go`)
  }
  return churning.end()
}

/** A member and when its session is over. */
interface Session {
  member: Member
  endMs: number
}

interface Running {
  asker: Member
  lookup: RunningLookup
  /** When it was over; NaN before. */
  endedMs: number
}

class ChurningNetwork {
  readonly #stage: Stage
  readonly #kind: SubjectName
  readonly #sessionMs: Distribution
  /** The next to leave comes first. BOUNDED: by the size of the network. */
  readonly #sessions: Session[] = []
  /** When members had joined. BOUNDED: by the size of the network, as who leaves is forgotten. */
  readonly #joinedMs = new Map<Member, number>()
  /** BOUNDED: by the lookups of {@link GRACE_MS} and of their own time. */
  readonly #running = new Set<Running>()
  readonly #result: ChurnResult = { samples: [], failed: 0, interrupted: 0, leaves: 0 }

  constructor(stage: Stage, kind: SubjectName, halfLifeMs: number) {
    this.#stage = stage
    this.#kind = kind
    this.#sessionMs = exponential({ halfLifeMs })
    for (const member of stage.network.members) {
      this.#joinedMs.set(member, this.#now)
      if (member !== stage.bootstrapper) this.#begin(member)
    }
  }

  get #now(): number {
    return this.#stage.sim.clock.now()
  }

  /** Lets virtual time pass, in which nodes come and go. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#now + ms
    for (let next = this.#sessions[0]; next !== undefined && next.endMs <= endMs; next = this.#sessions[0]) {
      await this.#stage.network.advance(next.endMs - this.#now)
      this.#sessions.shift()
      this.#replace(next.member)
    }
    await this.#stage.network.advance(endMs - this.#now)
    this.#collect()
  }

  /** Starts a lookup from a random member that has been there for a while. */
  lookUp(): void {
    const startMs = this.#now
    const { random } = this.#stage
    const settled = [...this.#joinedMs].filter(([, joinedMs]) => joinedMs <= startMs - LEAST_STAY_MS)
    const [asker] = random.pick(settled)
    // Nodes that come or leave meanwhile can be found, or not.
    const lookup = startLookup(this.#stage, asker, random.bytes(32), () => this.#joinedBefore(startMs, asker))
    const running: Running = { asker, lookup, endedMs: NaN }
    this.#running.add(running)
    lookup.ended.then(
      () => (running.endedMs = this.#now),
      () => this.#fail(running),
    )
  }

  /** Waits for the lookups that are still running, and closes the network. */
  async end(): Promise<ChurnResult> {
    while (this.#running.size > 0) await this.advance(LOOKUP_INTERVAL_MS)
    await this.#stage.network.close()
    return this.#result
  }

  #joinedBefore(ms: number, asker: Member): Member[] {
    return [...this.#joinedMs]
      .filter(([member, joinedMs]) => member !== asker && joinedMs <= ms)
      .map(([member]) => member)
  }

  #begin(member: Member): void {
    const session = { member, endMs: this.#now + this.#sessionMs(this.#stage.random) }
    const index = this.#sessions.findIndex(({ endMs }) => endMs > session.endMs)
    this.#sessions.splice(index === -1 ? this.#sessions.length : index, 0, session)
  }

  #replace(member: Member): void {
    const { network } = this.#stage
    for (const running of this.#running) if (running.asker === member) this.#interrupt(running)
    this.#joinedMs.delete(member)
    network.drop(member)
    this.#result.leaves++
    const fresh = network.launch({ kind: this.#kind })
    this.#begin(fresh)
    fresh.node.fullyBootstrapped().then(
      () => this.#noteJoined(fresh),
      // It left before it had joined.
      () => {},
    )
  }

  #noteJoined(member: Member): void {
    if (this.#stage.network.members.includes(member)) this.#joinedMs.set(member, this.#now)
  }

  /** The asker leaves. What was over by then still counts. */
  #interrupt(running: Running): void {
    if (!Number.isNaN(running.endedMs)) return
    this.#running.delete(running)
    running.lookup.forget()
    this.#result.interrupted++
  }

  #fail(running: Running): void {
    if (!this.#running.delete(running)) return
    running.lookup.forget()
    this.#result.failed++
  }

  /** Takes the results of those that have been over for long enough. */
  #collect(): void {
    for (const running of this.#running) {
      if (!(this.#now - running.endedMs >= GRACE_MS)) continue
      this.#running.delete(running)
      this.#result.samples.push(running.lookup.result())
    }
  }
}
