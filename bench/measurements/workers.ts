/**
 * Whether several workers behind one UDP port would serve more requests than one: what sharing a port gives and costs,
 * what two servers that share nothing give, and what it costs to hand a request to another thread.
 *
 * The load comes from processes of its own, one or two, and from many sockets, since SO_REUSEPORT binds each sender to
 * one worker. It asks FIND_NODE: bare sockets answer with prepared bytes of the same length.
 */
import type { HandOver } from '../children/hand-over.js'
import type { LoadResult } from '../children/node-client.js'
import type { NodeServer } from '../children/node-server.js'
import type { RawClient } from '../children/raw-client.js'
import type { RawServer } from '../children/raw-server.js'
import type { SharedPort, Sharing } from '../children/shared-port.js'
import type { Row, Sample } from '../measurement.js'
import type { Address } from '../../lib/primitives/address.js'
import type { Plan } from '../plan.js'
import { type Child, startChild, withChildren } from '../process.js'
import { measureSlice, type Slice, summarizeSlices } from './load.js'

/** Requests under way, over all processes that make load: as many as in the other measurements. */
const OUTSTANDING = 64
const SOCKETS = 32

/** Requests in one message to another thread: about what lies in a socket when a busy worker reads it. */
const BATCH = 16

/** A server process: how it is started, and how it says what it has used. */
interface Server {
  child: Child<never>
  open(): Promise<Address>
  call(name: 'cpuMicros'): Promise<number>
  /** Requests answered by each of its workers; null where there is one. */
  answered(): Promise<number[]> | null
}

/** One way to serve. With two servers, each has a port of its own, and one of the processes that make load. */
interface Setup {
  id: string
  label: string
  /** Processes that make load. With one, it and one server have a core each of a machine of two. */
  loaders: 1 | 2
  start(): Server[]
}

/** A setup whose processes run. */
interface Stage extends Setup {
  servers: Server[]
  loads: Child<RawClient>[]
  slices: Slice[]
}

const SETUPS: Setup[] = [
  { id: 'udx', label: 'udx echo, 1 process', loaders: 1, start: () => [rawServer()] },
  { id: 'udx-both', label: 'udx echo, 1 process, 2 loads', loaders: 2, start: () => [rawServer()] },
  {
    id: 'udx-two',
    label: 'udx echo, 2 processes, 2 ports, 2 loads',
    loaders: 2,
    start: () => [rawServer(), rawServer()],
  },
  { id: 'cluster-1', label: 'dgram echo, cluster of 1', loaders: 1, start: () => [sharedPort('cluster', 1)] },
  { id: 'cluster-2', label: 'dgram echo, cluster of 2, 2 loads', loaders: 2, start: () => [sharedPort('cluster', 2)] },
  ...(hasReusePort() ? threadSetups() : []),
  { id: 'udx-reuse', label: 'udx echo, reuseAddress, 2 loads', loaders: 2, start: () => [sharedPort('udx', 2)] },
  { id: 'node', label: 'xorpc find-node, 1 node', loaders: 1, start: () => [nodeServer()] },
  { id: 'node-both', label: 'xorpc find-node, 1 node, 2 loads', loaders: 2, start: () => [nodeServer()] },
  {
    id: 'node-two',
    label: 'xorpc find-node, 2 nodes, 2 ports, 2 loads',
    loaders: 2,
    start: () => [nodeServer(), nodeServer()],
  },
]

/** Setups with one port and two workers, for which the share of each is shown. */
const SHARED: [id: string, label: string][] = [
  ['cluster-2', 'node:cluster'],
  ...(hasReusePort() ? ([['threads-2', 'SO_REUSEPORT']] satisfies [string, string][]) : []),
  ['udx-reuse', 'udx reuseAddress'],
]

/** What two workers give over one, whichever number of loads suits that one better. */
const GAINS: [two: string, one: string[], label: string][] = [
  ['udx-two', ['udx', 'udx-both'], '2 udx processes that share nothing, to 1'],
  ['cluster-2', ['udx', 'udx-both'], 'cluster of 2, to 1 udx process'],
  ...(hasReusePort()
    ? ([['threads-2', ['udx', 'udx-both'], '2 threads with SO_REUSEPORT, to 1 udx process']] satisfies typeof GAINS)
    : []),
  ['node-two', ['node', 'node-both'], '2 nodes that share nothing, to 1'],
]

export const workersRows: Row[] = [
  ...GAINS.map(([id, , label]): Row => ({ id: `${id}-gain`, label: `gain: ${label}`, unit: '', better: 'higher' })),
  ...GAINS.map(([id, , label]): Row => ({
    id: `${id}-cpu-gain`,
    label: `gain by CPU: ${label}`,
    unit: '',
    better: 'higher',
  })),
  ...SETUPS.map(({ id, label }): Row => ({ id: `${id}-rps`, label, unit: '1/s', better: 'higher' })),
  ...SETUPS.map(({ id, label }): Row => ({
    id: `${id}-cpu`,
    label: `${label}: server CPU`,
    unit: 'µs',
    better: 'lower',
  })),
  ...SETUPS.map(({ id, label }): Row => ({
    id: `${id}-load`,
    label: `${label}: CPU of the load`,
    unit: 'µs',
    better: 'lower',
  })),
  ...SHARED.map(([id, label]): Row => ({
    id: `${id}-share`,
    label: `busier of 2 workers, ${label}`,
    unit: '%',
    better: 'lower',
  })),
  { id: 'hand-over-1', label: 'to another thread and back, CPU', unit: 'µs', better: 'lower' },
  { id: `hand-over-${BATCH}`, label: `the same, ${BATCH} in a message`, unit: 'µs', better: 'lower' },
]

