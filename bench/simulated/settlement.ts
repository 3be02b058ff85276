/**
 * Calls of every kind on nodes that are aborted, suspended, resumed and destroyed meanwhile, in a network that loses
 * datagrams and whose nodes are dead in part: whether each call settles, when, and what is left behind.
 */
import type { DHT } from '../../lib/node/dht.js'
import type { Session } from '../../lib/node/session.js'
import type { AbortSignalLike } from '../../lib/primitives/signal.js'
import { type SimulatedHost, Simulation } from '../../lib/simulation/index.js'
import { SeededRandom } from '../../lib/simulation/seeded-random.js'
import type { DatagramSocket, OnDatagram, Transport } from '../../lib/transport/contract.js'

export const CALLS = [
  'request',
  'ping',
  'delayedPing',
  'query',
  'query, commit',
  'findNode',
  'findNode, 4 paths',
  'session.request',
  'session.ping',
  'session.findNode',
  'refresh',
  'bind',
  'fullyBootstrapped',
  'rttStats',
  'suspend',
  'resume',
  'destroy',
] as const
export type Call = (typeof CALLS)[number]

export interface SettlementJob {
  seed: number
  /** Of the other nodes, 0 to 1. */
  dead: number
  /** Of all datagrams, 0 to 1. */
  loss: number
  calls: number
}

/** What became of the calls of one kind. */
export interface Settled {
  calls: number
  /** By outcome: `ok`, or the code of the error. */
  outcomes: Record<string, number>
  slowestMs: number
}

export interface SettlementResult {
  byCall: Record<Call, Settled>
  /** Texts that say what is wrong; none when all is well. */
  problems: string[]
}

/** The other nodes of the network. */
const NODES = 40

/** Calls on one node, within so much time; what it is asked for later, its destruction ends. */
const CALLS_PER_NODE = 40
const SPAN_MS = 20_000

/** After that nothing of a destroyed node may be on its way. */
const GRACE_MS = 10_000

/** Calls that no limit of their own ends. A commit may wait for dead nodes after a lookup has. */
const LONGEST_MS = 120_000

/** How often a call has a limit, of so many. */
const LIMITED = { deadline: 4, signal: 4 }
const LONGEST_LIMIT_MS = 5000

const STREAM = 2 ** 21

/** Errors that a call may end with. Others are problems. */
const EXPECTED = new Set([
  'AbortError',
  'REQUEST_TIMEOUT',
  'REQUEST_DESTROYED',
  'DEADLINE_EXCEEDED',
  'IO_SUSPENDED',
  'NODE_DESTROYED',
  'TOO_FEW_NODES',
  'COMMIT_FAILED',
  'TOKEN_REQUIRED',
])

/** Runs one network. Same job, same result. */
export async function measureSettlement(job: SettlementJob): Promise<SettlementResult> {
  const run = new SettlementRun(job)
  await run.all()
  return run.result
}

class SettlementRun {
  readonly result: SettlementResult
  readonly #job: SettlementJob
  readonly #sim: Simulation
  readonly #random: SeededRandom
  #others: DHT[] = []
  #made = 0

  constructor(job: SettlementJob) {
    this.#job = job
    this.#sim = new Simulation({ seed: job.seed, network: { loss: job.loss } })
    this.#random = new SeededRandom(job.seed, STREAM)
    const none = (): Settled => ({ calls: 0, outcomes: {}, slowestMs: 0 })
    this.result = {
      byCall: Object.fromEntries(CALLS.map((call) => [call, none()])) as Record<Call, Settled>,
      problems: [],
    }
  }

