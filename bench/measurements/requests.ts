/**
 * One server, one client, a process each: requests per second, and CPU time of either side per request.
 *
 * Custom requests carry a target and a 32-byte value, and are answered with a value, a token and 20 closer nodes.
 * FIND_NODE has no call of its own in the API, so a bare socket sends it and only the server's side is measured.
 *
 * A bare udx echo of the same datagram sizes takes its turn with the two: what a node costs beside it.
 *
 * How fast two processes take turns depends on which processors the system puts them on, which changes from second
 * to second. So both implementations stand ready at the same time, and are loaded alternately in short slices.
 */
import type { LoadResult, NodeClient } from '../children/node-client.js'
import type { NodeServer } from '../children/node-server.js'
import type { EchoKind } from '../children/find-node.js'
import type { RawClient } from '../children/raw-client.js'
import type { RawServer } from '../children/raw-server.js'
import { type Both, inTurn, type Measurement, type Row, type Sample } from '../measurement.js'
import type { Plan } from '../plan.js'
import { type Child, startChild, withChildren } from '../process.js'
import type { SubjectName } from '../subject.js'
import { type Load, measureSlice, type Slice, summarizeSlices } from './load.js'

/** As many as a node keeps under way when several lookups run, and below the default window of 80. */
const MANY = 64

/** The processes of one implementation. */
interface Stage {
  server: Child<NodeServer>
  client: Child<NodeClient>
  raw: Child<RawClient>
}

/** What no node can beat: bare sockets, and prepared bytes. */
interface Echo {
  server: Child<RawServer>
  client: Child<RawClient>
}

/** What is measured, in turn. */
interface Stages {
  nodes: Both<Stage>
  echo: Echo
}

/** Server CPU of one load, on both sides and for the echo, in µs. */
interface Loads {
  nodes: Both<Load>
  echo: Load | null
}

/** Most that a request may cost the server, in bare echoes. */
const MOST_ECHOES = 1.2

/** Loads one implementation's server for a time. */
type LoadStage = (stage: Stage, ms: number) => Promise<LoadResult>

export const requests: Measurement = {
  name: 'requests',

  rows: () => [
    { id: 'rps-1', label: 'custom requests, 1 outstanding', unit: '1/s', better: 'higher' },
    { id: 'rps-many', label: `custom requests, ${MANY} outstanding`, unit: '1/s', better: 'higher', target: 1.2 },
    { id: 'custom-server', label: 'custom request, server CPU', unit: 'µs', better: 'lower', target: 0.8 },
    { id: 'custom-client', label: 'custom request, client CPU', unit: 'µs', better: 'lower', target: 0.8 },
    { id: 'ping-server', label: 'ping, server CPU', unit: 'µs', better: 'lower' },
    { id: 'ping-client', label: 'ping, client CPU', unit: 'µs', better: 'lower' },
    { id: 'find-node-server', label: 'find-node, server CPU', unit: 'µs', better: 'lower', target: 0.8 },
    echoRow('custom', 'custom request'),
    echoRow('find-node', 'find-node'),
  ],

  measure(subjects, plan) {
    const nodes: Both<Stage> = [startStage(), startStage()]
    const echo: Echo = { server: startChild<RawServer>('raw-server'), client: startChild<RawClient>('raw-client') }
    const children = nodes.flatMap(({ server, client, raw }) => [server, client, raw])
    return withChildren([...children, echo.server, echo.client], async () => {
      for (const [side, stage] of nodes.entries()) await openStage(stage, subjects[side]!)
      await echo.client.call('open', await echo.server.call('open'))
      return loadAll({ nodes, echo }, plan)
    })
  },
}

function echoRow(kind: EchoKind, label: string): Row {
  return {
    id: `${kind}-echoes`,
    label: `${label}, server CPU in bare echoes`,
    unit: '×',
    better: 'lower',
    most: MOST_ECHOES,
  }
}

function startStage(): Stage {
  return {
    server: startChild<NodeServer>('node-server'),
    client: startChild<NodeClient>('node-client'),
    raw: startChild<RawClient>('raw-client'),
  }
}

async function openStage({ server, client, raw }: Stage, subject: SubjectName): Promise<void> {
  const address = await server.call('open', subject)
  await client.call('open', subject, address)
  await raw.call('open', address)
}

async function loadAll(stages: Stages, plan: Plan): Promise<Both<Sample>> {
  const many = await measureLoad(stages, plan, ({ client }, ms) => client.call('load', 'custom', MANY, ms))
  const one = await measureLoad(stages, plan, ({ client }, ms) => client.call('load', 'custom', 1, ms))
  const ping = await measureLoad(stages, plan, ({ client }, ms) => client.call('load', 'ping', MANY, ms))
  const custom = await measureBesideEcho(stages, plan, 'custom')
  const findNode = await measureBesideEcho(stages, plan, 'find-node')
  const sampleOf = (side: 0 | 1): Sample => ({
    'rps-1': one.nodes[side].perSecond,
    'rps-many': many.nodes[side].perSecond,
    'custom-server': many.nodes[side].serverMicros,
    'custom-client': many.nodes[side].clientMicros,
    'ping-server': ping.nodes[side].serverMicros,
    'ping-client': ping.nodes[side].clientMicros,
    'find-node-server': findNode.nodes[side].serverMicros,
    'custom-echoes': custom.nodes[side].serverMicros / custom.echo!.serverMicros,
    'find-node-echoes': findNode.nodes[side].serverMicros / findNode.echo!.serverMicros,
  })
  return [sampleOf(0), sampleOf(1)]
}

/** The same bare sockets load the nodes and the echo: what a server reads at a time depends on who sends. */
function measureBesideEcho(stages: Stages, plan: Plan, kind: EchoKind): Promise<Loads> {
  return measureLoad(stages, plan, ({ raw }, ms) => raw.call('load', MANY, ms, kind), kind)
}

/** Warms all up, then loads them alternately. @param kind of the echo; without it there is none */
async function measureLoad({ nodes, echo }: Stages, plan: Plan, load: LoadStage, kind?: EchoKind): Promise<Loads> {
  const loadEcho = (ms: number): Promise<LoadResult> => echo.client.call('load', MANY, ms, kind)
  await inTurn(1, (side) => load(nodes[side], plan.warmUpMs))
  if (kind !== undefined) await loadEcho(plan.warmUpMs)
  const slices: Both<Slice[]> = [[], []]
  const ofEcho: Slice[] = []
  for (let turn = 1; turn <= plan.slices; turn++) {
    await inTurn(turn, async (side) => {
      const stage = nodes[side]
      slices[side].push(await measureSlice(stage.server, () => load(stage, plan.sliceMs)))
    })
    if (kind !== undefined) ofEcho.push(await measureSlice(echo.server, () => loadEcho(plan.sliceMs)))
  }
  return {
    nodes: [summarizeSlices(slices[0]), summarizeSlices(slices[1])],
    echo: kind === undefined ? null : summarizeSlices(ofEcho),
  }
}
