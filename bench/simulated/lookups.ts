/**
 * Joins, lookups and commits in one network, before and after a share of its nodes has died without notice. With
 * guests, nodes of ours are in a network of dht-rpc nodes, and do everything in turn with them.
 */
import type { SubjectName } from '../subject.js'
import type { Member } from './dht-rpc.js'
import { type Asking, LOOKUP_INTERVAL_MS, runLookups } from './lookup-series.js'
import { openStage, residentsOf, type Stage } from './stage.js'
import type { LookupSample } from './timed-lookup.js'

export interface LookupsJob {
  /** Implementation of the network's nodes. */
  network: SubjectName
  /** Also measure xorpc in it. */
  guests: boolean
  seed: number
  nodes: number
  /** Share of the nodes that dies, 0 to 1. */
  dead: number
  /** Joins of persistent nodes, and as many of ephemeral ones. */
  joins: number
  lookups: number
  commits: number
}

/** Until `fullyBootstrapped()` resolved, in virtual ms, and what the new node sent until then. */
export interface JoinSample {
  ms: number
  requests: number
}

/** What one implementation did in a network. */
export interface ClientResult {
  client: SubjectName
  persistentJoins: JoinSample[]
  ephemeralJoins: JoinSample[]
  /** From members of the network. */
  memberLookups: LookupSample[]
  /** From ephemeral nodes that have just joined. */
  clientLookups: LookupSample[]
  /** From `query(…, { commit: true })` to its end, in virtual ms. */
  commitMs: number[]
}

/** What is measured, and those who can ask. */
interface Group {
  result: ClientResult
  members: Member[]
  clients: Member[]
}

/** Of application commands any will do; below 253 it takes one byte. */
const COMMIT_COMMAND = 100

/** Measures one network. */
export async function measureLookups(job: LookupsJob): Promise<ClientResult[]> {
  const stage = await openStage({ kind: job.network, nodes: job.nodes, seed: job.seed })
  const kinds: SubjectName[] = job.guests ? [job.network, 'xorpc'] : [job.network]
  const groups = kinds.map(createGroup)
  for (let i = 0; i < job.joins; i++) for (const group of groups) await joinOne(stage, group, { ephemeral: false })
  for (let i = 0; i < job.joins; i++) for (const group of groups) await joinOne(stage, group, { ephemeral: true })
  await killShare(stage, job)
  for (const group of groups) {
    // Guests are few; who is at home may be anybody.
    if (group.result.client === job.network) group.members = residentsOf(stage.network, job.network)
  }
  await runLookups(
    stage,
    groups.map((group) => askingOf(stage, group)),
    job.lookups,
  )
  await commit(stage, groups, job.commits)
  await stage.network.close()
  return groups.map(({ result }) => result)
}

function createGroup(client: SubjectName): Group {
  const result: ClientResult = {
    client,
    persistentJoins: [],
    ephemeralJoins: [],
    memberLookups: [],
    clientLookups: [],
    commitMs: [],
  }
  return { result, members: [], clients: [] }
}

async function joinOne(
  { sim, network, counter }: Stage,
  { result, members, clients }: Group,
  { ephemeral }: { ephemeral: boolean },
): Promise<void> {
  const host = sim.createHost()
  const count = counter.watch(host.address)
  const startMs = sim.clock.now()
  const member = await network.add({ kind: result.client, ephemeral, host })
  const sample = { ms: sim.clock.now() - startMs, requests: count.requests }
  count.stop()
  if (ephemeral) {
    result.ephemeralJoins.push(sample)
    clients.push(member)
  } else {
    result.persistentJoins.push(sample)
    members.push(member)
  }
}

/** Ends a share of the network's own nodes at once, without notice. The bootstrapper stays. */
async function killShare(stage: Stage, { network: kind, dead }: LookupsJob): Promise<void> {
  const mortal = residentsOf(stage.network, kind).filter((member) => member !== stage.bootstrapper)
  const doomed = stage.random.sample(mortal, Math.round(dead * mortal.length))
  if (doomed.length > 0) await stage.network.kill(doomed)
}

function askingOf({ random }: Stage, { result, members, clients }: Group): Asking {
  return {
    pick: (turn) => random.pick(isMembersTurn(turn) ? members : clients),
    take: (sample, turn) => (isMembersTurn(turn) ? result.memberLookups : result.clientLookups).push(sample),
  }
}

function isMembersTurn(turn: number): boolean {
  return turn % 2 === 0
}

/** Lookups after which those that were found are told to keep a value. They answer at once. */
async function commit({ sim, network, random }: Stage, groups: Group[], commits: number): Promise<void> {
  for (const { node } of network.members) node.on('request', (request) => request.reply(null))
  const pending: Promise<void>[] = []
  for (let i = 0; i < commits; i++) {
    const target = random.bytes(32)
    for (const { result, members, clients } of groups) {
      const asker = random.pick(isMembersTurn(i) ? members : clients)
      const startMs = sim.clock.now()
      const query = asker.node.query({ target, command: COMMIT_COMMAND, value: target }, { commit: true })
      pending.push(query.finished().then(() => void result.commitMs.push(sim.clock.now() - startMs)))
      await network.advance(LOOKUP_INTERVAL_MS / groups.length)
    }
  }
  await network.run(Promise.all(pending))
}
