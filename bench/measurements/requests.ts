/**
 * One server, one client, a process each: requests per second, and CPU time of either side per request.
 *
 * Custom requests carry a target and a 32-byte value, and are answered with a value, a token and 20 closer nodes.
 * FIND_NODE has no call of its own in the API, so a bare socket sends it and only the server's side is measured.
 *
 * How fast two processes take turns depends on which processors the system puts them on, which changes from second
 * to second. So both implementations stand ready at the same time, and are loaded alternately in short slices.
 */
import type { LoadResult, NodeClient } from '../children/node-client.js'
import type { NodeServer } from '../children/node-server.js'
import type { RawClient } from '../children/raw-client.js'
import { type Both, inTurn, type Measurement, type Sample } from '../measurement.js'
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

/** Loads one implementation's server for a time. */
type LoadStage = (stage: Stage, ms: number) => Promise<LoadResult>

export const requests: Measurement = {
  name: 'requests',

  rows: () => [
    { id: 'rps-1', label: 'custom requests, 1 outstanding', unit: '1/s', better: 'higher' },
    { id: 'rps-many', label: `custom requests, ${MANY} outstanding`, unit: '1/s', better: 'higher' },
    { id: 'custom-server', label: 'custom request, server CPU', unit: 'µs', better: 'lower' },
    { id: 'custom-client', label: 'custom request, client CPU', unit: 'µs', better: 'lower' },
    { id: 'ping-server', label: 'ping, server CPU', unit: 'µs', better: 'lower' },
    { id: 'ping-client', label: 'ping, client CPU', unit: 'µs', better: 'lower' },
    { id: 'find-node-server', label: 'find-node, server CPU', unit: 'µs', better: 'lower' },
  ],

  measure(subjects, plan) {
    const stages: Both<Stage> = [startStage(), startStage()]
    return withChildren(
      stages.flatMap(({ server, client, raw }) => [server, client, raw]),
      async () => {
        for (const [side, stage] of stages.entries()) await openStage(stage, subjects[side]!)
        return loadAll(stages, plan)
      },
    )
  },
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

async function loadAll(stages: Both<Stage>, plan: Plan): Promise<Both<Sample>> {
  const many = await measureLoad(stages, plan, ({ client }, ms) => client.call('load', 'custom', MANY, ms))
  const one = await measureLoad(stages, plan, ({ client }, ms) => client.call('load', 'custom', 1, ms))
  const ping = await measureLoad(stages, plan, ({ client }, ms) => client.call('load', 'ping', MANY, ms))
  const findNode = await measureLoad(stages, plan, ({ raw }, ms) => raw.call('load', MANY, ms))
  const sampleOf = (side: 0 | 1): Sample => ({
    'rps-1': one[side].perSecond,
    'rps-many': many[side].perSecond,
    'custom-server': many[side].serverMicros,
    'custom-client': many[side].clientMicros,
    'ping-server': ping[side].serverMicros,
    'ping-client': ping[side].clientMicros,
    'find-node-server': findNode[side].serverMicros,
  })
  return [sampleOf(0), sampleOf(1)]
}

/** Warms both up, then loads them alternately. */
async function measureLoad(stages: Both<Stage>, plan: Plan, load: LoadStage): Promise<Both<Load>> {
  await inTurn(1, (side) => load(stages[side], plan.warmUpMs))
  const slices: Both<Slice[]> = [[], []]
  for (let turn = 1; turn <= plan.slices; turn++) {
    await inTurn(turn, async (side) => {
      const stage = stages[side]
      slices[side].push(await measureSlice(stage.server, () => load(stage, plan.sliceMs)))
    })
  }
  return [summarizeSlices(slices[0]), summarizeSlices(slices[1])]
}