  async all(): Promise<void> {
    const { calls, dead } = this.#job
    const sim = this.#sim
    this.#others = await sim.startNodes(NODES)
    for (const node of this.#others) {
      node.on('request', (req) => {
        if (req.command % 3 > 0) req.reply(req.value)
      })
    }
    for (const node of this.#random.sample(this.#others, Math.round(dead * NODES))) sim.hostOf(node).kill()
    for (let done = 0; done < calls; done += CALLS_PER_NODE) {
      await this.#onOneNode(Math.min(CALLS_PER_NODE, calls - done))
    }
    const books = this.#others.map((node) => unaccounted(node))
    if (books.some((off) => off !== 0)) this.#problem(`datagrams unaccounted for: ${books.join(' ')}`)
    await sim.destroy()
    await sim.advance(GRACE_MS)
    if (sim.clock.pending > 0) this.#problem(`${sim.clock.pending} events on the clock`)
  }

  async #onOneNode(calls: number): Promise<void> {
    const sim = this.#sim
    const random = this.#random
    const host = sim.createHost()
    const sockets = { open: 0 }
    const node = sim.createNode({ ephemeral: random.below(2) === 0, transport: countSockets(host, sockets) }, { host })
    const subject: Subject = { node, session: node.session(), signals: [], open: new Set() }
    const times = Array.from({ length: calls }, () => random.below(SPAN_MS)).sort((a, b) => a - b)
    const startedAt = sim.clock.now()
    for (const [i, at] of times.entries()) {
      await sim.advance(Math.max(0, startedAt + at - sim.clock.now()))
      // The last of all is one that ends the others; few others do before.
      const last = i === calls - 1
      this.#call(subject, last ? 'destroy' : this.#pick())
    }
    await sim.run(node.destroy())
    await sim.advance(GRACE_MS)
    this.#inspect(subject, sockets.open)
    sim.remove(node)
  }

  #pick(): Call {
    const call = this.#random.pick(CALLS)
    // A node that is gone, or sleeps, has little to show.
    if (call === 'destroy' && this.#random.below(8) > 0) return 'request'
    return call === 'suspend' && this.#random.below(3) > 0 ? 'resume' : call
  }

