/**
 * The network that lookups are measured in: persistent nodes of one implementation on a plane with a median round trip
 * of 130 ms, 10 % jitter and 1 % loss, a minute after the last has joined.
 */
import { type SeededRandom, seededRandom } from '../../lib/simulation/seeded-random.js'
import { Simulation } from '../../lib/simulation/simulation.js'
import type { SubjectName } from '../subject.js'
import { type Member, MixedNetwork, type MixedNetworkOptions } from './dht-rpc.js'
import { createProgress } from './progress.js'
import { RequestCounter } from './request-counter.js'

/** Share of datagrams lost on each way: what the Internet shows on a middling day. */
const LOSS = 0.01

/** Joins and first checks are over after it: a young network, whose tables are as joining has made them. */
const SETTLE_MS = 60_000

/**
 * Nodes that join at the same time: a twentieth of those there are. Networks grow slowly, and tables filled in a rush
 * would be poorer.
 */
const LEAST_WAVE = 10
const WAVE_SHARE = 0.05

/** Stream of the seed for targets, askers and who dies. Beyond those of the simulation and of its nodes. */
const CHOICE_STREAM = 2 ** 21

export interface StageOptions {
  /** Implementation of the nodes. */
  kind: SubjectName
  /** Persistent nodes, the bootstrapper among them. */
  nodes: number
  seed: number
  /** Share of datagrams lost on each way. Default 0.01. */
  loss?: number
  /** What the nodes are of. Default: the bare implementations. */
  load?: MixedNetworkOptions['load']
}

/** A network that stands ready, and what is needed to measure in it. */
export interface Stage {
  readonly sim: Simulation
  readonly network: MixedNetwork
  readonly counter: RequestCounter
  /** For targets, askers and who dies: the same for both implementations. */
  readonly random: SeededRandom
  readonly bootstrapper: Member
  /** Says on stderr how far it is, now and then. */
  readonly progress: (text: string) => void
}

/** Grows a network. */
export async function openStage({ kind, nodes, seed, loss = LOSS, load }: StageOptions): Promise<Stage> {
  const sim = new Simulation({ seed, network: { loss } })
  const progress = createProgress(`${kind}, ${nodes} nodes, seed ${seed}`)
  const network = await MixedNetwork.start(sim, {
    size: nodes,
    seed,
    kindOf: () => kind,
    ...(load && { load }),
    waveOf: (count) => Math.max(LEAST_WAVE, Math.floor(count * WAVE_SHARE)),
    onProgress: (joined) => progress(`${joined} joined`),
  })
  await network.advance(SETTLE_MS)
  const counter = new RequestCounter()
  sim.network.tap = counter.tap
  return {
    sim,
    network,
    counter,
    random: seededRandom(seed, CHOICE_STREAM),
    bootstrapper: network.members[0]!,
    progress,
  }
}

/** Living persistent nodes of one implementation. */
export function residentsOf({ members }: MixedNetwork, kind: SubjectName): Member[] {
  return members.filter((member) => member.kind === kind && !member.node.ephemeral)
}
