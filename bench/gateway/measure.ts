/**
 * What is measured of the gateway: rates and round trips against plain UDP, what is delivered to a client that stands
 * still, and lookups. The ways take turns within each round, and who begins changes from round to round.
 */
import { cpus } from 'node:os'
import type { GatewayCounts } from '../children/gateway-host.js'
import type { Network } from '../children/network.js'
import type { Sample } from '../measurement.js'
import { startChild, withChildren } from '../process.js'
import { type Summary, summarize } from '../table.js'
import type { Ages } from './datagrams.js'
import type { GatewayPlan } from './plan.js'
import { STREAM_PER_SECOND } from './request.js'
import { LOOKUP_WAYS, lookupsBy, type LookupWay, type Stage, type Way, WAYS, withStage } from './stage.js'

/** Figures by row. */
export type Figures = Record<string, Summary>

export interface GatewayResult {
  machine: string
  rates?: Record<Way, Figures>
  /** By name of {@link BLOCKED}. */
  blocked?: Record<string, Figures>
  lookups?: { nodes: number; ways: Record<LookupWay, Figures> }
}

/** Windows: the default, and one that is as good as none. */
const WINDOW_BYTES = 64 * 1024
const NO_WINDOW_BYTES = 16 * 1024 * 1024

/** Clients that stand still. */
export const BLOCKED = [
  { name: 'page', way: 'page', windowBytes: WINDOW_BYTES },
  { name: 'program', way: 'program', windowBytes: WINDOW_BYTES },
  { name: 'page-without', way: 'page', windowBytes: NO_WINDOW_BYTES },
] as const

/** @param onPart called with each part as soon as it is there */
export async function measureGateway(plan: GatewayPlan, onPart: (result: GatewayResult) => Promise<void>) {
  const machine = machineOf(plan)
  if (plan.parts.includes('rates')) {
    const samples = await inRounds(plan, WAYS, (way) => withStage(way, (stage) => measureRates(stage, plan)))
    await onPart({ machine, rates: summarizeAll(samples) })
  }
  if (plan.parts.includes('blocked')) {
    const samples = await inRounds(
      plan,
      BLOCKED.map(({ name }) => name),
      (name) => {
        const { way, windowBytes } = BLOCKED.find((each) => each.name === name)!
        return withStage(way, (stage) => measureBlocked(stage, plan), windowBytes)
      },
    )
    await onPart({ machine, blocked: summarizeAll(samples) })
  }
  if (plan.parts.includes('lookups')) {
    const ways = summarizeAll(await measureLookups(plan))
    await onPart({ machine, lookups: { nodes: plan.nodes, ways } })
  }
}

async function measureRates(
  { call, webSocketRoundTrip, gateway }: Stage,
  { pings, rateMs }: GatewayPlan,
): Promise<Sample> {
  const { medianMs, p99Ms } = await call('roundTrips', pings)
  const sample: Sample = { medianMs, p99Ms }
  if (gateway !== null) sample['webSocketMs'] = await webSocketRoundTrip(await gateway.call('openEcho'), pings)
  for (const name of ['receiveRate', 'sendRate', 'echoRate'] as const) {
    const before = await gateway?.call('counts')
    sample[name] = await call(name, rateMs)
    const after = await gateway?.call('counts')
    if (before && after) Object.assign(sample, costsOf(name, before, after))
  }
  return sample
}

function costsOf(name: string, before: GatewayCounts, after: GatewayCounts): Sample {
  const [outgoing, incoming] = [after.outgoing - before.outgoing, after.incoming - before.incoming]
  const cpuMicros = (after.cpuMicros - before.cpuMicros) / Math.max(outgoing, incoming)
  if (name !== 'receiveRate') return { [`${name}Micros`]: cpuMicros }
  return { [`${name}Micros`]: cpuMicros, perMessage: incoming / (after.messages - before.messages) }
}

async function measureBlocked({ call, peer }: Stage, { aroundMs, stillMs }: GatewayPlan): Promise<Sample> {
  const ages: Ages = await call('standStill', aroundMs, stillMs)
  const sent = await peer.call('streamed')
  const due = ((2 * aroundMs + stillMs) * STREAM_PER_SECOND) / 1000
  if (sent < 0.9 * due) throw new Error(`the peer sent ${sent} of ${due} datagrams: the machine is too busy`)
  const { delivered, ...times } = ages
  return { ...times, delivered: (100 * delivered) / sent }
}

async function measureLookups(plan: GatewayPlan): Promise<Record<LookupWay, Sample[]>> {
  const network = startChild<Network>('network')
  return withChildren([network], async () => {
    await network.call('open', 'xorpc')
    await network.call('join', plan.nodes)
    const bootstrap = await network.call('bootstrap')
    return inRounds(plan, LOOKUP_WAYS, async (way) => ({ ...(await lookupsBy(way, bootstrap, plan.lookups)) }))
  })
}

/** Samples by name. Each round begins with another one. */
async function inRounds<Name extends string>(
  { rounds }: GatewayPlan,
  names: readonly Name[],
  measure: (name: Name) => Promise<Sample>,
): Promise<Record<Name, Sample[]>> {
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Sample[]>
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length]!
      process.stderr.write(`round ${round + 1}/${rounds} ${name} … `)
      const sample = await measure(name)
      samples[name].push(sample)
      const text = Object.entries(sample).map(([key, value]) => `${key} ${Number(value.toPrecision(4))}`)
      process.stderr.write(`${text.join(', ')}\n`)
    }
  }
  return samples
}

function summarizeAll<Name extends string>(samples: Record<Name, Sample[]>): Record<Name, Figures> {
  const all = Object.entries<Sample[]>(samples).map(([name, rounds]) => {
    const keys = Object.keys(rounds[0]!)
    return [name, Object.fromEntries(keys.map((key) => [key, summarize(rounds.map((sample) => sample[key]!))]))]
  })
  return Object.fromEntries(all) as Record<Name, Figures>
}

function machineOf({ rounds }: GatewayPlan): string {
  const cores = cpus()
  const processor = `${cores.length} × ${cores[0]?.model ?? 'unknown CPU'}`
  return `Node.js ${process.version} on ${process.platform}, ${processor}, rounds: ${rounds}`
}