/**
 * Measures once. All setups stand ready, and are loaded in turn in short slices: what is compared is measured within
 * a few seconds.
 */
export async function measureWorkers(plan: Plan): Promise<Sample> {
  const stages = SETUPS.map(startStage)
  const children = stages.flatMap(({ servers, loads }) => [...servers.map(({ child }) => child), ...loads])
  return withChildren(children, async () => {
    for (const stage of stages) await openStage(stage, plan)
    for (let turn = 0; turn < plan.slices; turn++) {
      // Each turn begins with another one.
      for (let i = 0; i < stages.length; i++) await addSlice(stages[(i + turn) % stages.length]!, plan)
    }
    const sample = await summarizeStages(stages)
    await measureHandOver(plan, sample)
    return sample
  })
}

/** Node.js 22.12 and 23.1 have the option `reusePort`; before, it is ignored. */
function hasReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isOld = major < 22 || (major === 22 && minor < 12) || (major === 23 && minor < 1)
  return process.platform === 'linux' && !isOld
}

function threadSetups(): Setup[] {
  const label = 'dgram echo, SO_REUSEPORT'
  return [
    { id: 'threads-1', label: `${label}, 1 thread`, loaders: 1, start: () => [sharedPort('threads', 1)] },
    { id: 'threads-2', label: `${label}, 2 threads, 2 loads`, loaders: 2, start: () => [sharedPort('threads', 2)] },
  ]
}

function rawServer(): Server {
  const child = startChild<RawServer>('raw-server')
  return { child, open: () => child.call('open'), call: (name) => child.call(name), answered: () => null }
}

function nodeServer(): Server {
  const child = startChild<NodeServer>('node-server')
  return { child, open: () => child.call('open', 'xorpc'), call: (name) => child.call(name), answered: () => null }
}

function sharedPort(sharing: Sharing, workers: number): Server {
  const child = startChild<SharedPort>('shared-port')
  return {
    child,
    open: () => child.call('open', sharing, workers),
    call: (name) => child.call(name),
    answered: () => child.call('answered'),
  }
}

function startStage(setup: Setup): Stage {
  const loads = Array.from({ length: setup.loaders }, () => startChild<RawClient>('raw-client'))
  return { ...setup, servers: setup.start(), loads, slices: [] }
}

async function openStage(stage: Stage, plan: Plan): Promise<void> {
  const addresses: Address[] = []
  for (const server of stage.servers) addresses.push(await server.open())
  for (const [i, load] of stage.loads.entries()) await load.call('open', addresses[i % addresses.length]!, SOCKETS)
  await loadAll(stage, plan.warmUpMs)
}

async function addSlice(stage: Stage, plan: Plan): Promise<void> {
  const servers = {
    call: async (name: 'cpuMicros') => {
      const each = await Promise.all(stage.servers.map((server) => server.call(name)))
      return each.reduce((sum, micros) => sum + micros, 0)
    },
  }
  stage.slices.push(await measureSlice(servers, () => loadAll(stage, plan.sliceMs)))
}

async function loadAll({ loads }: Stage, ms: number): Promise<LoadResult> {
  const results = await Promise.all(loads.map((load) => load.call('load', OUTSTANDING / loads.length, ms)))
  const sum = (field: keyof LoadResult): number => results.reduce((total, result) => total + result[field], 0)
  return {
    requests: sum('requests'),
    seconds: sum('seconds') / results.length,
    clientCpuMicros: sum('clientCpuMicros'),
  }
}

async function summarizeStages(stages: Stage[]): Promise<Sample> {
  const sample: Sample = {}
  for (const { id, slices, servers } of stages) {
    const { perSecond, serverMicros, clientMicros } = summarizeSlices(slices)
    sample[`${id}-rps`] = perSecond
    sample[`${id}-cpu`] = serverMicros
    sample[`${id}-load`] = clientMicros
    const answered = await servers[0]!.answered()
    if (answered !== null) sample[`${id}-share`] = (100 * Math.max(...answered)) / answered.reduce((a, b) => a + b)
  }
  for (const [two, one] of GAINS) {
    sample[`${two}-gain`] = sample[`${two}-rps`]! / Math.max(...one.map((id) => sample[`${id}-rps`]!))
    // Where the processors are busy all the time, so much fits into them; it is the same on a machine others use too.
    const costOf = (id: string): number => sample[`${id}-cpu`]! + sample[`${id}-load`]!
    sample[`${two}-cpu-gain`] = Math.min(...one.map(costOf)) / costOf(two)
  }
  return sample
}

async function measureHandOver(plan: Plan, sample: Sample): Promise<void> {
  const child = startChild<HandOver>('hand-over')
  await withChildren([child], async () => {
    await child.call('open')
    for (const batch of [1, BATCH]) {
      const messages = OUTSTANDING / batch
      await child.call('load', messages, batch, plan.warmUpMs)
      const { micros } = await child.call('load', messages, batch, plan.slices * plan.sliceMs)
      sample[`hand-over-${batch}`] = micros
    }
  })
}