  #inspect({ node, signals, open }: Subject, sockets: number): void {
    for (const text of open) this.#problem(`did not settle: ${text}`)
    const { requests, queries } = node.stats
    const listeners = signals.reduce((sum, signal) => sum + signal.listeners, 0)
    const left = {
      requests: requests.active,
      queries: queries.active,
      sockets,
      listeners,
      unaccounted: unaccounted(node),
    }
    for (const [what, count] of Object.entries(left)) if (count !== 0) this.#problem(`${count} ${what} left behind`)
  }

  #call(subject: Subject, call: Call): void {
    const random = this.#random
    const { clock } = this.#sim
    const takesLimits = !UNLIMITED.has(call)
    const deadlineMs = takesLimits && random.below(LIMITED.deadline) === 0 ? random.below(LONGEST_LIMIT_MS) : undefined
    const signal = takesLimits && random.below(LIMITED.signal) === 0 ? new CountingSignal() : undefined
    const abortMs = random.below(LONGEST_LIMIT_MS)
    if (signal !== undefined) {
      subject.signals.push(signal)
      clock.after(abortMs, () => signal.abort())
    }
    const startedAt = clock.now()
    const limitMs = Math.min(deadlineMs ?? Infinity, signal === undefined ? Infinity : abortMs, LONGEST_MS)
    const text = `${call} no. ${this.#made++}, deadline ${deadlineMs ?? '-'}, abort ${signal === undefined ? '-' : abortMs}`
    subject.open.add(text)
    const kind = this.result.byCall[call]
    kind.calls++
    const settle = (outcome: string): void => {
      const tookMs = clock.now() - startedAt
      if (!subject.open.delete(text)) this.#problem(`settled twice: ${text}`)
      if (tookMs > limitMs + 1) this.#problem(`${tookMs} ms: ${text}`)
      if (outcome !== 'ok' && !EXPECTED.has(outcome)) this.#problem(`${outcome}: ${text}`)
      kind.outcomes[outcome] = (kind.outcomes[outcome] ?? 0) + 1
      kind.slowestMs = Math.max(kind.slowestMs, tookMs)
    }
    const options = { ...(deadlineMs === undefined ? {} : { deadlineMs }), ...(signal === undefined ? {} : { signal }) }
    try {
      this.#start(subject, call, options).then(
        () => settle('ok'),
        (error: unknown) => settle(nameOf(error)),
      )
    } catch (error) {
      settle(nameOf(error))
    }
  }

  #start(
    { node, session }: Subject,
    call: Call,
    options: { deadlineMs?: number; signal?: CountingSignal },
  ): Promise<unknown> {
    const random = this.#random
    const target = random.bytes(32)
    const to = this.#sim.addressOf(random.pick(this.#others))
    const message = { command: random.below(3), target, value: target }
    switch (call) {
      case 'request':
        return node.request(message, to, options)
      case 'ping':
        return node.ping(to, options)
      case 'delayedPing':
        return node.delayedPing(to, random.below(4000), options)
      case 'query':
        return node.query(message, options).finished()
      case 'query, commit':
        return node.query(message, { ...options, commit: true }).finished()
      case 'findNode':
        return node.findNode(target, options).finished()
      case 'findNode, 4 paths':
        return node.findNode(target, { ...options, disjointPaths: 4 }).finished()
      case 'session.request':
        return this.#mayEnd(session, session.request(message, to, options))
      case 'session.ping':
        return this.#mayEnd(session, session.ping(to, options))
      case 'session.findNode':
        return this.#mayEnd(session, session.findNode(target, options).finished())
      case 'refresh':
        return node.refresh(options)
      case 'bind':
        return node.bind(options)
      case 'fullyBootstrapped':
        return node.fullyBootstrapped(options)
      case 'rttStats':
        return node.rttStats(options)
      case 'suspend':
        return node.suspend(options)
      case 'resume':
        return node.resume(options)
      case 'destroy':
      default:
        return node.destroy()
    }
  }

  /** Every third one is given up together with all of its session. */
  #mayEnd(session: Session, promise: Promise<unknown>): Promise<unknown> {
    if (this.#random.below(3) === 0) this.#sim.clock.after(this.#random.below(500), () => session.destroy())
    return promise
  }

  #problem(text: string): void {
    const { seed, dead, loss } = this.#job
    this.result.problems.push(`${text} (seed ${seed}, ${dead} dead, ${loss} lost)`)
  }
}

/** Calls that are not given up: they are short. */
const UNLIMITED: ReadonlySet<Call> = new Set<Call>(['destroy'])

interface Subject {
  node: DHT
  session: Session
  signals: CountingSignal[]
  /** Calls that have not settled. */
  open: Set<string>
}

/** A signal that knows who still listens to it. */
class CountingSignal implements AbortSignalLike {
  aborted = false
  reason: unknown = undefined
  readonly #listeners = new Set<() => void>()

  get listeners(): number {
    return this.#listeners.size
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }

  abort(): void {
    this.aborted = true
    this.reason = Object.assign(new Error('given up'), { name: 'AbortError' })
    for (const listener of Array.from(this.#listeners)) listener()
  }
}

function countSockets({ transport }: SimulatedHost, sockets: { open: number }): Transport {
  const bind = async (port: number, host: string, onDatagram: OnDatagram): Promise<DatagramSocket> => {
    const socket = await transport.bind(port, host, onDatagram)
    sockets.open++
    const close = socket.close.bind(socket)
    let closed = false
    socket.close = () => {
      if (!closed) sockets.open--
      closed = true
      return close()
    }
    return socket
  }
  return Object.assign(Object.create(transport) as Transport, { bind })
}

/** Datagrams received that are neither handled nor dropped for a reason. */
function unaccounted({ stats }: DHT): number {
  const { received, requests, responses, dropped } = stats.datagrams
  return received - requests - responses - Object.values(dropped).reduce((sum, count) => sum + count, 0)
}

function nameOf(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string }
  return name === 'AbortError' ? name : (code ?? String(error))
}
